import type { BlockList } from 'node:net'
import { isIPv4, isIPv6 } from 'node:net'
import { plainAddress } from '../../http/ip-address.ts'
import { withoutWhitespace } from '../../http/whitespace.ts'

/** Who is believed about a client's address. `append` believes what peers in `trusted` say, and no other peer. */
export interface ForwardedForPolicy {
  readonly mode: 'replace' | 'append' | 'preserve'
  readonly trusted: BlockList
}

// A chain of real proxies has a few; a sender inside `trusted` that repeats them causes no more work than this.
const maxEntries = 32
/** `[` + 39 characters of IPv6 or 45 with an IPv4 tail + `]:65535`, and some whitespace. */
const maxEntryLength = 64

/**
 * The address of the client: the peer, or behind `trusted` peers that append to X-Forwarded-For the first address from the
 * right that is not trusted. Undefined when the peer has left. Whatever is counted or shared per client is by this.
 */
export function clientAddress(
  peerAddress: string | undefined,
  forwardedFields: readonly string[] | undefined,
  policy: ForwardedForPolicy,
): string | undefined {
  const chain = clientChain(peerAddress, forwardedFields, policy)
  return chain === undefined ? undefined : firstAddress(chain)
}

/** The client's address of a chain. */
export function firstAddress(chain: string): string {
  const comma = chain.indexOf(',')
  return comma === -1 ? chain : chain.slice(0, comma)
}

/** Whether a peer's word about its own client is taken. */
export function isBelieved(peerAddress: string | undefined, { mode, trusted }: ForwardedForPolicy): boolean {
  return mode === 'append' && peerAddress !== undefined && isTrusted(plainAddress(peerAddress), trusted)
}

/**
 * The value of an X-Forwarded-For that may be believed: the client's address, and those of the trusted proxies behind it up to
 * the peer. `forwardedFields` are the request's field lines, flat, of which X-Forwarded-For is read. What stands left of the
 * client's address is the client's own word, and cut; so is everything left of what is no address.
 */
export function clientChain(
  peerAddress: string | undefined,
  forwardedFields: readonly string[] | undefined,
  { mode, trusted }: ForwardedForPolicy,
): string | undefined {
  if (peerAddress === undefined) return undefined
  const peer = plainAddress(peerAddress)
  if (forwardedFields === undefined || mode !== 'append' || !isTrusted(peer, trusted)) return peer
  let chain = peer
  let entries = 0
  for (let i = forwardedFields.length - 2; i >= 0; i -= 2) {
    if ((forwardedFields[i] as string).toLowerCase() !== 'x-forwarded-for') continue
    const value = forwardedFields[i + 1] as string
    for (let end = value.length; end >= 0; ) {
      const comma = end === 0 ? -1 : value.lastIndexOf(',', end - 1)
      const address = ++entries > maxEntries ? undefined : addressIn(value, comma + 1, end)
      if (address === undefined) return chain
      chain = `${address}, ${chain}`
      if (!isTrusted(address, trusted)) return chain
      end = comma
    }
  }
  return chain
}

/**
 * The address in an entry `value[from, end)`; undefined when it holds none. Some load balancers add a port, and brackets with
 * IPv6: both are left out, so that every endpoint reads the same.
 */
function addressIn(value: string, from: number, end: number): string | undefined {
  if (end - from > maxEntryLength) return undefined
  let entry = withoutWhitespace(value, from, end)
  if (entry.startsWith('[')) entry = /^\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]+)\](?::[1-9][0-9]{0,4})?$/.exec(entry)?.[1] ?? ''
  else if (entry.includes('.')) entry = /^([0-9.]+):[1-9][0-9]{0,4}$/.exec(entry)?.[1] ?? entry
  if (isIPv4(entry)) return entry
  // A zone means something on one machine only.
  return isIPv6(entry) && !entry.includes('%') ? plainAddress(entry) : undefined
}

function isTrusted(address: string, trusted: BlockList): boolean {
  return trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
