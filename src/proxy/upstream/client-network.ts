/**
 * What a client is counted by: its IPv4 address, or the /64 that an IPv6 address lies in, because one subscriber has at least
 * a /64 (RFC 6177) and can take another address of it for every connection.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address
  const gap = address.indexOf('::')
  const left = groupsOf(gap === -1 ? address : address.slice(0, gap))
  const right = groupsOf(gap === -1 ? '' : address.slice(gap + 2))
  while (left.length + right.length < 8) left.push('0')
  return `${[...left, ...right].slice(0, 4).join(':')}::/64`
}

/** The groups of a part of an address, without leading zeros and in lower case; an IPv4 tail stands for two. */
function groupsOf(part: string): string[] {
  if (part === '') return []
  return part
    .split(':')
    .flatMap(group => (group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)]))
}
