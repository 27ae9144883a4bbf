import { once } from 'node:events'
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { type ReceivedRequest, RequestReader } from '../fixtures/request-reader.ts'
import type { SeededRandom } from '../fixtures/seeded-random.ts'
import { contentOf, hashOf, objectOf } from './chaos-object.ts'

/** What an endpoint does with one request, most of it wrong. */
const behaviours = [
  ...Array.from({ length: 12 }, () => 'good' as const),
  'slow',
  'drip',
  'end-early',
  'reset-early',
  'end-empty',
  'reset-empty',
  'excess',
  'malformed',
  'silent',
  'close-after',
  'early-answer',
  'early-answer-and-close',
  'early-answer-and-reset',
] as const
type Behaviour = (typeof behaviours)[number]

const rulesXml =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod><ExposeHeader>x-live</ExposeHeader></CORSRule></CORSConfiguration>'

/** An endpoint that does whatever an endpoint can do wrong, and never the same twice. */
export class ChaosUpstream {
  readonly port: number
  readonly sockets = new Set<Socket>()
  /** What must never have come: half requests that look whole, bytes that are no request. */
  readonly faults: string[] = []
  readonly seen = new Map<string, number>()
  /** False: it does everything right. */
  misbehaves = true
  readonly #server: Server
  readonly #random: SeededRandom
  readonly #tls: boolean

  constructor(server: Server, random: SeededRandom, tls: boolean) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.#random = random
    this.#tls = tls
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#accept(socket))
  }

  get url(): string {
    return this.#tls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => undefined)
    if (this.misbehaves && this.#random.below(30) === 0) {
      // Not within the handshake's own event, which Node does not survive over TLS.
      setImmediate(() => reset(socket))
      return
    }
    let behaviour: Behaviour = 'good'
    const reader = new RequestReader(
      {
        onHead: request => {
          behaviour = this.misbehaves ? this.#random.pick(behaviours) : 'good'
          this.seen.set(behaviour, (this.seen.get(behaviour) ?? 0) + 1)
          if (behaviour.startsWith('early-answer')) void this.#answer(socket, request, behaviour)
        },
        onRequest: request => {
          this.#check(request)
          if (!behaviour.startsWith('early-answer')) void this.#answer(socket, request, behaviour)
          else if (behaviour === 'early-answer') behaviour = 'good'
        },
      },
      true,
    )
    socket.on('data', bytes => {
      reader.read(bytes)
      if (reader.fault !== undefined) this.faults.push(`no request: ${reader.fault}`)
    })
    socket.on('end', () => socket.end())
  }

  /** An upload that looks whole has to be. */
  #check({ method, target, body }: ReceivedRequest): void {
    const object = objectOf(target)
    if (method !== 'PUT' || object === undefined) return
    if (!body.equals(contentOf(object.id, object.size)))
      this.faults.push(`a wrong upload of ${target}, ${body.length} bytes`)
  }

  async #answer(socket: Socket, request: ReceivedRequest, behaviour: Behaviour): Promise<void> {
    const bytes = this.#response(request, behaviour)
    switch (behaviour) {
      case 'slow':
        await delay(this.#random.below(60))
        break
      case 'silent':
        return
      case 'malformed':
        socket.write(
          this.#random.pick([
            'SSH-2.0-x\r\n\r\n',
            'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx',
          ]),
        )
        return
      case 'end-empty':
        socket.end()
        return
      case 'reset-empty':
        reset(socket)
        return
      case 'end-early':
      case 'reset-early': {
        // Never exactly whole, which for a response until the end of the connection would be good.
        socket.write(bytes.subarray(0, this.#random.below(bytes.length)))
        await delay(this.#random.below(5))
        // Where the end of the connection is the end of the content, an orderly one says that all is well.
        if (behaviour === 'reset-early' || !/\r\nConnection: close\r\n/.test(bytes.toString('latin1', 0, 400))) {
          if (behaviour === 'end-early') socket.end()
          else reset(socket)
        } else reset(socket)
        return
      }
      case 'drip':
        for (let at = 0, piece = 1 + (bytes.length >> 5); at < bytes.length && !socket.destroyed; at += piece) {
          socket.write(bytes.subarray(at, at + piece))
          await delay(1)
        }
        break
      default:
        break
    }
    if (behaviour !== 'drip') socket.write(behaviour === 'excess' ? withExcess(bytes) : bytes)
    if (behaviour === 'early-answer-and-reset') {
      await delay(this.#random.below(3))
      reset(socket)
    } else if (
      bytes.includes('\r\nConnection: close\r\n') ||
      behaviour === 'close-after' ||
      behaviour === 'early-answer-and-close'
    )
      socket.end()
  }

  #response({ method, target }: ReceivedRequest, behaviour: Behaviour): Buffer {
    if (target.endsWith('?cors')) return Buffer.from(this.#rules())
    const early = behaviour.startsWith('early-answer') && method === 'PUT'
    const object = objectOf(target) ?? { id: 0, size: 2 }
    const content = method === 'PUT' ? Buffer.from(early ? 'early' : 'taken') : contentOf(object.id, object.size)
    const framing = method === 'HEAD' ? 'length' : this.#random.pick(['length', 'length', 'chunked', 'close'] as const)
    const head =
      `HTTP/1.1 ${early ? '403 Forbidden' : '200 OK'}\r\nX-Hash: ${hashOf(content)}\r\nX-Target: ${target}\r\nAccess-Control-Allow-Origin: *\r\n` +
      `${framing === 'length' ? `Content-Length: ${content.length}\r\n` : framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : 'Connection: close\r\n'}\r\n`
    if (method === 'HEAD') return Buffer.from(head)
    return Buffer.concat([Buffer.from(head), framing === 'chunked' ? chunked(content, this.#random) : content])
  }

  #rules(): string {
    const status = this.#random.pick(['200 OK', '200 OK', '404 Not Found', '503 Slow Down'])
    const body = status === '200 OK' ? rulesXml : '<Error><Code>NoSuchCORSConfiguration</Code></Error>'
    return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  }
}

/** Starts one; the same seed makes the same choices, in an order that the network has a say in. */
export async function startChaosUpstream(random: SeededRandom, tls: boolean): Promise<ChaosUpstream> {
  const server = tls
    ? createTlsServer({ cert: localhostCertificate, key: localhostKey, ALPNProtocols: ['http/1.1'] })
    : createPlainServer({ allowHalfOpen: true, noDelay: true })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new ChaosUpstream(server, random, tls)
}

/** By force; of TLS, the connection below it. */
function reset(socket: Socket): void {
  const { _parent: below } = socket as Socket & { readonly _parent?: Socket | null }
  if (below === undefined || below === null) socket.resetAndDestroy()
  else {
    below.resetAndDestroy()
    socket.destroy()
  }
}

/**
 * A second response that was not asked for, where it is none of the first one's content. In one small piece with that: what
 * comes when the next request is on its way cannot be told from its answer.
 */
function withExcess(bytes: Buffer): Buffer {
  if (bytes.length > 16_384 || bytes.includes('\r\nConnection: close\r\n')) return bytes
  return Buffer.concat([bytes, Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL')])
}

function chunked(content: Buffer, random: SeededRandom): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; ) {
    const piece = content.subarray(at, at + 1 + random.below(random.pick([10, 1000, 100_000]) + content.length / 10))
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
    at += piece.length
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}
