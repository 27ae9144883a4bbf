// One spelling for one address: what is trusted, counted or shared by an address must not depend on how a peer writes it.

/**
 * An address as policies and lists are written for it: IPv4 that is mapped into IPv6, in any of its spellings
 * (`::ffff:192.0.2.1`, `::FFFF:c000:201`), as IPv4, and without a zone. Anything else stays as it is.
 */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address
  const zone = address.indexOf('%')
  const plain = zone === -1 ? address : address.slice(0, zone)
  // A mapped address begins with a group of zeros, written or left out.
  const first = plain.charCodeAt(0)
  if (first !== 0x3a && first !== 0x30) return plain
  const groups = ipv6Groups(plain)
  if (groups.length !== 8 || groups[5] !== 0xffff || groups.slice(0, 5).some(group => group !== 0)) return plain
  const [high = 0, low = 0] = groups.slice(6)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** The eight groups of a valid IPv6 address without a zone. */
export function ipv6Groups(address: string): readonly number[] {
  const gap = address.indexOf('::')
  const left = groupsOf(gap === -1 ? address : address.slice(0, gap))
  const right = groupsOf(gap === -1 ? '' : address.slice(gap + 2))
  while (left.length + right.length < 8) left.push(0)
  return [...left, ...right]
}

/** The groups of a part of an address; an IPv4 tail stands for two. */
function groupsOf(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap(group => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
