// How many calls may be made for names that only a client has named: a token bucket on a given clock.

/** Says whether one more call may be made now, and counts it. */
export type CallBudget = () => boolean

/** At most `perSecond` calls a second, and as many at once after a pause. */
export function createCallBudget(perSecond: number, now: () => number): CallBudget {
  let tokens = perSecond
  let filledAt = now()
  return () => {
    const at = now()
    tokens = Math.min(perSecond, tokens + (Math.max(0, at - filledAt) * perSecond) / 1000)
    filledAt = at
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
