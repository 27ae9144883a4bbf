// Who may call the admin port. Nothing here looks at paths.

import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { plainAddress } from '../http/ip-address.ts'
import { isHostValue } from '../s3/address/host-check.ts'

/** What of a request says who calls. */
export interface Caller {
  readonly peer: string | undefined
  /** The address and port that the connection came to. */
  readonly local: string | undefined
  readonly localPort: number | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
  readonly authorization: string | undefined
  /** Something shows that the caller may speak for another, see {@link isRelayed}. */
  readonly relayed: boolean
}

/** The host of a Host field, in lower case, without its port and brackets. */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '')
  return name.toLowerCase()
}

function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = plainAddress(address)
  return plain === '::1' || (plain.startsWith('127.') && isIP(plain) === 4)
}

/** A client that says nothing of its own address has one of these. A sidecar of Istio comes from 127.0.0.6. */
function isOwnAddress(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = plainAddress(address)
  return plain === '127.0.0.1' || plain === '::1'
}

/** A client writes the port that it connects to, and a relay that passes its own client's Host writes that of the relay. */
function isLoopbackHost(host: string | undefined, port: number | undefined): boolean {
  if (
    host === undefined ||
    port === undefined ||
    !isHostValue(host) ||
    !(host.endsWith(`:${port}`) || (port === 80 && !/:\d*$/.test(host)))
  )
    return false
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
 * Says whether a browser on this machine may have been led here by a name of another site (DNS rebinding): then the page
 * counts as same-origin, and only the Host tells. Scrapers and probes of other machines may well use a name, and a name
 * without a dot is none that a stranger can have in the DNS.
 */
export function isRebound({ peer, host }: Caller): boolean {
  if (host === undefined || !isLoopbackAddress(peer)) return false
  const name = hostName(host)
  return name.includes('.') && isIP(name) === 0
}

/** What browsers, curl, wget and fetch send by themselves. */
const ownFields: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'user-agent', 'accept', 'accept-encoding', 'accept-language', 'accept-charset'],
  ...['authorization', 'origin', 'referer', 'cookie', 'content-type', 'content-length', 'transfer-encoding', 'expect'],
  ...['cache-control', 'pragma', 'if-none-match', 'if-modified-since', 'range', 'te', 'keep-alive'],
  ...['upgrade-insecure-requests', 'dnt', 'priority', 'save-data', 'purpose', 'http2-settings', 'upgrade'],
])

/**
 * Says whether a request may have been passed on for another. A list of the fields that relays add (Forwarded, Via,
 * X-Forwarded-*, X-Real-IP, X-Envoy-*, X-Request-Id, traceparent, …) would never be whole: a field that a local client does not
 * send by itself is one. nginx adds none, but before 1.29.7 it sends HTTP/1.0 or `Connection: close` unless it is told otherwise:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version. Later ones and HAProxy look like a local client:
 * only the user that they run as tells them from one, see connection-owner.ts.
 */
export function isRelayed(httpVersion: string, names: Iterable<string>, connection: string | undefined): boolean {
  if (httpVersion !== '1.1') return true
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return true
  for (const name of names) if (!ownFields.has(name) && !name.startsWith('sec-')) return true
  return false
}

/**
 * Checks tokens: as Bearer, or as the password of Basic, which is how a browser asks for one (the user name says nothing).
 * Digests are compared, so that neither the time nor the length tells anything.
 */
export function createTokenCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  if (token === undefined || token === '') return () => false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return authorization => {
    const [, scheme = '', sent = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
    const given = scheme.toLowerCase() === 'basic' ? passwordOf(sent) : sent
    return given !== '' && timingSafeEqual(digest(given), expected)
  }
}

/** https://www.rfc-editor.org/rfc/rfc7617#section-2: what stands after the first colon. */
function passwordOf(encoded: string): string {
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon < 0 ? '' : decoded.slice(colon + 1)
}

/**
 * Says whether the caller is directly on this machine, as far as addresses and fields can tell. Which user it runs as, root or the
 * proxy's own, they do not tell: the check of the connection's owner does.
 */
export function isLocal({ peer, local, localPort, host, relayed }: Caller): boolean {
  return !relayed && isOwnAddress(peer) && isLoopbackAddress(local) && isLoopbackHost(host, localPort)
}
