import type { Socket, TcpNetConnectOpts } from 'node:net'
import { connect, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect as connectTls, createSecureContext } from 'node:tls'
import type { OpenSocket } from '../../proxy/upstream/socket-reader.ts'
import { BoundedMap } from '../../text/bounded-map.ts'
import { NameCache } from './name-cache.ts'

/** Where the endpoint is, and what a TLS connection to it needs. */
export interface UpstreamTarget {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
}

/**
 * Makes the function that opens connections of the data path. Nothing is allocated per read: over plain TCP each reads into
 * a buffer of its reader's, over TLS all of them into one, record by record.
 */
export function createOpenSocket(target: UpstreamTarget, names = new NameCache()): OpenSocket {
  const { protocol, hostname: host, port } = target
  // RFC 8305: an address that does not answer is passed over.
  const address = { host, port, noDelay: true, lookup: names.lookup, autoSelectFamilyAttemptTimeout: attemptMs }
  const secureContext = protocol === 'https:' ? secureContextOf(target) : undefined
  // One for all connections: each copies what it was given at once.
  const record = Buffer.allocUnsafeSlow(maxRecordBytes)
  /** The latest session of each server name: the next handshake with it is shorter. */
  const sessions = new BoundedMap<Buffer>(maxSessions, 'restart')
  return (servername, reader) => {
    if (secureContext === undefined) {
      const onread = {
        buffer: () => reader.nextBuffer(),
        callback: (bytesRead: number, bytes: Uint8Array) => reader.read(bytesRead, bytes),
      }
      return tellingFailures(connect({ ...address, onread } satisfies TcpNetConnectOpts), names)
    }
    const onread = {
      // Node's TLS gives every record of what it has received, one after another, even after the reader has said stop.
      buffer: record,
      callback: (bytesRead: number, bytes: Uint8Array) => reader.readRecord(bytesRead, bytes),
    }
    const options: ConnectionOptions & typeof address & { onread: typeof onread } = {
      ...address,
      onread,
      secureContext,
      // The name the certificate is verified for. Never the client's Host, which it could choose.
      ...(servername === '' ? {} : { servername }),
      ALPNProtocols: ['http/1.1'],
      session: sessions.get(servername),
    }
    const socket = connectTls(options)
    socket.on('session', session => {
      // Under `rewrite` a client names servers by its buckets' names: the map must not grow with them.
      sessions.set(servername, session)
    })
    return tellingFailures(socket satisfies Socket, names)
  }
}

/** Made once: reading authorities takes longer than a handshake. */
function secureContextOf({ ca, cert, key }: UpstreamTarget) {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  })
}

function tellingFailures(socket: Socket, names: NameCache): Socket {
  // A firewall on the way keeps a connection that is probed, and one whose other end is gone is known as such before it is used.
  socket.setKeepAlive(true, probeAfterMs)
  const onFailed = (ip: string) => names.onFailed(ip)
  return socket.on('connectionAttemptTimeout', onFailed).on('connectionAttemptFailed', onFailed)
}

const maxSessions = 100
const attemptMs = 250
const probeAfterMs = 5000
// RFC 8446 §5.1: 2^14 bytes of content.
const maxRecordBytes = 16 * 1024

/** The TLS server name for an endpoint's host: none for an IP address, which has no place in SNI (RFC 6066 §3). */
export function servernameOf(protocol: 'http:' | 'https:', hostname: string): string {
  return protocol === 'http:' || isIP(hostname) !== 0 ? '' : hostname
}
