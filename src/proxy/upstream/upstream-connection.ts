import type { Socket } from 'node:net'
import { surviveWriteErrors } from '../node/write-errors.ts'
import { longIdleMs } from './idle-limit.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { ResponseLimits } from './response/response-parser.ts'
import { ResponseReader } from './response-reader.ts'
import type { OpenSocket } from './socket-reader.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'
import { socketFailure, type UpstreamFailure } from './upstream-failure.ts'

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
export class UpstreamConnection<Holder = unknown> {
  readonly servername: string
  /** Was idle, or carried an exchange before this one: a failure before any byte may be the endpoint's keep-alive limit. */
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
  /** The endpoint's own keep-alive limit, where it names one. */
  keepAliveMs = Number.POSITIVE_INFINITY
  /** The endpoint has ended it, while it was idle. */
  endedByPeer = false
  /** A byte came or left since the exchange's timer last looked. */
  active = false
  /** The exchange that the pool lent it to. */
  holder: Holder | undefined

  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #reader: ResponseReader
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
    this.#reader = new ResponseReader(open, servername, this, limits, longBuffers)
    const { socket } = this.#reader
    this.#socket = socket
    surviveWriteErrors(socket)
    // 'secureConnect' also means that the certificate was verified; the pool opens TLS sockets with verification on.
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      this.connected = true
      owner.onConnected(this)
    })
    socket.on('drain', () => this.#reader.exchange?.onDrain())
    socket.on('end', () => this.#finish())
    socket.on('error', error => {
      this.#error = error
      this.endedByPeer = this.#reader.exchange === undefined
    })
    socket.on('close', () => this.#close())
  }

  /** The response in hand cannot be followed by another on this connection. */
  get reusable(): boolean {
    return !this.#closed && !this.#reader.closes && !this.#reader.excess && !this.#socket.destroyed
  }

  /** A byte of the response to this exchange has come: it must never be sent again. */
  get answered(): boolean {
    return this.#reader.answered
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
    this.#reader.begin(exchange, method)
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
    this.#reader.paused = true
  }

  resume(): void {
    if (!this.#reader.paused) return
    this.#reader.paused = false
    this.#socket.resume()
  }

  /** The exchange is over and its bytes have left: the pool may give the connection to another. */
  detach(): void {
    this.#reader.detach()
    this.reused = true
    this.idleMs = 0
    this.resume()
  }

  /**
   * It was idle for long, and not a byte came since. A firewall or a relay may have forgotten it without a word, and a request on it
   * would wait for the response timeout.
   */
  get mayBeLost(): boolean {
    return this.reused && !this.answered && this.idleMs >= longIdleMs
  }

  /** What comes on it is told to `exchange` from now on. */
  handOver(exchange: UpstreamExchange): void {
    this.#reader.exchange = exchange
  }

  /** Ends the connection at once. Whatever was being sent arrives as aborted, never as complete. */
  destroy(): void {
    this.#reader.drop()
    this.#socket.destroy()
  }

  /** The endpoint ends the connection while nothing is asked of it. */
  endByPeer(): void {
    this.endedByPeer = true
    this.#socket.destroy()
  }

  /** Fails the exchange, and ends the connection. */
  fail(failure: UpstreamFailure): void {
    const { exchange } = this.#reader
    this.destroy()
    this.#owner.onFailed(this)
    exchange?.onFailure(failure)
  }

  #finish(): void {
    this.#reader.flush()
    if (this.#reader.exchange === undefined) {
      this.endByPeer()
      return
    }
    const failure = this.#reader.finish(this.#error)
    if (failure !== undefined) this.fail(failure)
  }

  #close(): void {
    if (this.#closed) return
    this.#reader.flush()
    this.#closed = true
    const failure = this.#error === undefined ? undefined : socketFailure(this.#error)
    if (this.#reader.exchange !== undefined && !this.#reader.ended) {
      this.fail(
        this.answered
          ? { reason: 'truncated', detail: failure?.detail ?? 'the connection closed within the response' }
          : (failure ?? { reason: 'reset', detail: 'the connection closed without a response' }),
      )
    }
    this.#owner.onClosed(
      this,
      this.connected ? undefined : (failure ?? { reason: 'reset', detail: 'closed while it was opened' }),
    )
  }
}
