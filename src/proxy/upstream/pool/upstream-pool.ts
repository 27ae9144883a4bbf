import { ReadBuffers } from '../read-buffers.ts'
import type { ResponseLimits } from '../response/response-parser.ts'
import type { OpenSocket } from '../socket-reader.ts'
import { type ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts'
import type { UpstreamFailure } from '../upstream-failure.ts'
import { Doubts } from './doubts.ts'
import { IdleConnections } from './idle-connections.ts'
import type { PoolClient, PoolConnection } from './pool-client.ts'
import { PoolQueue, type QueueOptions } from './pool-queue.ts'

/** Idle for less, a connection carries a request as if it had not been: what it would wait for costs more. */
const briefIdleMs = 10

/** Bounds of the pool; times in milliseconds. */
export interface PoolOptions extends QueueOptions {
  readonly open: OpenSocket
  /** Read buffers for long responses. */
  readonly longBuffers: number
  readonly connectMs: number
  /** The most that an unused connection is kept. */
  readonly keepAliveMs: number
  readonly parserLimits: ResponseLimits
  readonly now: () => number
}

/**
 * The connections to one endpoint: at most `connections` exist, at most `queue` exchanges wait, each at most `queueMs`. While some
 * wait, the clients share what there is, and the slow give way.
 */
export class UpstreamPool implements ConnectionOwner {
  /** Of connections that may be lost. */
  readonly doubts = new Doubts()
  readonly #options: PoolOptions
  readonly #all = new Set<PoolConnection>()
  readonly #idle: IdleConnections
  readonly #opening = new Map<PoolConnection, PoolClient | undefined>()
  readonly #queue: PoolQueue
  readonly #longBuffers: ReadBuffers
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#queue = new PoolQueue(options, this.#all)
    this.#idle = new IdleConnections(options.keepAliveMs)
    this.#longBuffers = new ReadBuffers(options.longBuffers)
  }

  /** How many there are: for tests and the admin port. */
  get size(): { readonly connections: number; readonly idle: number; readonly queued: number } {
    return { connections: this.#all.size, idle: this.#idle.size, queued: this.#queue.size }
  }

  /** All connections are in use: an exchange that asks for one waits. */
  get exhausted(): boolean {
    return this.#idle.size === 0 && this.#all.size >= this.#options.connections
  }

  /**
   * Gives `waiter` a connection, at once where one is idle. `fresh`: only one that has carried nothing yet, for the one
   * retry after a keep-alive race.
   */
  acquire(waiter: PoolClient, servername: string, fresh: boolean): void {
    const now = this.#options.now()
    const connection = fresh ? undefined : this.#idle.take(servername, waiter.repeatable, now)
    if (connection !== undefined) {
      if (waiter.repeatable || connection.idleMs < briefIdleMs) this.#give(connection, waiter)
      else this.#giveNextTurn(connection, waiter, now)
      return
    }
    // Those that are idle are too old for it: it gets a fresh one in the place of the oldest.
    if (!fresh && !waiter.repeatable) this.#discard(this.#idle.takeOldest(now, servername))
    if (this.#all.size < this.#options.connections || this.#discardIdle()) this.#open(waiter, servername)
    else this.#queue.add(waiter, servername, now)
  }

  /** The waiter has left: it is told nothing more, and nothing goes to the endpoint for it. */
  cancel(waiter: PoolClient): void {
    if (this.#queue.delete(waiter)) return
    for (const [connection, opener] of this.#opening) {
      if (opener !== waiter) continue
      this.#opening.set(connection, undefined)
      this.#queue.takeBack(connection)
      // No other exchange will want it.
      if (this.#closed) connection.destroy()
    }
  }

  /** Takes back a connection whose exchange is over. One whose state is in doubt is destroyed. */
  release(connection: PoolConnection): void {
    this.#queue.takeBack(connection)
    if (this.#closed || !connection.reusable) {
      connection.destroy()
      return
    }
    if (connection.reused) this.#idle.onSurvived(connection)
    connection.detach()
    this.#offer(connection)
  }

  onConnected(connection: PoolConnection): void {
    const waiter = this.#opening.get(connection)
    this.#opening.delete(connection)
    connection.activeMs = this.#options.now()
    connection.handshakeMs = connection.activeMs - connection.sinceMs
    if (waiter === undefined) this.#offer(connection)
    else waiter.onConnection(connection)
  }

  /** No answer comes on a connection that was idle for long. */
  onLost(connection: PoolConnection): void {
    this.#idle.onLost(connection, this.#options.now())
  }

  onFailed(connection: PoolConnection): void {
    if (connection.reused && !connection.answered) this.onLost(connection)
    this.#all.delete(connection)
    this.#queue.takeBack(connection)
  }

  onClosed(connection: PoolConnection, failure: UpstreamFailure | undefined): void {
    this.#all.delete(connection)
    this.#queue.takeBack(connection)
    this.#idle.onClosed(connection, this.#options.now())
    const waiter = this.#opening.get(connection)
    this.#opening.delete(connection)
    if (waiter !== undefined) {
      if (connection.reused) {
        if (connection.endedByPeer) this.onLost(connection)
        this.acquire(waiter, connection.servername, true)
      } else waiter.fail(failure ?? { reason: 'reset', detail: 'closed while it was opened' })
    }
    this.#serveQueue()
  }

  /** Ends what has outlived its time. Called by the shared ticker, so no connection has a timer of its own. */
  sweep(): void {
    const now = this.#options.now()
    for (const [connection, waiter] of this.#opening) {
      if (now - connection.sinceMs < this.#options.connectMs) continue
      this.#opening.delete(connection)
      connection.destroy()
      waiter?.fail({ reason: 'timeout', detail: 'the endpoint did not accept the connection in time' })
    }
    this.#queue.tend(now)
    this.#idle.sweep(now)
    this.#longBuffers.trim(now)
  }

  /** Ends idle connections, now and when they are released. Exchanges under way go on. */
  close(): void {
    this.#closed = true
    this.#idle.close()
    for (const [connection, opener] of this.#opening) {
      if (opener === undefined) connection.destroy()
    }
  }

  #give(connection: PoolConnection, waiter: PoolClient): void {
    this.#queue.lend(connection, waiter)
    waiter.onConnection(connection)
  }

  /**
   * Gives it in the next turn of the event loop, unless the endpoint has ended it. Its end may have come together with the request,
   * and would be read after it.
   */
  #giveNextTurn(connection: PoolConnection, waiter: PoolClient, nowMs: number): void {
    this.#queue.lend(connection, waiter)
    connection.sinceMs = nowMs
    this.#opening.set(connection, waiter)
    setImmediate(() => {
      if (!connection.reusable || !this.#opening.has(connection)) return // 'close' has come, or follows
      const stays = this.#opening.get(connection)
      this.#opening.delete(connection)
      if (stays === undefined) this.#offer(connection)
      else stays.onConnection(connection)
    })
  }

  // Full of idle connections to other server names: one of them makes room.
  #discardIdle(): boolean {
    return this.#discard(this.#idle.takeOldest(this.#options.now()))
  }

  #discard(connection: PoolConnection | undefined): boolean {
    if (connection === undefined) return false
    this.#all.delete(connection)
    connection.destroy()
    return true
  }

  #open(waiter: PoolClient, servername: string): void {
    const { open, parserLimits } = this.#options
    const connection = new UpstreamConnection<PoolClient>(open, servername, this, parserLimits, this.#longBuffers)
    connection.sinceMs = this.#options.now()
    this.#all.add(connection)
    this.#opening.set(connection, waiter)
    this.#queue.lend(connection, waiter)
  }

  #offer(connection: PoolConnection): void {
    const next = this.#queue.next(connection.servername)
    const now = this.#options.now()
    if (next !== undefined) {
      if (next.waiter.repeatable || this.#idle.isCertain(connection, now)) this.#give(connection, next.waiter)
      else {
        this.#all.delete(connection)
        connection.destroy()
        this.#open(next.waiter, next.servername)
      }
      return
    }
    this.#idle.add(connection, now)
    // What waits, waits for another server name.
    if (this.#queue.size > 0 && this.#discardIdle()) this.#serveQueue()
  }

  #serveQueue(): void {
    while (this.#all.size < this.#options.connections) {
      const next = this.#queue.next()
      if (next === undefined) return
      this.#open(next.waiter, next.servername)
    }
  }
}
