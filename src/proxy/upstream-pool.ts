import { ReadBuffers } from './read-buffers.ts'
import type { ResponseLimits } from './response-parser.ts'
import type { OpenSocket } from './socket-reader.ts'
import { UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamFailure } from './upstream-failure.ts'
import type { ConnectionOwner } from './upstream-roles.ts'

/** Someone who wants a connection. Told exactly once, unless it cancels. */
export interface PoolWaiter {
  onConnection(connection: UpstreamConnection): void
  onUnavailable(failure: UpstreamFailure): void
}

/** Bounds of the pool; times in milliseconds. */
export interface PoolOptions {
  readonly open: OpenSocket
  readonly connections: number
  readonly queue: number
  readonly queueMs: number
  readonly connectMs: number
  readonly keepAliveMs: number
  readonly parserLimits: ResponseLimits
  readonly now: () => number
}

// 8 MiB.
const longBuffers = 16

/**
 * The connections to one endpoint. The youngest idle one is taken first, so that the others can run out; at most
 * `connections` exist, at most `queue` exchanges wait, each at most `queueMs`.
 */
export class UpstreamPool implements ConnectionOwner {
  readonly #options: PoolOptions
  readonly #all = new Set<UpstreamConnection>()
  readonly #idle: UpstreamConnection[] = []
  readonly #opening = new Map<UpstreamConnection, PoolWaiter | undefined>()
  readonly #queue = new Map<PoolWaiter, { readonly servername: string; readonly sinceMs: number }>()
  readonly #longBuffers = new ReadBuffers(longBuffers)
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** How many there are: for tests and the admin port. */
  get size(): { readonly connections: number; readonly idle: number; readonly queued: number } {
    return { connections: this.#all.size, idle: this.#idle.length, queued: this.#queue.size }
  }

  /**
   * Gives `waiter` a connection, at once where one is idle. `fresh`: only one that has carried nothing yet, for the one
   * retry after a keep-alive race.
   */
  acquire(waiter: PoolWaiter, servername: string, fresh: boolean): void {
    const connection = fresh ? undefined : this.#takeIdle(servername)
    if (connection !== undefined) waiter.onConnection(connection)
    else if (this.#all.size < this.#options.connections || this.#discardIdle()) this.#open(waiter, servername)
    else if (this.#queue.size < this.#options.queue)
      this.#queue.set(waiter, { servername, sinceMs: this.#options.now() })
    else waiter.onUnavailable({ reason: 'queue', detail: `${this.#queue.size} exchanges already wait` })
  }

  /** The waiter has left: it is told nothing more, and nothing goes to the endpoint for it. */
  cancel(waiter: PoolWaiter): void {
    if (this.#queue.delete(waiter)) return
    for (const [connection, opener] of this.#opening) {
      if (opener !== waiter) continue
      this.#opening.set(connection, undefined)
      // Nobody else will want it.
      if (this.#closed) connection.destroy()
    }
  }

  /** Takes back a connection whose exchange is over. One whose state is in doubt is destroyed. */
  release(connection: UpstreamConnection): void {
    if (this.#closed || !connection.reusable) {
      connection.destroy()
      return
    }
    connection.detach()
    this.#offer(connection)
  }

  onConnected(connection: UpstreamConnection): void {
    const waiter = this.#opening.get(connection)
    this.#opening.delete(connection)
    if (waiter === undefined) this.#offer(connection)
    else waiter.onConnection(connection)
  }

  onFailed(connection: UpstreamConnection): void {
    this.#all.delete(connection)
  }

  onClosed(connection: UpstreamConnection, failure: UpstreamFailure | undefined): void {
    this.#all.delete(connection)
    const idleAt = this.#idle.indexOf(connection)
    if (idleAt >= 0) this.#idle.splice(idleAt, 1)
    const waiter = this.#opening.get(connection)
    this.#opening.delete(connection)
    if (waiter !== undefined) waiter.onUnavailable(failure ?? { reason: 'reset', detail: 'closed while it was opened' })
    this.#serveQueue()
  }

  /** Ends what has outlived its time. Called by the shared ticker, so no connection has a timer of its own. */
  sweep(): void {
    const now = this.#options.now()
    for (const [connection, waiter] of this.#opening) {
      if (now - connection.sinceMs < this.#options.connectMs) continue
      this.#opening.delete(connection)
      connection.destroy()
      waiter?.onUnavailable({ reason: 'timeout', detail: 'the endpoint did not accept the connection in time' })
    }
    for (const [waiter, { sinceMs }] of this.#queue) {
      if (now - sinceMs < this.#options.queueMs) break // in order of arrival
      this.#queue.delete(waiter)
      waiter.onUnavailable({ reason: 'queue', detail: 'no connection became free in time' })
    }
    // Oldest first; a destroyed one leaves the list when its socket has closed.
    for (const connection of [...this.#idle]) {
      if (this.#expired(connection, now)) connection.destroy()
    }
    this.#longBuffers.trim()
  }

  /** Ends idle connections, now and when they are released. Exchanges under way go on. */
  close(): void {
    this.#closed = true
    for (const connection of [...this.#idle]) connection.destroy()
    for (const [connection, opener] of this.#opening) {
      if (opener === undefined) connection.destroy()
    }
  }

  #takeIdle(servername: string): UpstreamConnection | undefined {
    const now = this.#options.now()
    for (let i = this.#idle.length - 1; i >= 0; i--) {
      const connection = this.#idle[i]
      if (connection === undefined || connection.servername !== servername) continue
      this.#idle.splice(i, 1)
      if (connection.reusable && !this.#expired(connection, now)) return connection
      connection.destroy()
    }
    return undefined
  }

  // Full of idle connections to other server names: one of them makes room.
  #discardIdle(): boolean {
    const connection = this.#idle.shift()
    if (connection === undefined) return false
    this.#all.delete(connection)
    connection.destroy()
    return true
  }

  #expired(connection: UpstreamConnection, now: number): boolean {
    return now - connection.sinceMs >= Math.min(this.#options.keepAliveMs, connection.keepAliveMs)
  }

  #open(waiter: PoolWaiter, servername: string): void {
    const { open, parserLimits } = this.#options
    const connection = new UpstreamConnection(open, servername, this, parserLimits, this.#longBuffers)
    connection.sinceMs = this.#options.now()
    this.#all.add(connection)
    this.#opening.set(connection, waiter)
  }

  #offer(connection: UpstreamConnection): void {
    for (const [waiter, { servername }] of this.#queue) {
      if (servername !== connection.servername) continue
      this.#queue.delete(waiter)
      waiter.onConnection(connection)
      return
    }
    connection.sinceMs = this.#options.now()
    this.#idle.push(connection)
    // Whoever waits, waits for another server name.
    if (this.#queue.size > 0 && this.#discardIdle()) this.#serveQueue()
  }

  #serveQueue(): void {
    for (const [waiter, { servername }] of this.#queue) {
      if (this.#all.size >= this.#options.connections) return
      this.#queue.delete(waiter)
      this.#open(waiter, servername)
    }
  }
}
