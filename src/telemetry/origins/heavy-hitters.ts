// A bounded summary of which (origin, bucket, reason) tuples come most often, for one decision.

/** One tuple under observation. Objects are recycled: hold none across calls. */
export interface Hitter {
  origin: string
  /** Which label combination the tuple belongs to, numbered by the caller. */
  cell: number
  /** Requests since the tuple was last taken in, aged. What decides between two tuples. */
  seen: number
  /** `seen` and what was inherited from the tuple that had this place before. What decides who is replaced. */
  weight: number
  shown: boolean
  /** Requests since the tuple became a series; a counter, never aged. */
  count: number
  firstSeenMs: number
  lastSeenMs: number
}

/** The heaviest tuples of a stream, in bounded memory. */
export interface HeavyHitters<T extends Hitter> {
  /** Counts one request; answers the tuple if it is a series now (this request included), else undefined. */
  hit(origin: string, cell: number, nowMs: number): T | undefined
  /** The tuples that are series now. */
  readonly shown: readonly T[]
}

/** Weights are halved this often, so that what was heavy last month yields to what is heavy now. */
const halfLifeMs = 15 * 60_000

/**
 * Keeps `limit` tuples shown and `limit × 64` (1024 to 16,384) further candidates.
 *
 * While there is room a tuple is shown at its first request. After that a tuple is shown once it was itself seen, as a
 * candidate, twice as often as the lightest one shown, and twice more; the lightest one then becomes a candidate again. The
 * factor keeps two tuples of like weight from taking turns, which would reset their series each time.
 *
 * `release` is told of each tuple that is shown no longer: only its numbers are needed from then on.
 *
 * Unknown tuples become candidates by the randomised admission policy (Ben Basat et al., "Randomized Admission Policy for
 * Efficient Top-k and Frequency Estimation", INFOCOM 2017): one replaces the lightest candidate, of weight w, with
 * probability 1/(w+1) and takes over w+1. A flood of N tuples seen once raises w only to about √(2N/candidates), 6 for
 * 100,000, where deterministic replacement (Space-Saving) raises it to N/candidates. So a tuple seen some 50 times among
 * 100,000 invented ones is shown with a probability above 99.9 %, and an invented one, seen once, never displaces anything.
 */
export function createHeavyHitters<T extends Hitter>(
  limit: number,
  create: () => T,
  release: (hitter: T) => void,
  random: () => number,
): HeavyHitters<T> {
  const candidateLimit = Math.min(Math.max(limit * 64, 1024), 16_384)
  const known: (Map<string, T> | undefined)[] = []
  const shown: T[] = []
  const candidates: T[] = []
  let agedAtMs = 0
  // No shown tuple has less seen than this, no candidate less weight than that: lower bounds, raised by looking.
  let lightestShown = 0
  let lightestCandidate = 0
  let hand = 0

  function takeIn(hitter: T, origin: string, cell: number, nowMs: number): T {
    hitter.origin = origin
    hitter.cell = cell
    hitter.seen = 1
    hitter.firstSeenMs = nowMs
    hitter.lastSeenMs = nowMs
    let origins = known[cell]
    if (origins === undefined) {
      origins = new Map()
      known[cell] = origins
    }
    origins.set(origin, hitter)
    return hitter
  }

  function show(hitter: T): T {
    hitter.shown = true
    hitter.count = 1
    return hitter
  }

  /** Each turn of the hand that finds nothing at the bound raises it, so a step costs little on average. */
  function findLightestCandidate(): T | undefined {
    let found: T | undefined
    let at = hand
    for (let steps = 0; steps < candidates.length; steps++) {
      const candidate = candidates[hand]
      if (candidate !== undefined) {
        if (candidate.weight <= lightestCandidate) return candidate
        if (found === undefined || candidate.weight < found.weight) {
          found = candidate
          at = hand
        }
      }
      hand = hand + 1 === candidates.length ? 0 : hand + 1
    }
    hand = at
    lightestCandidate = found?.weight ?? 0
    return found
  }

  function consider(origin: string, cell: number, nowMs: number): void {
    if (candidates.length < candidateLimit) {
      const hitter = takeIn(create(), origin, cell, nowMs)
      hitter.weight = 1
      lightestCandidate = Math.min(lightestCandidate, 1)
      candidates.push(hitter)
      return
    }
    const lightest = findLightestCandidate()
    if (lightest === undefined || random() * (lightest.weight + 1) >= 1) return
    known[lightest.cell]?.delete(lightest.origin)
    takeIn(lightest, origin, cell, nowMs).weight++
  }

  function challenge(candidate: T): T | undefined {
    if (candidate.seen < 2 * lightestShown + 2) return undefined
    let at = -1
    let lightest: T | undefined
    for (const [index, hitter] of shown.entries()) {
      if (lightest !== undefined && hitter.seen >= lightest.seen) continue
      lightest = hitter
      at = index
    }
    if (lightest === undefined) return undefined
    lightestShown = lightest.seen
    if (candidate.seen < 2 * lightestShown + 2) return undefined
    lightest.shown = false
    release(lightest)
    lightest.weight = lightest.seen
    lightestCandidate = Math.min(lightestCandidate, lightest.weight)
    candidates[candidates.indexOf(candidate)] = lightest
    shown[at] = candidate
    return show(candidate)
  }

  function age(nowMs: number): void {
    // Past 52 halvings nothing is left of any number of requests.
    const divisor = 2 ** Math.min(Math.floor((nowMs - agedAtMs) / halfLifeMs), 52)
    agedAtMs = nowMs
    lightestShown = 0
    lightestCandidate = 0
    for (const hitters of [shown, candidates]) {
      for (const hitter of hitters) {
        hitter.seen = Math.floor(hitter.seen / divisor)
        hitter.weight = Math.floor(hitter.weight / divisor)
      }
    }
  }

  return {
    shown,
    hit(origin, cell, nowMs) {
      if (nowMs - agedAtMs >= halfLifeMs) age(nowMs)
      const hitter = known[cell]?.get(origin)
      if (hitter !== undefined) {
        hitter.seen++
        hitter.weight++
        hitter.lastSeenMs = nowMs
        if (!hitter.shown) return challenge(hitter)
        hitter.count++
        return hitter
      }
      if (shown.length < limit) {
        const added = show(takeIn(create(), origin, cell, nowMs))
        shown.push(added)
        lightestShown = Math.min(lightestShown, 1)
        return added
      }
      if (limit > 0) consider(origin, cell, nowMs)
      return undefined
    },
  }
}
