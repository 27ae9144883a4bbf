import type { Server } from 'node:http'
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { ConnectionEnd } from '../../http/connection-end.ts'
import type { ClientSocket } from '../client/client-request.ts'
import { type ClientMemory, memoryOf } from '../shares/client-memory.ts'
import { LiveList } from '../shares/live-list.ts'
import { Http2Request } from './http2-request.ts'
import { Http2Response } from './http2-response.ts'
import { type Http2Limits, http2ServerOptions } from './http2-server-options.ts'
import { connectionWindowBytes, Http2Session } from './http2-session.ts'
import { blockBytes, readRequestFields } from './request-fields.ts'
import { hearEvents } from './stream-events.ts'
import { StreamSocket } from './stream-socket.ts'

/** Hands a request to its handler. `memory`: of its connection; undefined for one that is not counted. */
export type OnHttp2Request = (
  request: Http2Request,
  response: Http2Response,
  expectsContinue: boolean,
  memory: ClientMemory | undefined,
) => void

/** What is told of what happens in the connections of a server. */
export interface Http2Listener {
  readonly onRequest: OnHttp2Request
  /** Nothing has moved on a stream for `idleMs`. */
  readonly onIdle: (socket: ClientSocket) => void
  /** A stream was reset because it is no request. nghttp2 resets most such streams by itself, and Node tells of none of these. */
  readonly onMalformed: (
    remoteAddress: string | undefined,
    method: string | undefined,
    target: string | undefined,
  ) => void
  /** A connection ended, or begins to end, because of what its client sent. */
  readonly onConnectionEnd: (remoteAddress: string | undefined, reason: ConnectionEnd) => void
}

/**
 * A head of so many times what is allowed ends its connection: it names entries of its table again and again, which costs its client an
 * octet each, and this process some 2 ms (`floods --kinds h2-references`). Node refuses it earlier where its client has acknowledged
 * the settings.
 */
const hugeHeads = 4

const tickMs = 250

/** Between two ticks: where a look comes so late, a few connections may hold the event loop, and are to end at once. */
const lookMs = 50
const lateMs = 25

/**
 * Serves the connections of a TLS server that have chosen `h2`. Node's nghttp2 parses; what it lets pass and no request may have is
 * refused by `readRequestFields`. Every request goes to the one handler.
 */
export class Http2Server {
  readonly #listener: Http2Listener
  readonly #onIdle: (response: Http2Response) => void
  readonly #sessions = new LiveList<Http2Session>()
  #lookedMs = 0
  #tickedMs = 0
  #limits: Http2Limits
  #node: ReturnType<typeof createServer>
  /** The connection that is being taken. */
  #taken: TLSSocket | undefined

  constructor(limits: Http2Limits, listener: Http2Listener) {
    this.#limits = limits
    this.#listener = listener
    this.#onIdle = ({ req }) => listener.onIdle(req.socket)
    this.#node = this.#createNode(limits)
  }

  get limits(): Http2Limits {
    return this.#limits
  }

  set limits(limits: Http2Limits) {
    const { headerBytes, fields, streams } = this.#limits
    this.#limits = limits
    // Node reads its options when a session begins, and those that exist go on without their server.
    if (headerBytes !== limits.headerBytes || fields !== limits.fields || streams !== limits.streams)
      this.#node = this.#createNode(limits)
  }

  #createNode(limits: Http2Limits): ReturnType<typeof createServer> {
    const node = createServer(http2ServerOptions(limits))
    node.on('session', session => this.#onSession(session))
    // The session ends by itself.
    node.on('sessionError', () => {})
    return node
  }

  /** Takes the connections of `server` that speak HTTP/2, and ends them with it. */
  attach(server: Server): void {
    const [onHttp1] = server.listeners('secureConnection').slice(-1) as ((socket: TLSSocket) => void)[]
    if (onHttp1 === undefined) throw new Error('no TLS server')
    server.off('secureConnection', onHttp1)
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol !== 'h2') {
        onHttp1.call(server, socket)
        return
      }
      // Node's server of HTTP/1.1 lets clients end their half alone, and Node 22 would keep such a session.
      socket.allowHalfOpen = false
      // Node makes the session of it at once.
      this.#taken = socket
      this.#node.emit('connection', socket)
    })
    const ticker = setInterval(() => this.#look(), lookMs)
    ticker.unref()
    server.once('close', () => clearInterval(ticker))
    const closeIdleConnections = server.closeIdleConnections.bind(server)
    server.closeIdleConnections = () => {
      closeIdleConnections()
      for (const session of this.#sessions) session.goAway()
    }
    const closeAllConnections = server.closeAllConnections.bind(server)
    server.closeAllConnections = () => {
      closeAllConnections()
      for (const session of this.#sessions) session.destroy()
    }
  }

  /** Ends the connections whose clients have taken nothing of what waits to be sent to them for `ms`. */
  endUnread(ms: number): void {
    const nowMs = performance.now()
    for (const session of this.#sessions) session.endUnread(nowMs, ms)
  }

  #look(): void {
    const nowMs = performance.now()
    const isLate = nowMs - this.#lookedMs > lookMs + lateMs
    const isTick = nowMs - this.#tickedMs > tickMs - lookMs / 2
    this.#lookedMs = nowMs
    if (isTick) this.#tickedMs = nowMs
    if (!isTick && !isLate) return
    for (const session of this.#sessions) {
      if (session.endFlood(nowMs, this.limits)) this.#listener.onConnectionEnd(session.remoteAddress, 'idle_frames')
      if (isTick) session.tick(nowMs, this.limits, this.#onIdle)
    }
  }

  #onSession(node: ServerHttp2Session): void {
    const socket = this.#taken
    if (socket === undefined) {
      node.destroy()
      return
    }
    this.#taken = undefined
    const memory = memoryOf(socket)
    const session = new Http2Session(node, socket, memory, performance.now())
    this.#sessions.add(session)
    node.on('error', error => {
      const reason = connectionEndOf(error)
      if (reason !== undefined) this.#listener.onConnectionEnd(session.remoteAddress, reason)
    })
    node.once('close', () => {
      this.#sessions.delete(session)
      session.endAll()
    })
    node.on('stream', (stream, _headers, flags, rawHeaders) =>
      this.#onStream(session, stream as ServerHttp2Stream, flags, rawHeaders ?? []),
    )
    node.setLocalWindowSize(connectionWindowBytes)
    if (memory !== undefined) memory.session = session
  }

  #onStream(session: Http2Session, stream: ServerHttp2Stream, flags: number, rawHeaders: readonly string[]): void {
    hearEvents(stream)
    const hasContent = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0
    const { headerBytes } = this.#limits
    const fields = readRequestFields(rawHeaders, hasContent, headerBytes)
    // It may be over by now, and its session as well.
    if (fields === undefined || stream.session === undefined) {
      const bytes = blockBytes(rawHeaders)
      if (bytes > hugeHeads * headerBytes && session.endAtOnce()) {
        this.#listener.onConnectionEnd(session.remoteAddress, 'large_head')
        return
      }
      const isTooLong = bytes > headerBytes
      stream.close(isTooLong ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_PROTOCOL_ERROR)
      if (fields === undefined)
        this.#listener.onMalformed(session.remoteAddress, valueIn(rawHeaders, ':method'), valueIn(rawHeaders, ':path'))
      return
    }
    const socket = new StreamSocket(stream, session.remoteAddress)
    const request = new Http2Request(stream, socket, fields, hasContent, session)
    const response = new Http2Response(stream, request, session)
    session.add(response)
    if (!hasContent || fields.contentLength !== 0) this.#begin(session, request, response, fields.expectsContinue)
    else {
      // The endpoint will take it for whole at once: not before its client has said so, which may wait for a 100.
      if (fields.expectsContinue) response.writeContinue()
      request.on('end', () => this.#begin(session, request, response, false))
      request.resume()
    }
  }

  #begin(session: Http2Session, request: Http2Request, response: Http2Response, expectsContinue: boolean): void {
    this.#listener.onRequest(request, response, expectsContinue, session.memory)
  }
}

/** nghttp2's own: too many acknowledgements wait for a client that does not read them. */
const nghttp2Flooded = -904

/** Node's own word that what came was not HTTP/2, or more than a client may do; a connection that broke says something else. */
function connectionEndOf({ code, errno }: NodeJS.ErrnoException): ConnectionEnd | undefined {
  if (code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') return 'invalid_frames'
  if (code !== 'ERR_HTTP2_ERROR') return undefined
  return errno === nghttp2Flooded ? 'control_flood' : 'protocol_error'
}

function valueIn(block: readonly string[], name: string): string | undefined {
  const at = block.indexOf(name)
  return at === -1 ? undefined : block[at + 1]
}
