import { setTimeout as sleep } from 'node:timers/promises'

/** What becomes of an answer to a wrong token. */
export interface WrongTokens {
  /** Resolves when the answer may leave; false: too many wait already, and the connection is not worth keeping. */
  wait(): Promise<boolean>
}

const delayMs = 1000

/** A quarter of the connections that the admin port has. */
const maxWaiting = 64

/**
 * Slows a caller that guesses. The right token never comes here: it is known at once, however many guess meanwhile, so that no
 * stranger can keep the operator out. A token of 16 characters cannot be guessed at any rate that a port takes; the delay keeps
 * the log and the processor from being busy with it.
 */
export function createWrongTokens(waitMs = delayMs): WrongTokens {
  let waiting = 0
  return {
    async wait() {
      if (waiting >= maxWaiting) return false
      waiting++
      await sleep(waitMs, undefined, { ref: false })
      waiting--
      return true
    },
  }
}
