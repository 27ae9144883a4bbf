// Between a client that tells nothing and the server it talks to: the bytes as they are, and afterwards what they said.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { readResponses } from '../fixtures/client-responses.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { readSentRequests, type SentRequest, valuesOf } from '../fixtures/reference-request-parser.ts'
import type { Exchange } from './outcome.ts'

export interface WireTap {
  /** Where the client is sent to; what it signs as Host is passed on as it is. */
  readonly port: number
  /** What was said since it was last asked, one connection after another. To be called while no request is under way. */
  take(): readonly Exchange[]
  /** What of HTTP and S3 the requests made use of, from the start: `Expect: 100-continue`, `aws-chunked`, … */
  features(): readonly string[]
  stop(): Promise<void>
}

interface Connection {
  sent: string
  received: string
}

/** The longest thing any client does here takes less; a connection that hangs is a failed test, not a hung one. */
const idleMs = 60_000

/** With `tls`, the client speaks TLS to the tap, and the server plain HTTP: some clients do other things over TLS. */
export async function tapWire(endpoint: string, { tls = false } = {}): Promise<WireTap> {
  const { hostname, port } = new URL(endpoint)
  const connections = new Set<Connection>()
  const sockets = new Set<Socket>()
  const used = new Set<string>()
  const onConnection = (client: Socket) => {
    const upstream = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    const connection: Connection = { sent: '', received: '' }
    connections.add(connection)
    relay(client, upstream, bytes => {
      const plain = inOriginForm(bytes)
      connection.sent += plain.toString('latin1')
      return plain
    })
    relay(upstream, client, bytes => {
      connection.received += bytes.toString('latin1')
      return bytes
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true))
      socket.setTimeout(idleMs, () => socket.destroy())
      socket.once('close', () => sockets.delete(socket))
    }
  }
  const server: Server = tls
    ? createTlsServer({ cert: localhostCertificate, key: localhostKey, allowHalfOpen: true }, onConnection)
    : createServer({ allowHalfOpen: true }, onConnection)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      return [...connections].flatMap(connection => {
        const { sent, received } = connection
        connection.sent = ''
        connection.received = ''
        return readExchanges(sent, received, used)
      })
    },
    features: () => [...used].sort(),
    stop() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

function relay(from: Socket, to: Socket, passing: (bytes: Buffer) => Buffer): void {
  from.on('data', (bytes: Buffer) => {
    if (!to.write(passing(bytes))) from.pause()
  })
  to.on('drain', () => from.resume())
  from.once('end', () => to.end())
  from.once('error', () => to.destroy())
  from.once('close', () => to.destroy())
}

/**
 * Go resolves no `*.localhost`, so its clients are given the tap as their HTTP proxy. They say the whole URL then; servers
 * are asked for its path alone. A client that waits for each answer begins every request with a segment of its own.
 */
function inOriginForm(bytes: Buffer): Buffer {
  const start = /^[A-Z]+ http:\/\/[^/ ]+/.exec(bytes.subarray(0, 300).toString('latin1'))?.[0]
  if (start === undefined) return bytes
  return Buffer.concat([Buffer.from(start.slice(0, start.indexOf(' ') + 1)), bytes.subarray(start.length)])
}

function readExchanges(sent: string, received: string, used: Set<string>): Exchange[] {
  const requests = readSentRequests(sent)
  const methods = requests.map(({ method }) => method)
  const responses = readResponses(received, ...methods)
  if (responses.length > requests.length) throw new Error(`${responses.length} answers to ${requests.length} requests`)
  for (const request of requests) for (const feature of featuresOf(request)) used.add(feature)
  return requests.map(({ method }, index) => {
    const response = responses[index]
    if (response?.informational.includes(100)) used.add('100 Continue is answered')
    // Repeated fields are one list, as node:http joins them.
    const fields: Record<string, string> = {}
    for (const [name, value] of response?.fields ?? []) {
      const key = name.toLowerCase()
      fields[key] = key in fields ? `${fields[key]}, ${value}` : value
    }
    // A document with times in it takes more or less room compressed, and some clients store the time of day.
    if (fields['content-encoding'] === 'gzip') delete fields['content-length']
    for (const [name, value] of Object.entries(fields)) {
      if (name.startsWith('x-amz-meta-')) fields[name] = value.replace(/ctime:\d+|^\d{10}\.\d+$/g, 'TIME')
    }
    return { method, status: response?.status ?? 0, fields }
  })
}

function featuresOf(request: SentRequest): string[] {
  const one = (name: string) => valuesOf(request, name)[0]
  const features = request.fields
    .map(([name]) => name.toLowerCase())
    .filter(name => name.startsWith('x-amz-checksum-') || name === 'range' || name === 'content-md5')
  const expect = one('expect')
  if (expect !== undefined) features.push(`Expect: ${expect}`)
  const trailer = one('x-amz-trailer')
  if (trailer !== undefined) features.push(`trailer ${trailer}`)
  if (one('content-encoding')?.includes('aws-chunked')) features.push('aws-chunked')
  if (request.framing === 'chunked') features.push('chunked')
  const payload = one('x-amz-content-sha256')
  if (payload !== undefined && !/^[0-9a-f]{64}$/.test(payload)) features.push(payload)
  if (!/^[0-9.:]+$/.test(one('host') ?? '')) features.push(`Host: ${one('host')?.replace(/:[0-9]+$/, '')}`)
  return features
}
