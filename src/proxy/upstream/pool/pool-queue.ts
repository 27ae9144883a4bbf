import { chooseGivingWay } from './giving-way.ts'
import type { PoolClient, PoolConnection } from './pool-client.ts'
import { PoolShares } from './pool-shares.ts'

/** Bounds of the queue; times in milliseconds. */
export interface QueueOptions {
  readonly connections: number
  readonly queue: number
  readonly queueMs: number
}

const tooSlow = {
  reason: 'slow_client',
  detail: 'others waited for a connection, and this client moved least',
} as const

/** The exchanges that wait for one of the connections of a pool. While some do, shares are counted, and the slow give way. */
export class PoolQueue {
  readonly #options: QueueOptions
  readonly #connections: Iterable<PoolConnection>
  /** While exchanges wait, and until the clock looks next. */
  #shares: PoolShares | undefined

  /** `connections`: all of the pool, as they are. */
  constructor(options: QueueOptions, connections: Iterable<PoolConnection>) {
    this.#options = options
    this.#connections = connections
  }

  /** How many wait. */
  get size(): number {
    return this.#shares?.queued ?? 0
  }

  /** Puts `waiter` last. Of a full queue one is refused: the last of the client with the most, or `waiter`. */
  add(waiter: PoolClient, servername: string, nowMs: number): void {
    const { queue } = this.#options
    if (this.size < queue) {
      this.#shares ??= this.#countShares()
      this.#shares.enqueue(waiter, servername, nowMs)
      return
    }
    const refusal = { reason: 'queue', detail: `${queue} exchanges already wait` } as const
    const refused = this.#shares?.greediestBeside(waiter.client)
    if (refused === undefined) {
      waiter.fail(refusal)
      return
    }
    this.#shares?.delete(refused)
    this.#shares?.enqueue(waiter, servername, nowMs)
    refused.fail(refusal)
  }

  /** False: it does not wait. */
  delete(waiter: PoolClient): boolean {
    return this.#shares?.delete(waiter) === true
  }

  /** Takes the next one out; `servername`: only one that waits for a connection to it. */
  next(servername?: string): { readonly waiter: PoolClient; readonly servername: string } | undefined {
    return this.#shares?.next(servername)
  }

  /** `connection` is now `holder`'s. */
  lend(connection: PoolConnection, holder: PoolClient): void {
    connection.holder = holder
    this.#shares?.hold(holder.client)
  }

  /** `connection` is its holder's no longer. */
  takeBack(connection: PoolConnection): void {
    const { holder } = connection
    if (holder === undefined) return
    connection.holder = undefined
    this.#shares?.leave(holder.client)
  }

  /** Exchanges that have waited too long fail; for those that still wait, the slow give way. */
  tend(nowMs: number): void {
    const shares = this.#shares
    if (shares === undefined) return
    const { connections, queueMs } = this.#options
    for (const waiter of shares.expire(nowMs - queueMs)) {
      waiter.fail({ reason: 'queue', detail: 'no connection became free in time' })
    }
    if (shares.queued === 0) {
      this.#shares = undefined
      return
    }
    const holders: PoolClient[] = []
    for (const { holder } of this.#connections) if (holder !== undefined) holders.push(holder)
    for (const holder of chooseGivingWay({ holders, shares, connections, queueMs, nowMs })) holder.fail(tooSlow)
  }

  #countShares(): PoolShares {
    const shares = new PoolShares()
    for (const { holder } of this.#connections) if (holder !== undefined) shares.hold(holder.client)
    return shares
  }
}
