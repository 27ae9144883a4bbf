import { ownCopy } from '../../text/own-copy.ts'

/** Decides which refusals are worth a line. */
export interface RefusalSampler {
  /** How many refusals of this tuple were not logged since its last line; undefined if this one is not to be either. */
  admit(origin: string | undefined, bucket: string | undefined, reason: string, nowMs: number): number | undefined
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

/** Of a name in a key: who sends longer ones that begin alike is sampled as one. */
const maxPartLength = 256

interface Remembered {
  loggedAtMs: number
  suppressed: number
}

/** Admits the first refusal of each tuple of origin, bucket and reason, then one per interval with what it left out. */
export function createRefusalSampler(bounds: SamplingBounds = defaultSampling): RefusalSampler {
  const remembered = new Map<string, Remembered>()
  let tokens = bounds.burst
  let refilledAtMs = Number.NEGATIVE_INFINITY

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
    admit(origin, bucket, reason, nowMs) {
      const key = `${reason} ${bucket?.slice(0, maxPartLength)} ${origin?.slice(0, maxPartLength)}`
      const known = remembered.get(key)
      const due = known === undefined || nowMs - known.loggedAtMs >= bounds.intervalMs
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
      remembered.set(ownCopy(key), { loggedAtMs: nowMs, suppressed: 0 })
      return known?.suppressed ?? 0
    },
  }
}
