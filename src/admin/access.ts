// Who may call the admin port. Nothing here looks at paths.
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

/** What of a request says who calls. */
export interface Caller {
  readonly peer: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
  readonly authorization: string | undefined
  /** A proxy says that it speaks for somebody else (Forwarded, X-Forwarded-For, X-Real-IP, Via). */
  readonly forwarded: boolean
}

/** The host of a Host field, in lower case, without its port and brackets. */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '')
  return name.toLowerCase()
}

function isLoopbackAddress(address: string): boolean {
  const plain = address.toLowerCase().startsWith('::ffff:') ? address.slice(7) : address
  return plain === '::1' || (plain.startsWith('127.') && isIP(plain) === 4)
}

function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false
  const name = hostName(host)
  return name === 'localhost' || (isIP(name) !== 0 && isLoopbackAddress(name))
}

/**
 * Says whether a page of another site makes this request, as far as a browser tells:
 * https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header and https://fetch.spec.whatwg.org/#origin-header. The admin
 * page's own POST has an Origin, which is that of the Host it was loaded from.
 */
export function isForeign(caller: Caller): boolean {
  const { origin, secFetchSite, host } = caller
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin' && secFetchSite !== 'none') return true
  return origin !== undefined && (host === undefined || origin.toLowerCase() !== `http://${host.toLowerCase()}`)
}

/**
 * Says whether a browser on this machine may have been led here by a name of somebody else's (DNS rebinding): then the page
 * counts as same-origin, and only the Host tells. Scrapers and probes of other machines may well use a name, and a name
 * without a dot is none that a stranger can have in the DNS.
 */
export function isRebound({ peer, host }: Caller): boolean {
  if (peer === undefined || host === undefined || !isLoopbackAddress(peer)) return false
  const name = hostName(host)
  return name.includes('.') && isIP(name) === 0
}

/** Checks bearer tokens. Digests are compared, so that neither the time nor the length tells anything. */
export function createTokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  if (token === undefined || token === '') return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return authorization => {
    const sent = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    return sent !== undefined && timingSafeEqual(digest(sent), expected)
  }
}

/**
 * Says whether the caller is an operator without a token: on this machine, by a loopback name. What a proxy on this machine
 * passes on is somebody else's, and needs the token.
 */
export function isLocal({ peer, host, forwarded }: Caller): boolean {
  return !forwarded && peer !== undefined && isLoopbackAddress(peer) && isLoopbackHost(host)
}
