// What is known of one bucket's rules, and what an answer of the endpoint changes about it. Pure: the clock and the die are passed in.

import { compilePolicy } from '../../cors/decision/policy.ts'
import { describeStoredFault, type StoredRuleFault } from '../../cors/parsing/stored-rules.ts'
import { type FetchFailure, fetchFailureReasons } from '../../s3/endpoint/fetch-failure.ts'
import type { CorsFetchResult } from '../../s3/endpoint/get-bucket-cors.ts'
import type { RuleState } from '../policy-lookup.ts'

/** How long answers hold; the configuration's `rules`. */
export interface RuleTimes {
  readonly freshSeconds: number
  readonly staleSeconds: number
  readonly negativeSeconds: number
}

/** What a call for rules can come to: also the label `result` of the metric. */
export const fetchResults = [
  'rules',
  'rules-with-faults',
  'none',
  'unsupported',
  'no-such-bucket',
  ...fetchFailureReasons,
] as const

/** One of {@link fetchResults}. */
export type FetchResult = (typeof fetchResults)[number]

/** One bucket's entry: a value, replaced by each answer. Times are milliseconds of the caller's clock. */
export interface RuleEntry {
  /** What the last usable answer said. */
  readonly state: Exclude<RuleState, { kind: 'unknown' }> | undefined
  /** When it came. */
  readonly fetchedAt: number
  /** Not asked again before this. */
  readonly nextTryAt: number
  /** From then on a request waits for a new answer rather than being given the old one in the meantime. */
  readonly revalidateUntil: number
  /** Failures in a row. */
  readonly failures: number
  /** `unknown`: another process has the rules, and has none yet. */
  readonly lastResult: FetchResult | 'unknown'
  readonly lastDetail: string | undefined
}

/** What a source says: what its endpoint answered, or what another process that asks the endpoint has made of that. */
export type RuleAnswer = CorsFetchResult | { readonly kind: 'entry'; readonly entry: RuleEntry }

/** The result of a fetch whose rules hold, but not wholly as they are stored. */
export const withFaults = 'rules-with-faults'

/** Why a failure: an endpoint that is being replaced, or broken. */
export const forgotRules = 'the endpoint says it has no CORS, after it gave rules'

const secondsMs = 1000
/** 501 and 405 say that the endpoint has no such feature: 5 to 10 minutes, so that many buckets do not ask in step. */
const unsupportedMs = 300 * secondsMs
/** Refused credentials and redirects do not mend themselves by being asked again. */
const hopelessMs = 60 * secondsMs
const firstBackoffMs = 500
const maxBackoffMs = 30 * secondsMs
const maxRetryAfterMs = 60 * secondsMs
/** Full jitter can come to nothing; a call at once would make a loop. */
const shortestMs = 50

/** The entry after an answer. `random` gives [0, 1). */
export function afterResult(
  entry: RuleEntry | undefined,
  result: RuleAnswer,
  times: RuleTimes,
  now: number,
  random: () => number,
): RuleEntry {
  switch (result.kind) {
    case 'entry':
      return result.entry
    case 'rules': {
      const state = { kind: 'rules', policy: compilePolicy(result.rules, result.faults) } as const
      const entry = usable(state, 'rules', within(times.freshSeconds, random), times, now)
      const detail = describeFaults(result.faults ?? [])
      return detail === undefined ? entry : { ...entry, lastResult: withFaults, lastDetail: detail }
    }
    case 'no-such-bucket':
      return usable({ kind: 'no-such-bucket' }, 'no-such-bucket', within(times.negativeSeconds, random), times, now)
    case 'none': {
      if (!result.unsupported)
        return usable({ kind: 'none' }, 'none', within(times.negativeSeconds, random), times, now)
      // An endpoint that had rules and now says it knows no such thing is being replaced or is broken: not "none".
      if (entry?.state?.kind === 'rules') {
        return failed(entry, { kind: 'failure', reason: 'server', detail: forgotRules }, now, random)
      }
      const state = { kind: 'none', unsupported: result.said ?? '' } as const
      const holdsMs = unsupportedMs * (1 + random())
      return { ...usable(state, 'unsupported', holdsMs, times, now), lastDetail: result.said }
    }
    case 'failure':
      return failed(entry, result, now, random)
    default: {
      const missing: never = result
      return missing
    }
  }
}

/** What the entry still says at this time: a usable answer holds for `staleSeconds`, then nothing is known. */
export function stateAt(entry: RuleEntry, times: RuleTimes, now: number): RuleState {
  return entry.state !== undefined && now - entry.fetchedAt <= times.staleSeconds * secondsMs ? entry.state : unknown
}

/** True when a request has to wait for the endpoint: nothing is known any more, or what is known was not asked for in a long while. */
export function mustLoad(entry: RuleEntry, times: RuleTimes, now: number): boolean {
  if (now < entry.nextTryAt) return false
  return now >= entry.revalidateUntil || stateAt(entry, times, now).kind === 'unknown'
}

/**
 * The entry once its rules are known to have been replaced: they are in force no longer, not even while the endpoint cannot say
 * what took their place.
 */
export function outdated(entry: RuleEntry): RuleEntry {
  return { ...entry, state: undefined, nextTryAt: 0, revalidateUntil: 0 }
}

/** An entry that another instance made, under durations that may have been longer. */
export function adoptEntry(entry: RuleEntry, times: RuleTimes, now: number): RuleEntry {
  if (entry.failures > 0 || entry.lastResult === 'unsupported') return entry
  const nextTryAt = Math.min(entry.nextTryAt, now + times.freshSeconds * secondsMs)
  return {
    ...entry,
    nextTryAt,
    revalidateUntil: Math.min(entry.revalidateUntil, nextTryAt + times.freshSeconds * secondsMs),
  }
}

/** The state of a bucket of which nothing is known. */
export const unknown: RuleState = Object.freeze({ kind: 'unknown' })

/** The first fault, and how many there are. */
function describeFaults(faults: readonly StoredRuleFault[]): string | undefined {
  const [first] = faults
  if (first === undefined) return undefined
  const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`
  return `${describeStoredFault(first)}${more}`
}

function usable(
  state: NonNullable<RuleEntry['state']>,
  lastResult: FetchResult,
  holdsMs: number,
  times: RuleTimes,
  now: number,
): RuleEntry {
  // Asked again before it turns unknown, however the durations are set.
  const nextTryAt = now + Math.max(shortestMs, Math.min(holdsMs, times.staleSeconds * secondsMs))
  const revalidateUntil = nextTryAt + times.freshSeconds * secondsMs
  return { state, fetchedAt: now, nextTryAt, revalidateUntil, failures: 0, lastResult, lastDetail: undefined }
}

function failed(entry: RuleEntry | undefined, failure: FetchFailure, now: number, random: () => number): RuleEntry {
  const failures = (entry?.failures ?? 0) + 1
  return {
    state: entry?.state,
    fetchedAt: entry?.fetchedAt ?? 0,
    nextTryAt: now + Math.max(shortestMs, delayAfter(failure, failures, random)),
    // While the endpoint fails, no request waits for it as long as there is something to go by.
    revalidateUntil: Number.POSITIVE_INFINITY,
    failures,
    lastResult: failure.reason,
    lastDetail: failure.detail,
  }
}

function delayAfter(failure: FetchFailure, failures: number, random: () => number): number {
  if (failure.reason === 'auth' || failure.reason === 'redirect') return around(hopelessMs / secondsMs, random)
  const backoff = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 10)) * random()
  const asked = Math.min((failure.retryAfterSeconds ?? 0) * secondsMs, maxRetryAfterMs)
  return Math.max(asked, backoff)
}

/** ±10 %, so that buckets fetched together do not expire together, around a point that leaves the longest within what was configured. */
function within(seconds: number, random: () => number): number {
  return around(seconds * 0.9, random)
}

function around(seconds: number, random: () => number): number {
  return seconds * secondsMs * (0.9 + 0.2 * random())
}
