import type { StoredRuleFault } from '../../cors/parsing/stored-rules.ts'
import type { ListBuckets } from '../../s3/endpoint/list-buckets.ts'
import type { SetTimer } from '../clock.ts'
import type { PolicySource } from '../policy-lookup.ts'
import type { FetchResult, RuleAnswer, RuleEntry, RuleTimes } from './rule-freshness.ts'

/** One answer, as the metric and the log need it. */
export interface FetchEvent {
  readonly bucket: string
  readonly named: boolean
  readonly result: FetchResult
  readonly detail: string | undefined
  readonly durationMs: number
  /** Another result than the time before: worth a line in the log, where the same again is not. */
  readonly changed: boolean
  /** What is wrong with rules that came. */
  readonly faults?: readonly StoredRuleFault[] | undefined
}

/** The rules of an endpoint that a later instance can take over; opaque. */
export interface CachedRules {
  readonly upstream: string
  readonly entries: ReadonlyMap<string, RuleEntry>
}

/** How many calls a source is spared. */
export interface FetchBounds {
  readonly running: number
  /** Of the calls that run, those about buckets that no entry names: the others are left to named ones, so that a slow flood cannot hold them up. */
  readonly othersRunning: number
  /** Others that may wait for a place. */
  readonly othersWaiting: number
  /** New names under `"*"` that may be asked about in a second, all clients together. */
  readonly newNamesPerSecond: number
}

/**
 * For an endpoint. Eight at once: enough for hundreds of buckets a minute, too few to be felt. Of more than 64 that wait the
 * last would be reached after its client has given up.
 */
export const endpointBounds: FetchBounds = { running: 8, othersRunning: 6, othersWaiting: 64, newNamesPerSecond: 20 }

/** What the rules are taken from and how long they hold. */
export interface UpstreamSource {
  readonly getBucketCors: (bucket: string, signal?: AbortSignal) => Promise<RuleAnswer>
  /** Those for an endpoint unless told. */
  readonly bounds?: FetchBounds | undefined
  /** Absent: names under `"*"` are only held back by their budget. */
  readonly listBuckets?: ListBuckets | undefined
  readonly times: RuleTimes & { readonly timeoutSeconds: number }
  /** Says which endpoint, in whose name: cached rules pass on only between equal ones. */
  readonly upstream: string
  /** What the policies say they come from; `upstream` unless told. */
  readonly kind?: PolicySource | undefined
  readonly onFetch?: ((event: FetchEvent) => void) | undefined
  /** Milliseconds since the epoch; must never step back. */
  readonly now?: (() => number) | undefined
  readonly setTimer?: SetTimer | undefined
  /** [0, 1). */
  readonly random?: (() => number) | undefined
}
