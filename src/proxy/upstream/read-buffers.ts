/** Of the buffer that a connection keeps: a head, and all of most objects. */
export const readBufferBytes = 64 * 1024

/**
 * Of a buffer that is lent for a long body. A read and a write cost the kernel a wake-up each, however much they carry
 * (`bench --scenario get-1m`).
 */
export const longReadBytes = 512 * 1024

/** So long a buffer is kept that is not needed: those of a load that comes and goes are not allocated again and again. */
const keepMs = 5000

/**
 * Long read buffers, lent to connections whose body has more to come: at most `limit` at a time, however many connections
 * there are. A connection that gets none reads on in its own.
 *
 * A buffer is lent again only after its borrower gave it back, which it may do when nothing reads into it and nothing is still
 * to be sent from it. A borrower that cannot be sure drops it instead: the collector frees it when the last reference is gone.
 */
export class ReadBuffers {
  readonly #limit: number
  readonly #free: Buffer[] = []
  #lent = 0
  /** The fewest that were free since the last trim: that many were not needed. */
  #unused = 0
  #trimmedAtMs = Number.NEGATIVE_INFINITY

  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many are lent, and how many are kept for the next: for tests. */
  get size(): { readonly lent: number; readonly free: number } {
    return { lent: this.#lent, free: this.#free.length }
  }

  /** One of `longReadBytes`; undefined when all are lent. */
  lend(): Buffer | undefined {
    if (this.#lent >= this.#limit) return undefined
    this.#lent++
    // Never from Node's shared pool, and not zeroed: only what was read is ever looked at.
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(longReadBytes)
    this.#unused = Math.min(this.#unused, this.#free.length)
    return buffer
  }

  /** Takes a lent buffer back that is no longer read into or sent from. */
  takeBack(buffer: Buffer): void {
    this.#lent--
    this.#free.push(buffer)
  }

  /** A lent buffer does not come back. */
  lose(): void {
    this.#lent--
  }

  /**
   * Frees what was not needed for a while. Called by the shared ticker. Left to the garbage collector, buffers would make it mark the whole heap
   * (`--trace-gc` under `bench --scenario https-1m`).
   */
  trim(nowMs: number): void {
    if (nowMs - this.#trimmedAtMs < keepMs) return
    this.#trimmedAtMs = nowMs
    for (const { buffer } of this.#free.splice(0, this.#unused)) {
      if (buffer instanceof ArrayBuffer) buffer.transfer(0)
    }
    this.#unused = this.#free.length
  }
}
