import type { GetBucketCors } from '../../s3/endpoint/get-bucket-cors.ts'
import type { ListBuckets } from '../../s3/endpoint/list-buckets.ts'
import type { SetTimer } from '../clock.ts'
import type { PolicySource } from '../policy-lookup.ts'
import type { RuleEntry, RuleTimes } from './rule-entry.ts'

/** One answer, as the metric and the log need it. */
export interface FetchEvent {
  readonly bucket: string
  readonly named: boolean
  /** `rules`, `none`, `unsupported`, `no-such-bucket` or why it failed: a closed set, fit for a label. */
  readonly result: string
  readonly detail: string | undefined
  readonly durationMs: number
  /** Another result than the time before: worth a line in the log, where the same again is not. */
  readonly changed: boolean
}

/** The rules of an endpoint that a later instance can take over; opaque. */
export interface CachedRules {
  readonly upstream: string
  readonly entries: ReadonlyMap<string, RuleEntry>
}

/** What the rules are taken from and how long they hold. */
export interface UpstreamSource {
  readonly getBucketCors: GetBucketCors
  /** Absent: names under `"*"` are only held back by their budget. */
  readonly listBuckets?: ListBuckets | undefined
  readonly times: RuleTimes & { readonly timeoutSeconds: number }
  /** Says which endpoint, in whose name: cached rules pass on only between equal ones. */
  readonly upstream: string
  /** What the policies say they come from; `upstream` unless told. */
  readonly kind?: PolicySource | undefined
  readonly onFetch?: ((event: FetchEvent) => void) | undefined
  /** Given each entry that an answer made, before those who wait for it: for processes that mirror it. */
  readonly onEntry?: ((bucket: string, entry: RuleEntry) => void) | undefined
  /** Milliseconds since the epoch; must never step back. */
  readonly now?: (() => number) | undefined
  readonly setTimer?: SetTimer | undefined
  /** [0, 1). */
  readonly random?: (() => number) | undefined
}
