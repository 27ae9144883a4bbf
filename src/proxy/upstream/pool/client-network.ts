import { ipv6Groups } from '../../../http/ip-address.ts'

/**
 * What a client is counted by: its IPv4 address, or the /64 that an IPv6 address lies in, because one subscriber has at least
 * a /64 (RFC 6177) and can take another address of it for every connection.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address
  const groups = ipv6Groups(address).slice(0, 4)
  return `${groups.map(group => group.toString(16)).join(':')}::/64`
}
