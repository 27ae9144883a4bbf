import { elementEnd } from './list-element.ts'
import { withoutWhitespace } from './whitespace.ts'

/**
 * Whether a field, its name in lower case, is about one connection alone and goes no further, in either direction:
 * https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and those that only a proxy is meant to read. Trailers are not passed on,
 * so their announcement is not.
 */
export function isConnectionSpecific(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'proxy-authenticate':
    case 'proxy-authorization':
    case 'te':
    case 'trailer':
    case 'transfer-encoding':
    case 'upgrade':
    case 'http2-settings':
      return true
    default:
      return false
  }
}

/** The options of a Connection field in lower case, https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1; undefined when it has more than `most` elements. */
export function connectionOptions(value: string, most = Number.MAX_SAFE_INTEGER): readonly string[] | undefined {
  const line = value.toLowerCase()
  const options: string[] = []
  for (let start = 0, elements = 1; start <= line.length; elements++) {
    if (elements > most) return undefined
    const end = elementEnd(line, start)
    const option = withoutWhitespace(line, start, end)
    if (option !== '') options.push(option)
    start = end + 1
  }
  return options
}
