import type { PoolClient } from './pool-client.ts'

/** A place in the queue. */
export interface Place {
  readonly servername: string
  readonly sinceMs: number
}

/** What one client has of the pool. */
export class ClientShare {
  readonly client: string
  /** Connections, those that are being opened for it among them. */
  held = 0
  readonly queued = new Map<PoolClient, Place>()

  constructor(client: string) {
    this.client = client
  }

  get total(): number {
    return this.held + this.queued.size
  }
}

/**
 * Which client has how much of a pool of which everything is in use, and which exchanges wait: kept only while one does, so that a request that
 * finds a connection costs nothing here. Clients are counted by {@link clientNetwork}.
 */
export class PoolShares {
  readonly #shares = new Map<string, ClientShare>()
  /** Those that have places in the queue; a client that was served goes to the end. */
  readonly #lines = new Set<ClientShare>()
  #queued = 0

  /** How many wait. */
  get queued(): number {
    return this.#queued
  }

  /** Of how many clients the pool is. */
  get clients(): number {
    return this.#shares.size
  }

  of(client: string): ClientShare {
    let share = this.#shares.get(client)
    if (share === undefined) {
      share = new ClientShare(client)
      this.#shares.set(client, share)
    }
    return share
  }

  hold(client: string): void {
    this.of(client).held++
  }

  leave(client: string): void {
    const share = this.#shares.get(client)
    if (share === undefined) return
    share.held--
    this.#forget(share)
  }

  enqueue(waiter: PoolClient, servername: string, sinceMs: number): void {
    const share = this.of(waiter.client)
    share.queued.set(waiter, { servername, sinceMs })
    this.#lines.add(share)
    this.#queued++
  }

  /** False: it does not wait. */
  delete(waiter: PoolClient): boolean {
    const share = this.#shares.get(waiter.client)
    if (share?.queued.delete(waiter) !== true) return false
    this.#queued--
    if (share.queued.size === 0) this.#lines.delete(share)
    this.#forget(share)
    return true
  }

  /**
   * Takes the next one out of the queue: the first of the client that holds fewest connections; among equals, by turns.
   * `servername`: only one that waits for a connection to it.
   */
  next(servername?: string): { readonly waiter: PoolClient; readonly servername: string } | undefined {
    let fewest: ClientShare | undefined
    let next: { readonly waiter: PoolClient; readonly servername: string } | undefined
    for (const share of this.#lines) {
      if (fewest !== undefined && share.held >= fewest.held) continue
      const first = firstFor(share, servername)
      if (first === undefined) continue
      fewest = share
      next = first
      if (share.held === 0) break
    }
    if (next === undefined || fewest === undefined) return undefined
    this.#lines.delete(fewest)
    this.delete(next.waiter)
    if (fewest.queued.size > 0) this.#lines.add(fewest)
    return next
  }

  /** The last to come of the client with the most, if a place for `client` is fairer: undefined, if it is not. */
  greediestBeside(client: string): PoolClient | undefined {
    let greediest: ClientShare | undefined
    for (const share of this.#lines) if (greediest === undefined || share.total > greediest.total) greediest = share
    if (greediest === undefined || greediest.total <= (this.#shares.get(client)?.total ?? 0) + 1) return undefined
    return [...greediest.queued.keys()].at(-1)
  }

  /** Those that have waited since `sinceMs` or longer; of each client `most` at most. */
  waitingSince(sinceMs: number, most: number): { readonly share: ClientShare; readonly sinceMs: number }[] {
    const waiting: { share: ClientShare; sinceMs: number }[] = []
    for (const share of this.#lines) {
      let left = most
      for (const place of share.queued.values()) {
        // In order of arrival.
        if (place.sinceMs > sinceMs || left-- === 0) break
        waiting.push({ share, sinceMs: place.sinceMs })
      }
    }
    return waiting
  }

  /** Takes those out of the queue that have waited since `sinceMs` or longer. */
  expire(sinceMs: number): readonly PoolClient[] {
    const expired: PoolClient[] = []
    for (const share of this.#lines) {
      for (const [waiter, place] of share.queued) {
        if (place.sinceMs > sinceMs) break
        expired.push(waiter)
      }
    }
    for (const waiter of expired) this.delete(waiter)
    return expired
  }

  #forget(share: ClientShare): void {
    if (share.total === 0) this.#shares.delete(share.client)
  }
}

function firstFor(share: ClientShare, servername: string | undefined) {
  for (const [waiter, place] of share.queued) {
    if (servername === undefined || place.servername === servername) return { waiter, servername: place.servername }
  }
  return undefined
}
