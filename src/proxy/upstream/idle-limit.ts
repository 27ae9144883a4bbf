/** What an endpoint is taken to keep an idle connection for while it has shown nothing: limits are whole seconds. */
const assumedMs = 500
/** An end that comes sooner is no idle limit: the endpoint was started anew, or ends connections at random. */
const leastLimitMs = 1000
/** What a request may take on its way, and a connection's end on its way back. */
const marginMs = 1000
/** In this time after an end the limit that follows from it doubles. */
const forgetMs = 30_000

/**
 * How long an endpoint keeps idle connections, as far as it has shown: by connections that were open after it, and by
 * those that it ended. An end is forgotten slowly, since an endpoint that is started anew ends all connections at any age.
 */
export class IdleLimit {
  #survivedMs = 0
  #endedMs = Number.POSITIVE_INFINITY
  #endedAtMs = 0

  /** A connection that was idle so long carried a request, or is still open. */
  survived(idleMs: number): void {
    if (idleMs > this.#survivedMs) this.#survivedMs = idleMs
  }

  /** The endpoint has ended a connection that was idle so long. */
  ended(idleMs: number, nowMs: number): void {
    this.#survivedMs = Math.min(this.#survivedMs, idleMs)
    if (idleMs >= this.#endAfterMs(nowMs)) return
    // From less than this it would take too long to be forgotten.
    this.#endedMs = Math.max(100, idleMs)
    this.#endedAtMs = nowMs
  }

  /**
   * For how long after its last sign of life the endpoint certainly keeps a connection; 0 while that cannot be said. `toldMs`: what it says of itself,
   * the margin taken off; Infinity where it says nothing.
   */
  certainMs(nowMs: number, toldMs: number): number {
    const endMs = this.#endAfterMs(nowMs)
    if (endMs < leastLimitMs) return 0
    const shownMs = toldMs === Number.POSITIVE_INFINITY ? Math.max(assumedMs, this.#survivedMs - marginMs) : toldMs
    return Math.min(shownMs, Math.max(endMs - marginMs, endMs / 2))
  }

  #endAfterMs(nowMs: number): number {
    return this.#endedMs * 2 ** ((nowMs - this.#endedAtMs) / forgetMs)
  }
}
