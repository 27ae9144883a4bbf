import { ownCopy } from '../../text/own-copy.ts'

/** Decides which refusals are worth a line. */
export interface RefusalSampler {
  /** How many refusals of this tuple were not logged since its last line; undefined if this one is not to be either. */
  admit(refusal: SampledRefusal, nowMs: number): number | undefined
}

/** What makes one refusal the same as another. */
export interface SampledRefusal {
  readonly origin?: string | undefined
  readonly bucket?: string | undefined
  readonly reason: string
  /** What was asked: an operator that mends one mistake and makes another has to read of it. */
  readonly asked?: string | undefined
  /** The rules, or whatever else it was refused by: another object is another tuple. Not kept alive. */
  readonly basis?: object | undefined
}

/** The bounds of {@link createRefusalSampler}. */
export interface SamplingBounds {
  /** A tuple has at most one line in this time. */
  readonly intervalMs: number
  /** Tuples remembered; the longest unseen line goes first. */
  readonly tuples: number
  /** Lines at once over all tuples, and lines a second after that: a flood of invented origins repeats no tuple. */
  readonly burst: number
  readonly linesPerSecond: number
}

/** A line a minute per tuple; ten a second in all, which is a gigabyte a week at worst and still shows that it happens. */
export const defaultSampling: SamplingBounds = { intervalMs: 60_000, tuples: 1024, burst: 50, linesPerSecond: 10 }

/** Of a name in a key: longer ones that begin alike are sampled as one. */
const maxPartLength = 256
/** Of a method and names of header fields: a page that needs more than thirty is rare. */
const maxAskedLength = 512

interface Remembered {
  readonly loggedAtMs: number
  readonly basis: WeakRef<object> | undefined
  suppressed: number
}

/**
 * Admits the first refusal of each tuple of origin, bucket, reason, what was asked and by which rules, then one per interval with what
 * it left out.
 */
export function createRefusalSampler(bounds: SamplingBounds = defaultSampling): RefusalSampler {
  const remembered = new Map<string, Remembered>()
  let tokens = bounds.burst
  let refilledAtMs = Number.NEGATIVE_INFINITY
  // A page that is refused comes again and again: to compare a key is cheaper than to find it (`bench --scenario preflight-denied`).
  let lastKey = ''
  let last: Remembered | undefined

  function takeToken(nowMs: number): boolean {
    if (nowMs > refilledAtMs) {
      tokens = Math.min(bounds.burst, tokens + ((nowMs - refilledAtMs) / 1000) * bounds.linesPerSecond)
    }
    refilledAtMs = nowMs
    if (tokens < 1) return false
    tokens--
    return true
  }

  return {
    admit({ origin, bucket, reason, asked, basis }, nowMs) {
      const key = `${reason} ${bucket?.slice(0, maxPartLength)} ${origin?.slice(0, maxPartLength)} ${asked?.slice(0, maxAskedLength)}`
      const known = key === lastKey ? last : remembered.get(key)
      lastKey = key
      last = known
      const due = known === undefined || nowMs - known.loggedAtMs >= bounds.intervalMs || known.basis?.deref() !== basis
      if (!due || !takeToken(nowMs)) {
        if (known !== undefined) known.suppressed++
        return undefined
      }
      // Taken out and put back, so that the first key of the map is the one whose line is oldest.
      remembered.delete(key)
      if (remembered.size >= bounds.tuples) {
        for (const oldest of remembered.keys()) {
          remembered.delete(oldest)
          break
        }
      }
      const weak = basis === undefined ? undefined : new WeakRef(basis)
      last = { loggedAtMs: nowMs, basis: weak, suppressed: 0 }
      remembered.set(ownCopy(key), last)
      return known?.suppressed ?? 0
    },
  }
}
