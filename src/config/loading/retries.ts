/** 5 minutes of polls. */
const mostLooks = 200

/**
 * When a state of the files that could not be read for reasons outside them, such as too many processes, is to be read again:
 * after two looks, then after four, and so on.
 */
export class Retries {
  #state: string | undefined
  #failures = 0
  #looksLeft = 0

  /** The reading of this state failed; answers whether it is the first time. */
  putOff(state: string): boolean {
    const isFirst = state !== this.#state
    this.#state = state
    this.#failures = isFirst ? 1 : this.#failures + 1
    this.#looksLeft = Math.min(2 ** this.#failures, mostLooks)
    return isFirst
  }

  /** Whether it is too early for this state; counts as a look at it. */
  isPutOff(state: string): boolean {
    if (state !== this.#state || this.#looksLeft <= 1) return false
    this.#looksLeft--
    return true
  }

  /** What is in the files now could be read. */
  forget(): void {
    this.#state = undefined
  }
}
