import type { Socket } from 'node:net'
import { surviveWriteErrors } from '../node/write-errors.ts'
import { GatheredReads } from './gathered-reads.ts'
import type { ReadBuffers } from './read-buffers.ts'
import { readBufferBytes } from './read-buffers.ts'
import type { ResponseHead } from './response/response-head.ts'
import type { BodyFraming, ResponseLimits, ResponseSink } from './response/response-parser.ts'
import { ResponseParser } from './response/response-parser.ts'
import type { OpenSocket, SocketReader } from './socket-reader.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'
import type { UpstreamFailure } from './upstream-failure.ts'
import { socketFailure } from './upstream-failure.ts'

/** Sooner than this, nothing on the way forgets an idle connection. */
const longIdleMs = 5000

/** What the pool hears of its connections. */
export interface ConnectionOwner {
  onConnected(connection: UpstreamConnection): void
  /** It is dead, and its place is free, although its socket has not closed yet. */
  onFailed(connection: UpstreamConnection): void
  /** Called exactly once. `failure` when it never came up. */
  onClosed(connection: UpstreamConnection, failure: UpstreamFailure | undefined): void
}

/**
 * One connection to the endpoint, carrying one exchange at a time. It is idle again only after a response whose end was
 * certain, with no byte beyond it; whatever leaves its state in doubt destroys it.
 */
export class UpstreamConnection<Holder = unknown> implements ResponseSink, SocketReader {
  readonly servername: string
  /** Carried an exchange before this one: a failure before any byte may be the endpoint's keep-alive limit. */
  reused = false
  connected = false
  /** Since when it is idle, or opening; milliseconds of the monotonic clock. */
  sinceMs = 0
  /** How long it took to come up. */
  handshakeMs = 0
  /** When the endpoint last gave a sign that it is not idle: it came up, or a response began. */
  activeMs = 0
  /** How long it was idle before the exchange that it carries. */
  idleMs = 0
  /** The endpoint has ended it, while it was idle. */
  endedByPeer = false
  /** The endpoint's own keep-alive limit, where it names one. */
  keepAliveMs = Number.POSITIVE_INFINITY
  /** A byte came or left since the exchange's timer last looked. */
  active = false
  /** Whom the pool lent it to. */
  holder: Holder | undefined

  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #parser: ResponseParser
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes)
  readonly #longBuffers: ReadBuffers
  readonly #gathered: GatheredReads
  #longBuffer: Buffer | undefined
  #exchange: UpstreamExchange | undefined
  #paused = false
  #ended = false
  #receivedByte = false
  #closes = false
  #closed = false
  #error: NodeJS.ErrnoException | undefined

  constructor(
    open: OpenSocket,
    servername: string,
    owner: ConnectionOwner,
    limits: ResponseLimits,
    longBuffers: ReadBuffers,
  ) {
    this.servername = servername
    this.#owner = owner
    this.#parser = new ResponseParser(limits)
    this.#longBuffers = longBuffers
    const socket = open(servername, this)
    this.#socket = socket
    this.#gathered = new GatheredReads(socket, this)
    surviveWriteErrors(socket)
    // 'secureConnect' also means that the certificate was verified; the pool opens TLS sockets with verification on.
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      this.connected = true
      owner.onConnected(this)
    })
    socket.on('drain', () => this.#exchange?.onDrain())
    socket.on('end', () => this.#finish())
    socket.on('error', error => {
      this.#error = error
      this.endedByPeer = this.#exchange === undefined
    })
    socket.on('close', () => this.#close())
  }

  /** The response in hand cannot be followed by another on this connection. */
  get reusable(): boolean {
    return !this.#closed && !this.#closes && !this.#parser.excess && !this.#socket.destroyed
  }

  /** A byte of the response to this exchange has come: it must never be sent again. */
  get answered(): boolean {
    return this.#receivedByte
  }

  /** Everything that was written has left. */
  get flushed(): boolean {
    return this.#socket.writableLength === 0
  }

  /** Bytes that were written and have not left. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** Calls `then` when everything that was written has left, or never will. */
  whenFlushed(then: () => void): void {
    this.#socket.write('', 'latin1', then)
  }

  /** Gives the connection to `exchange`, whose request has this method. */
  begin(exchange: UpstreamExchange, method: string): void {
    this.#exchange = exchange
    this.#paused = false
    this.#ended = false
    this.#receivedByte = false
    this.#closes = false
    this.#parser.begin(method, this)
  }

  /** Writes a request head or framing, in Latin-1 as it came. False: wait for `onDrain`. */
  writeText(text: string): boolean {
    this.active = true
    return this.#socket.write(text, 'latin1')
  }

  /** Writes body bytes. False: wait for `onDrain`. */
  write(bytes: Uint8Array): boolean {
    this.active = true
    return this.#socket.write(bytes)
  }

  /** Holds writes back so that a head and its first bytes leave together. */
  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  /** Stops reading after the current read, and keeps its buffer as it is. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#socket.resume()
  }

  /** The exchange is over and its bytes have left: the pool may give the connection to another. */
  detach(): void {
    this.#exchange = undefined
    if (this.#longBuffer !== undefined) {
      // The client has taken all of it, and since the end of the response `nextBuffer` names the other one.
      this.#longBuffers.takeBack(this.#longBuffer)
      this.#longBuffer = undefined
    }
    this.reused = true
    this.idleMs = 0
    this.resume()
  }

  /**
   * Ends the exchange as failed if the connection may be lost without a word: it was idle for long, and not a byte came since. A firewall or a
   * relay forgets such connections, and a request on one would wait for the response timeout.
   */
  giveUpIfLost(): void {
    if (!this.reused || this.#receivedByte || this.idleMs < longIdleMs) return
    this.#fail({ reason: 'timeout', detail: 'no answer on a connection that was idle for long' })
  }

  /** Ends the connection at once. Whatever was being sent arrives as aborted, never as complete. */
  destroy(): void {
    this.#exchange = undefined
    this.#loseLongBuffer()
    this.#socket.destroy()
  }

  get paused(): boolean {
    return this.#paused
  }

  get remainingBytes(): number {
    return this.#parser.remainingBytes
  }

  nextBuffer(): Buffer {
    // Not a byte after the end of a response goes to a buffer that may be lent to another connection by then.
    if (this.#exchange === undefined || this.#ended) return this.#readBuffer
    if (this.#longBuffer === undefined && this.#parser.remainingBytes > readBufferBytes)
      this.#longBuffer = this.#longBuffers.lend()
    return this.#longBuffer ?? this.#readBuffer
  }

  onInformation(head: ResponseHead): void {
    this.#exchange?.onInformation(head)
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    this.#closes = head.closes || framing === 'close'
    if (head.keepAliveTimeoutSeconds >= 0) {
      // One second less, so that the endpoint is never the first to close.
      this.keepAliveMs = Math.max(0, (head.keepAliveTimeoutSeconds - 1) * 1000)
    }
    this.#exchange?.onHead(head, framing)
  }

  onBody(bytes: Buffer): void {
    this.#exchange?.onBody(bytes)
  }

  onEnd(): void {
    this.#ended = true
  }

  readRecord(bytesRead: number, record: Buffer): boolean {
    return this.#gathered.add(bytesRead, record)
  }

  read(bytesRead: number, buffer: Buffer): boolean {
    if (this.#exchange === undefined || this.#ended) {
      // Not asked for: a second response, or the endpoint's farewell. RFC 9112 §6.3: it must not be taken for an answer.
      this.endedByPeer = true
      this.#socket.destroy()
      return false
    }
    this.active = true
    this.#receivedByte = true
    try {
      const fault = this.#parser.feed(buffer, 0, bytesRead)
      if (fault !== undefined) {
        this.#fail({ reason: 'malformed', detail: fault })
        return false
      }
      this.#exchange?.onRead(this.#ended)
    } catch (error) {
      // One request's, whatever it is: thrown on from here, it would end all of them.
      const exchange = this.#exchange
      this.destroy()
      exchange?.onFault(error)
      return false
    }
    return !this.#paused
  }

  #finish(): void {
    this.#gathered.pass()
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.endedByPeer = true
      this.#socket.destroy()
      return
    }
    this.#closes = true
    if (this.#ended) return // whole already; its last bytes are on their way to the client
    switch (this.#parser.finish()) {
      case 'complete':
        exchange.onRead(true)
        break
      case 'truncated':
        this.#fail({ reason: 'truncated', detail: 'the endpoint ended the connection before the end of its response' })
        break
      case 'empty':
      case 'idle':
        // A TLS alert is an error and an end: TLS 1.3 refuses a client's certificate only after the handshake.
        this.#fail(
          this.#error === undefined
            ? { reason: 'reset', detail: 'the endpoint ended the connection without a response' }
            : socketFailure(this.#error),
        )
        break
    }
  }

  #close(): void {
    if (this.#closed) return
    this.#gathered.pass()
    this.#closed = true
    this.#loseLongBuffer()
    const error = this.#error
    const failure = error === undefined ? undefined : socketFailure(error)
    if (this.#exchange !== undefined && !this.#ended) {
      this.#fail(
        this.#receivedByte
          ? { reason: 'truncated', detail: failure?.detail ?? 'the connection closed within the response' }
          : (failure ?? { reason: 'reset', detail: 'the connection closed without a response' }),
      )
    }
    this.#owner.onClosed(
      this,
      this.connected ? undefined : (failure ?? { reason: 'reset', detail: 'closed while it was opened' }),
    )
  }

  /** The client may not have taken all of it yet. */
  #loseLongBuffer(): void {
    if (this.#longBuffer === undefined) return
    this.#longBuffer = undefined
    this.#longBuffers.lose()
  }

  #fail(failure: UpstreamFailure): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#loseLongBuffer()
    this.#socket.destroy()
    this.#owner.onFailed(this)
    exchange?.onFailure(failure)
  }
}
