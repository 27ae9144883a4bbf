import { connectionOptions } from '../../http/connection-fields.ts'
import { lowerCaseFieldName } from '../../http/field-name.ts'

// Envoy's bound too: no client sends more, and each one is searched for.
const maxConnectionOptions = 10

/**
 * The fields that Connection nominates for removal, besides the options themselves; undefined when one of them must not
 * be removed. RFC 9110 §7.6.1 forbids a sender to nominate end-to-end fields; removing Origin would pass the policy by,
 * removing If-None-Match would turn a conditional write into an overwrite.
 */
export function nominatedFields(value: string): string[] | undefined {
  const nominated: string[] = []
  const options = connectionOptions(value, maxConnectionOptions)
  if (options === undefined) return undefined
  for (const option of options) {
    if (option === 'close' || option === 'keep-alive') continue
    if (isProtected(option)) return undefined
    nominated.push(option)
  }
  return nominated
}

function isProtected(name: string): boolean {
  switch (name) {
    case 'host':
    case 'origin':
    case 'authorization':
    case 'cookie':
    case 'range':
    case 'expect':
    case 'date':
    case 'accept-encoding':
    case 'transfer-encoding':
    case 'forwarded':
    case 'x-real-ip':
      return true
    default:
      return (
        name.includes('_') ||
        name.startsWith('content-') ||
        name.startsWith('if-') ||
        name.startsWith('x-amz-') ||
        name.startsWith('x-forwarded-') ||
        name.startsWith('access-control-')
      )
  }
}

/**
 * The field lines without those of these names. Rare, so it walks the lines again instead of making every request carry a
 * second list.
 */
export function withoutFields(lines: string, nominated: readonly string[]): string {
  let kept = ''
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start) + 2
    const name = lowerCaseFieldName(lines.slice(start, lines.indexOf(':', start)))
    if (name !== undefined && !nominated.includes(name)) kept += lines.slice(start, end)
    start = end
  }
  return kept
}
