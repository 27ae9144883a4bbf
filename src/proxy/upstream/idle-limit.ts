/** Sooner than this, nothing on the way forgets an idle connection. */
export const longIdleMs = 5000

/** What an endpoint is taken to keep an idle connection for that has not been seen to end one sooner: limits are whole seconds. */
const assumedMs = 500
/** The same before connections were idle for so long in all: it may end them at random. */
const firstAssumedMs = 10
const enoughSeenMs = 20_000
/** An end that comes sooner is no idle limit: the endpoint was started anew, or ends connections at random. */
const leastLimitMs = 1000
/** What a request may take on its way, and a connection's end on its way back. */
const marginMs = 1000
/** In this time after an end the limit that follows from it doubles. */
const forgetMs = 30_000
/** For so long after an end at random nothing is certain; for twice as long each time that the next comes before that is over. */
const leastRandomMs = 60_000
const mostRandomMs = 30 * 60_000
/** Ends that follow one another more closely have one cause. */
const sameCauseMs = 2000

/**
 * How long an endpoint keeps idle connections, as far as it has shown: by answers on connections that were idle, and by
 * connections that it ended. An end is forgotten slowly, since an endpoint that is started anew ends all connections at any age.
 *
 * An open connection shows nothing: a firewall that forgets one tells neither side.
 */
export class IdleLimit {
  #survivedMs = 0
  /** How long connections were idle, all together. */
  #seenMs = 0
  /** The longest that one was kept, as it seems: until an answer or an end. */
  #keptMs = 0
  #endedMs = Number.POSITIVE_INFINITY
  #endedAtMs = 0
  #randomUntilMs = Number.NEGATIVE_INFINITY
  #randomMs = leastRandomMs

  /** A connection was idle so long, and the endpoint has not ended it. */
  seen(idleMs: number): void {
    this.#seenMs += idleMs
  }

  /** A connection that was idle so long carried a request. */
  survived(idleMs: number): void {
    if (idleMs > this.#survivedMs) this.#survivedMs = idleMs
    if (idleMs > this.#keptMs) this.#keptMs = idleMs
  }

  /** The endpoint has ended a connection that was idle so long, or does not answer on it. */
  ended(idleMs: number, nowMs: number): void {
    if (idleMs < this.#keptMs / 2 && idleMs + marginMs < this.#keptMs) this.#endedAtRandom(nowMs)
    this.#keptMs = idleMs
    this.#survivedMs = Math.min(this.#survivedMs, idleMs)
    if (idleMs >= this.#endAfterMs(nowMs)) return
    // From less than this it would take too long to be forgotten.
    this.#endedMs = Math.max(100, idleMs)
    this.#endedAtMs = nowMs
  }

  /**
   * For how long after its last sign of life the endpoint certainly keeps a connection; 0 while that cannot be said. `toldMs`: what it says of itself,
   * the margin taken off; Infinity where it says nothing. It does not speak for what is on the way.
   */
  certainMs(nowMs: number, toldMs: number): number {
    if (nowMs < this.#randomUntilMs) return 0
    const endMs = this.#endAfterMs(nowMs)
    if (endMs < leastLimitMs) return 0
    const supposedMs = this.#seenMs < enoughSeenMs ? firstAssumedMs : assumedMs
    const unshownMs = toldMs === Number.POSITIVE_INFINITY ? supposedMs : longIdleMs
    const shownMs = Math.max(unshownMs, this.#survivedMs - marginMs)
    return Math.min(toldMs, shownMs, Math.max(endMs - marginMs, endMs / 2))
  }

  /** It has kept another for much longer. */
  #endedAtRandom(nowMs: number): void {
    const beganMs = this.#randomUntilMs - this.#randomMs
    if (nowMs - beganMs < sameCauseMs) return
    this.#randomMs = nowMs < this.#randomUntilMs ? Math.min(2 * this.#randomMs, mostRandomMs) : leastRandomMs
    this.#randomUntilMs = nowMs + this.#randomMs
  }

  #endAfterMs(nowMs: number): number {
    return this.#endedMs * 2 ** ((nowMs - this.#endedAtMs) / forgetMs)
  }
}
