import type { UpstreamPool } from '../../proxy/upstream/pool/upstream-pool.ts'

/** What has to be known of a pool here. */
export type RetiredPool = Pick<UpstreamPool, 'sweep' | 'size'>

/**
 * The pools of former configurations, each until nothing of it is left. A request that waited for its rules while the
 * configuration was replaced comes back to the pool that it began with, so a pool may be added again.
 */
export class RetiredPools {
  readonly #pools = new Set<RetiredPool>()

  /** How many still have something under way. */
  get size(): number {
    return this.#pools.size
  }

  /** Watches over a closed pool from now on. */
  add(pool: RetiredPool): void {
    this.#pools.add(pool)
  }

  /** Ends what has outlived its time, and forgets the pools that are empty; called by the shared ticker. */
  sweep(): void {
    for (const pool of this.#pools) {
      pool.sweep()
      const { connections, queued } = pool.size
      if (connections === 0 && queued === 0) this.#pools.delete(pool)
    }
  }
}
