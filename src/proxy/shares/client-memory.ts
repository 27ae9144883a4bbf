import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Listed } from './live-list.ts'
import type { LoopSharer } from './loop-shares.ts'

/** Something that keeps bytes for a client. */
export interface Holding {
  readonly heldBytes: number
}

/** What is asked of a response to count memory. */
export interface CountedResponse {
  readonly req: Holding & { readonly headBytes: number }
  /** What of the bytes that were written for it is no buffer that is counted elsewhere. */
  readonly ownBytes: number
  readonly writableFinished: boolean
  readonly destroyed: boolean
}

/** What Node's `clientError` is emitted with. */
export type ClientFault = NodeJS.ErrnoException & {
  readonly rawPacket?: Buffer | undefined
  /** Of `rawPacket`, up to the fault. */
  readonly bytesParsed?: number | undefined
}

/** The requests that a client has sent ahead of the answers to those before. */
export interface RequestsAhead extends Holding {
  /** Keeps a fault until they are answered; false when there are none. */
  keep(fault: ClientFault): boolean
}

/** Is told of growth, so that it can look before there is too much of it. */
export interface GrowthWatch {
  grew(client: ClientMemory, bytes: number): void
  /** A small chunk of content was parsed. False: its client sends too many of them in one read, of which this is the `count`th. */
  takesChunk(count: number): boolean
}

/** What one request costs besides its own bytes: the objects of Node and of this proxy. Measured at 5 to 7 KiB. */
export const requestBytes = 8 * 1024

const unit = Symbol('the memory of a client connection')

type CountedSocket = Socket & {
  [unit]?: ClientMemory
  readonly encrypted?: boolean
}

/** The memory of a client connection; undefined for a socket that is none. */
export function memoryOf(socket: Socket): ClientMemory | undefined {
  return (socket as CountedSocket)[unit]
}

/** What one client connection makes the proxy hold, beyond what a connection costs that does nothing. */
export class ClientMemory implements Listed, LoopSharer {
  listedAt = -1
  /** What it held when it was last counted; kept by the ledger. */
  countedBytes = 0
  /** It has read or written since it was last counted. */
  touched = false
  /** A greater number is a younger connection. */
  readonly sequence: number
  /** The response whose turn it is, or was last. */
  response: CountedResponse | undefined
  /** The streams of a connection that speaks HTTP/2. */
  session: (Holding & { readonly isResting: boolean }) | undefined
  /** The requests that wait behind it; undefined while none ever did. */
  pipelined: RequestsAhead | undefined
  /** The request whose small pieces of content are joined when the parser has gone through what was read. */
  parsing: { onParsed(): void } | undefined
  /** Which protocol its requests are of. */
  requestLines: { read(used: boolean): void; isHttp(request: IncomingMessage): boolean } | undefined
  /** When it last read or wrote, as the clock of all connections sees it. */
  quietSinceMs: number
  /** Since when it has begun no request, or not ended the head of one; seen by the same clock. */
  restingSinceMs: number
  begunRequests = 0
  begunAtBytes = 0
  loopTurn = -1
  /** The request whose turn it is waits for its share of the event loop. */
  isQueued = false

  readonly #watch: GrowthWatch
  #socket: CountedSocket
  #readBytes = 0
  /** As many of the bytes read have become whole requests and content; what is beyond is a head that is half there. */
  #usedBytes = 0
  /** A head or content has become whole in the read that is being parsed. */
  #usedRead = false

  constructor(socket: Socket, watch: GrowthWatch, sequence: number, nowMs: number) {
    this.#socket = socket
    this.#watch = watch
    this.sequence = sequence
    this.quietSinceMs = nowMs
    this.restingSinceMs = nowMs
    this.#socket[unit] = this
  }

  get readBytes(): number {
    return this.#readBytes
  }

  /** The TLS socket that was made of it. */
  secured(socket: Socket): void {
    this.#socket = socket
    this.#socket[unit] = this
  }

  /** Called at each write, and at each read when it is parsed. */
  moved(): void {
    this.parsed()
    const readBytes = this.#socket.bytesRead
    if (readBytes !== this.#readBytes) {
      this.requestLines?.read(this.#usedRead)
      this.#usedRead = false
    }
    this.#watch.grew(this, readBytes - this.#readBytes)
    this.#readBytes = readBytes
  }

  /** So many bytes are written to it that are kept until they have left. */
  wrote(bytes: number): void {
    this.#watch.grew(this, bytes)
  }

  /** The parser has gone through what it was given. */
  parsed(): void {
    const request = this.parsing
    if (request === undefined) return
    this.parsing = undefined
    request.onParsed()
  }

  /** A head is whole, or `bytes` of content were handed on. Everything of the reads before this one is used. */
  used(bytes: number): void {
    this.#usedRead = true
    this.#usedBytes = Math.max(this.#usedBytes, this.#readBytes) + bytes
  }

  /** The `count`th small chunk of a read has come. False: no more of them. */
  takesChunk(count: number): boolean {
    return this.#watch.takesChunk(count)
  }

  /** A request was begun. */
  began(response: CountedResponse): void {
    this.response = response
    this.restingSinceMs = Number.POSITIVE_INFINITY
    this.#watch.grew(this, requestBytes)
  }

  /** A request was begun in a connection that speaks HTTP/2. */
  streamBegan(): void {
    this.restingSinceMs = Number.POSITIVE_INFINITY
    this.#watch.grew(this, requestBytes)
  }

  /** No request is under way. */
  get isResting(): boolean {
    const { response, session } = this
    if (session !== undefined) return session.isResting
    return response === undefined || response.writableFinished || response.destroyed
  }

  /** The clock of all connections looks at it. `moved`: it has read or written since it looked last. */
  tick(nowMs: number, moved: boolean): void {
    if (moved) this.quietSinceMs = nowMs
    if (this.restingSinceMs === Number.POSITIVE_INFINITY && this.isResting) this.restingSinceMs = nowMs
  }

  /**
   * The same of a connection that speaks HTTP/2, whose reads are told of by no call. `moved`: a request was begun, or content
   * moved; else what was read is no more than a head that is half there.
   */
  tickStreams(nowMs: number, moved: boolean): void {
    const before = this.#readBytes
    this.moved()
    if (moved) this.used(0)
    this.tick(nowMs, moved || this.#readBytes !== before)
  }

  /** Bytes that it makes us hold now. At most `headBytes` of them are a head: what is longer is refused. */
  heldBytes(headBytes: number): number {
    let held = Math.min(Math.max(0, this.#readBytes - this.#usedBytes), headBytes)
    if (this.session !== undefined) return held + this.session.heldBytes
    const socket = this.#socket
    // Without TLS content lies in the buffer of a connection to the endpoint, which is counted there.
    const ownBytes = socket.encrypted === true ? Number.POSITIVE_INFINITY : (this.response?.ownBytes ?? 0)
    held += Math.min(socket.writableLength, ownBytes)
    if (this.pipelined !== undefined) held += this.pipelined.heldBytes
    const { response } = this
    // Its head once more as the endpoint is sent it.
    if (response !== undefined && !this.isResting)
      held += requestBytes + response.req.headBytes + response.req.heldBytes
    return held
  }

  end(): void {
    this.#socket.destroy()
  }
}
