/** When a worker that ended is replaced. */
export interface Backoff {
  started(slot: number): void
  /** Milliseconds until another may take the place. */
  ended(slot: number): number
}

/** The first replacement comes soon, because the others carry its share meanwhile. */
const firstMs = 100
const longestMs = 30_000
/** A worker that has lasted this long has started well: ends are counted anew. */
const steadyMs = 60_000

/** Each place waits twice as long as the time before, until a worker there has lasted. */
export function createBackoff(slots: number, now: () => number): Backoff {
  const places = Array.from({ length: slots }, () => ({ startedAtMs: 0, failures: 0 }))
  return {
    started(slot) {
      const place = places[slot]
      if (place !== undefined) place.startedAtMs = now()
    },
    ended(slot) {
      const place = places[slot]
      if (place === undefined) return longestMs
      if (now() - place.startedAtMs >= steadyMs) place.failures = 0
      return Math.min(longestMs, firstMs * 2 ** Math.min(place.failures++, 16))
    },
  }
}
