import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { EndpointUrl } from '../../config/schema/endpoint-url.ts'
import type { UpstreamFiles } from '../../daemon/upstream/upstream.ts'
import type { Finding } from './finding.ts'

/** What is to be reached, and how long that may take. */
export interface ReachTarget {
  readonly url: EndpointUrl
  readonly files: UpstreamFiles
  readonly timeoutMs: number
  /** The name the certificate is verified for; that of the URL unless told. */
  readonly servername?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** Opens one connection as the data path does, TLS included, and says what came of it. */
export async function reach(target: ReachTarget): Promise<readonly Finding[]> {
  const { url, timeoutMs } = target
  const about = 'upstream.url'
  const where = `${target.servername ?? url.hostname}:${url.port}`
  try {
    const socket = await open(target)
    const address = `${socket.remoteAddress} port ${socket.remotePort}`
    const findings = isTls(socket) ? certificateFindings(socket, about, target) : []
    socket.destroy()
    return [{ severity: 'ok', about, what: `${where} is reached (${address})` }, ...findings]
  } catch (error) {
    const code = codeOf(error)
    const reason = code === 'timeout' ? `no connection within ${timeoutMs / 1000} s` : `no connection (${code})`
    return [{ severity: 'fault', about, what: `${where}: ${reason}`, todo: todoFor(code, error) }]
  }
}

function open({ url, files, timeoutMs, servername = url.hostname }: ReachTarget): Promise<Socket> {
  const { hostname: host, port } = url
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:'
    const socket = secure
      ? connectTls({
          host,
          port,
          // No server name for an IP address: RFC 6066 §3.
          ...(isIP(servername) === 0 ? { servername } : {}),
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
          ...(files.ca === undefined ? {} : { ca: files.ca }),
          ...(files.cert === undefined ? {} : { cert: files.cert }),
          ...(files.key === undefined ? {} : { key: files.key }),
        })
      : connect({ host, port })
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('too late'), { code: 'timeout' })), timeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.on('error', reject)
    socket.once(secure ? 'secureConnect' : 'connect', () => resolve(socket))
  })
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerCertificate' in socket
}

/** Two weeks: what renews itself has done so by then. */
const soonMs = 14 * 86_400_000

function certificateFindings(socket: TLSSocket, about: string, { now = Date.now }: ReachTarget): readonly Finding[] {
  const { valid_to: validTo } = socket.getPeerCertificate()
  const what = `${socket.getProtocol()}, HTTP/1.1; the certificate is valid for this name until ${validTo}`
  if (Date.parse(validTo) - now() >= soonMs) return [{ severity: 'ok', about, what }]
  return [{ severity: 'warning', about, what: `${what}, which is soon`, todo: 'renew it at the endpoint' }]
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function todoFor(code: string, error: unknown): string {
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'correct the host name, or let DNS know it'
  if (code === 'ECONNREFUSED') return 'start the endpoint, or correct the port'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `name it as its certificate does: ${namesOf(error)}`
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'renew the certificate at the endpoint, or set the clock of this machine'
  if (/SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA/.test(code))
    return 'set upstream.caFile to the PEM of the authority that signed the certificate'
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/.test(code))
    return 'set upstream.certFile and upstream.keyFile to a client certificate that the endpoint takes'
  if (/^(?:ERR_SSL|EPROTO)/.test(code)) return 'http:// if the endpoint speaks no TLS on this port'
  return 'correct the address, and let firewalls pass it'
}

/** The names of a certificate that is valid for others alone: `DNS:a.example, DNS:b.example`. */
function namesOf(error: unknown): string {
  const certificate = error instanceof Error && 'cert' in error ? error.cert : undefined
  const names =
    typeof certificate === 'object' && certificate !== null && 'subjectaltname' in certificate
      ? String(certificate.subjectaltname)
      : 'it has no names'
  return names.length > 300 ? `${names.slice(0, 299)}...` : names
}
