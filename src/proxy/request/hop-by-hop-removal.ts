// Which fields Connection nominates for removal, in either direction. Those that are always removed are in http/hop-by-hop-fields.ts.

import { type FieldLines, valueAt } from '../../http/field-line.ts'
import { connectionOptions } from '../../http/hop-by-hop-fields.ts'

// Envoy's bound too: no client sends more, and each one is searched for.
const maxConnectionOptions = 10

/**
 * The fields that the Connection of a request nominates, besides the options themselves; undefined when one of them must not
 * be removed. RFC 9110 §7.6.1 forbids a sender to nominate end-to-end fields; removing Origin would pass the policy by,
 * removing If-None-Match would turn a conditional write into an overwrite.
 */
export function nominatedByRequest(value: string): string[] | undefined {
  const nominated: string[] = []
  const options = connectionOptions(value, maxConnectionOptions)
  if (options === undefined) return undefined
  for (const option of options) {
    if (option === 'close' || option === 'keep-alive') continue
    if (mustReachEndpoint(option)) return undefined
    nominated.push(option)
  }
  return nominated
}

function mustReachEndpoint(name: string): boolean {
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
 * The fields that the Connection of a response nominates; what a client needs to frame, cache or trust the response stays, whatever
 * the endpoint says. Undefined when it nominates none, as with most endpoints.
 */
export function nominatedByResponse(fields: FieldLines): readonly string[] | undefined {
  const { names } = fields
  let nominated: string[] | undefined
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== 'connection') continue
    const value = valueAt(fields, i).toLowerCase()
    if (value === 'close' || value === 'keep-alive') continue
    nominated ??= []
    for (const option of connectionOptions(value) ?? []) if (!mustReachClient(option)) nominated.push(option)
  }
  return nominated
}

function mustReachClient(name: string): boolean {
  switch (name) {
    case 'content-length':
    case 'content-type':
    case 'content-range':
    case 'content-encoding':
    case 'etag':
    case 'last-modified':
    case 'cache-control':
    case 'vary':
    case 'date':
      return true
    default:
      return name.startsWith('access-control-') || name.startsWith('x-amz-')
  }
}
