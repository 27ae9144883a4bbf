import { parseCanonicalDecimal } from '../../http/decimal.ts'
import { isBracketedIpv6 } from '../../http/ip-literal.ts'

/** A DNS name has at most 255 bytes, a port at most five digits and its colon. */
const maxHostLength = 255 + 6

/**
 * Says whether `value` is what a Host field may hold: `uri-host [ ":" port ]`.
 *
 * Narrower than RFC 9110 (https://www.rfc-editor.org/rfc/rfc9110#section-7.2): no percent-encoding, no sub-delims, no empty
 * name, label or port, no leading zero in the port. No S3 endpoint has such a name, and servers disagree on what it means.
 */
export function isHostValue(value: string): boolean {
  if (value.length === 0 || value.length > maxHostLength) return false
  const colon = value.indexOf(':', value.lastIndexOf(']') + 1)
  const name = colon === -1 ? value : value.slice(0, colon)
  if (colon !== -1 && !isPort(value, colon + 1)) return false
  return name.charCodeAt(0) === 0x5b ? isBracketedIpv6(name) : isRegName(name)
}

/** Letters, digits, `-`, `_` in labels of at least one character; one dot may follow the last label. */
function isRegName(name: string): boolean {
  const length = name.length
  if (length === 0 || length > 255) return false
  let labelLength = 0
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i)
    if (code === 0x2e) {
      if (labelLength === 0) return false
      labelLength = 0
    } else if (isNameCharacter(code)) labelLength++
    else return false
  }
  return true
}

function isNameCharacter(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f
}

function isPort(value: string, start: number): boolean {
  const port = parseCanonicalDecimal(value, start)
  return port >= 1 && port <= 65535
}
