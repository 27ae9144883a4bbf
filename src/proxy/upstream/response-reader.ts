import type { Socket } from 'node:net'
import { GatheredReads } from './gathered-reads.ts'
import { type ReadBuffers, readBufferBytes } from './read-buffers.ts'
import type { ResponseHead } from './response/response-head.ts'
import { type BodyFraming, type ResponseLimits, ResponseParser, type ResponseSink } from './response/response-parser.ts'
import type { OpenSocket, SocketReader } from './socket-reader.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'
import { socketFailure, type UpstreamFailure } from './upstream-failure.ts'

/** The connection whose responses are read. */
interface ReadConnection {
  /** A byte came or left. */
  active: boolean
  /** The endpoint's own keep-alive limit, where it names one. */
  keepAliveMs: number
  /** Fails the exchange, and ends the connection. */
  fail(failure: UpstreamFailure): void
  /** Ends the connection. */
  destroy(): void
  /** The endpoint ends the connection while it is idle. */
  endByPeer(): void
}

/** Reads the responses that come over one connection, one at a time, each for the exchange that awaits it. */
export class ResponseReader implements ResponseSink, SocketReader {
  readonly socket: Socket
  exchange: UpstreamExchange | undefined
  /** Reading stops after the current read, and its buffer stays as it is. */
  paused = false
  /** All of the response has come. */
  ended = false
  /** A byte of the response has come. */
  answered = false
  /** No other response can follow. */
  closes = false

  readonly #connection: ReadConnection
  readonly #parser: ResponseParser
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes)
  readonly #longBuffers: ReadBuffers
  readonly #gathered: GatheredReads
  #longBuffer: Buffer | undefined

  constructor(
    open: OpenSocket,
    servername: string,
    connection: ReadConnection,
    limits: ResponseLimits,
    longBuffers: ReadBuffers,
  ) {
    this.#connection = connection
    this.#parser = new ResponseParser(limits)
    this.#longBuffers = longBuffers
    this.socket = open(servername, this)
    this.#gathered = new GatheredReads(this.socket, this)
  }

  /** Awaits the response to a request with `method`. */
  begin(exchange: UpstreamExchange, method: string): void {
    this.exchange = exchange
    this.paused = false
    this.ended = false
    this.answered = false
    this.closes = false
    this.#parser.begin(method, this)
  }

  /** The exchange is over, and its client has taken all of the response. */
  detach(): void {
    this.exchange = undefined
    if (this.#longBuffer === undefined) return
    // Since the end of the response `nextBuffer` names the other one.
    this.#longBuffers.takeBack(this.#longBuffer)
    this.#longBuffer = undefined
  }

  /** The exchange is over, and its client may not have taken all that was read. */
  drop(): void {
    this.exchange = undefined
    if (this.#longBuffer === undefined) return
    this.#longBuffer = undefined
    this.#longBuffers.lose()
  }

  /** Bytes came that belong to no response. */
  get excess(): boolean {
    return this.#parser.excess
  }

  get remainingBytes(): number {
    return this.#parser.remainingBytes
  }

  nextBuffer(): Buffer {
    // Not a byte after the end of a response goes to a buffer that may be lent to another connection by then.
    if (this.exchange === undefined || this.ended) return this.#readBuffer
    if (this.#longBuffer === undefined && this.#parser.remainingBytes > readBufferBytes)
      this.#longBuffer = this.#longBuffers.lend()
    return this.#longBuffer ?? this.#readBuffer
  }

  onInformation(head: ResponseHead): void {
    this.exchange?.onInformation(head)
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    this.closes = head.closes || framing === 'close'
    if (head.keepAliveTimeoutSeconds >= 0) {
      // One second less, so that the endpoint is never the first to close.
      this.#connection.keepAliveMs = Math.max(0, (head.keepAliveTimeoutSeconds - 1) * 1000)
    }
    this.exchange?.onHead(head, framing)
  }

  onBody(bytes: Buffer): void {
    this.exchange?.onBody(bytes)
  }

  onEnd(): void {
    this.ended = true
  }

  readRecord(bytesRead: number, record: Buffer): boolean {
    return this.#gathered.add(bytesRead, record)
  }

  read(bytesRead: number, buffer: Buffer): boolean {
    if (this.exchange === undefined || this.ended) {
      // Not asked for: a second response, or bytes with which the endpoint ends it. RFC 9112 §6.3: it must not be taken for an answer.
      this.#connection.endByPeer()
      return false
    }
    this.#connection.active = true
    this.answered = true
    try {
      const fault = this.#parser.feed(buffer, 0, bytesRead)
      if (fault !== undefined) {
        this.#connection.fail({ reason: 'malformed', detail: fault })
        return false
      }
      this.exchange?.onRead(this.ended)
    } catch (error) {
      // One request's, whatever it is: thrown on from here, it would end all of them.
      const { exchange } = this
      this.#connection.destroy()
      exchange?.onFault(error)
      return false
    }
    return !this.paused
  }

  /** Passes on what was read and is still held. */
  flush(): void {
    this.#gathered.pass()
  }

  /** The endpoint has ended its side. Gives the failure of a response that is not whole by that. `error`: the socket's. */
  finish(error: NodeJS.ErrnoException | undefined): UpstreamFailure | undefined {
    this.closes = true
    if (this.ended) return undefined // its last bytes are on their way to the client
    switch (this.#parser.finish()) {
      case 'complete':
        this.exchange?.onRead(true)
        return undefined
      case 'truncated':
        return { reason: 'truncated', detail: 'the endpoint ended the connection before the end of its response' }
      default:
        // A TLS alert is an error and an end: TLS 1.3 refuses a client's certificate only after the handshake.
        return error === undefined
          ? { reason: 'reset', detail: 'the endpoint ended the connection without a response' }
          : socketFailure(error)
    }
  }
}
