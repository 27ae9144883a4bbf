/** The least that is waited for an answer on a connection that may be lost. */
const leastPatienceMs = 3000
/** So many are sent again at a time: a browser has six connections to one server. */
const maxUnderWay = 6

/**
 * When a request is sent again because its connection may be lost, and for how many at a time. An endpoint that is merely slow is not asked
 * everything twice: whenever a connection answers after all, the next request waits twice as long.
 */
export class Doubts {
  #patienceMs = leastPatienceMs
  #underWay = 0

  /** Whether a request that has waited so long is sent again now. If so, one of the others is called once. */
  begin(waitedMs: number): boolean {
    if (waitedMs < this.#patienceMs || this.#underWay >= maxUnderWay) return false
    this.#underWay++
    return true
  }

  /** The connection has answered, so long after it was asked. */
  onAnswered(waitedMs: number): void {
    this.#underWay--
    this.#patienceMs = Math.max(this.#patienceMs, 2 * waitedMs)
  }

  /** The other connection has answered before it. */
  onLost(): void {
    this.#underWay--
    this.#patienceMs = Math.max(leastPatienceMs, this.#patienceMs / 2)
  }

  /** It has ended, or neither is needed any more. */
  onDropped(): void {
    this.#underWay--
  }
}
