import { isIPv6 } from 'node:net'

/**
 * Says whether `name` has the shape of a dotted IPv4 address: four groups of one to three digits. The value of a group is
 * not looked at: S3 refuses bucket names by this shape, and no DNS name ends in a group of digits.
 */
export function isIpv4Shaped(name: string): boolean {
  const length = name.length
  if (length < 7 || length > 15) return false
  let groups = 1
  let digits = 0
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) {
      if (++digits > 3) return false
    } else if (code === 0x2e && digits > 0) {
      groups++
      digits = 0
    } else return false
  }
  return groups === 4 && digits > 0
}

/** Says whether `name` is an IPv6 address in brackets, as a Host has it. A zone is refused: no Host has one. */
export function isBracketedIpv6(name: string): boolean {
  if (name.charCodeAt(0) !== 0x5b || name.charCodeAt(name.length - 1) !== 0x5d) return false
  return !name.includes('%') && isIPv6(name.slice(1, -1))
}
