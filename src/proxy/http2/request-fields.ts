import { parseDecimal } from '../../http/decimal.ts'

/** A request of HTTP/2 as one of HTTP/1.1 would have said it. */
export interface RequestFields {
  readonly method: string
  readonly target: string
  /** Flat; Host is the authority, and Cookie is one line. */
  readonly lines: readonly string[]
  /** What Content-Length says; -1: it says nothing. */
  readonly contentLength: number
  /** Its client waits for a 100 before it sends its content: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1. */
  readonly expectsContinue: boolean
}

/** What a field block counts, https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2. */
export function blockBytes(block: readonly string[]): number {
  let bytes = block.length * (32 / 2)
  for (let i = 0; i < block.length; i++) bytes += (block[i] as string).length
  return bytes
}

/**
 * Reads the field block of a request, flat and as it came: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1. nghttp2 has refused
 * pseudo-fields that are missing, late, unknown or there twice, connection-specific fields, upper case, and a Content-Length that
 * the content contradicts. Undefined for what it lets pass and no request of this proxy may have: CONNECT, another scheme than
 * the connection's, a target that is no origin-form, an authority that Host contradicts; and for a block of more than `headerBytes`,
 * which Node bounds only once its client has acknowledged the settings.
 */
export function readRequestFields(
  block: readonly string[],
  hasContent: boolean,
  headerBytes: number,
): RequestFields | undefined {
  if (blockBytes(block) > headerBytes) return undefined
  let method = ''
  let scheme = ''
  let target = ''
  let authority: string | undefined
  let host: string | undefined
  let cookieAt = -1
  let contentLength = -1
  let expectsContinue = false
  const lines: string[] = ['Host', '']
  for (let i = 0; i < block.length; i += 2) {
    const name = block[i] as string
    const value = block[i + 1] as string
    // §8.2.1. Left to nghttp2, such a line is left out, and the request goes on without what it says.
    if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return undefined
    switch (name) {
      case ':method':
        method = value
        continue
      case ':scheme':
        scheme = value
        continue
      case ':path':
        target = value
        continue
      case ':authority':
        authority = value
        continue
      case 'host':
        if (host !== undefined) return undefined
        host = value
        continue
      case 'cookie':
        // §8.2.3: pieces are joined before they go into another context.
        if (cookieAt !== -1) {
          lines[cookieAt] = `${lines[cookieAt] as string}; ${value}`
          continue
        }
        cookieAt = lines.length + 1
        break
      case 'content-length':
        contentLength = parseDecimal(value)
        if (contentLength === -1 || (contentLength > 0 && !hasContent)) return undefined
        break
      case 'expect':
        expectsContinue = hasContent && value.toLowerCase() === '100-continue'
        break
      default:
        if (name.charCodeAt(0) === 0x3a) return undefined
    }
    lines.push(name, value)
  }
  if (method === 'CONNECT' || scheme !== 'https') return undefined
  if (target.charCodeAt(0) !== 0x2f && !(target === '*' && method === 'OPTIONS')) return undefined
  if (authority === undefined || authority === '') authority = host
  else if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return undefined
  if (authority === undefined) return undefined
  lines[1] = authority
  // The end of the stream frames content in HTTP/2; in HTTP/1.1 a field has to.
  if (contentLength === -1) {
    if (hasContent) lines.push('transfer-encoding', 'chunked')
    else if (method === 'PUT' || method === 'POST') lines.push('content-length', '0')
  }
  return { method, target, lines, contentLength, expectsContinue }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
