import type { Policy } from '../cors/decision/policy.ts'
import type { StoredRuleFault } from '../cors/parsing/stored-rules.ts'
import type { RulesPlace } from '../cors/rules/rule.ts'

/** What happens to a request that the rules deny: S3's own way, a refusal, or nothing but a count. */
export type Enforcement = 'headers' | 'block' | 'report'

/** Where a bucket's rules come from. */
export type PolicySource = 'yaml' | 'file' | 'upstream' | 'managed' | 'none'

/**
 * What is known of a bucket's rules at this moment. `unknown` never means allow: a preflight is answered 503, an actual
 * request gets no CORS headers.
 */
export type RuleState =
  | { readonly kind: 'rules'; readonly policy: Policy }
  /** `unsupported`: the endpoint was asked and does not know `?cors`; e.g. `501 NotImplemented`. */
  | { readonly kind: 'none'; readonly unsupported?: string | undefined }
  | { readonly kind: 'no-such-bucket' }
  /** `why`: what the source said instead, for a person. */
  | { readonly kind: 'unknown'; readonly why?: string | undefined }

/** The policy of one bucket, as one request reads it: taken once, before the request is forwarded. */
export interface BucketPolicy {
  /** An entry, or `"*"`, names the bucket, whether or not it has rules now. */
  readonly governed: boolean
  /** An entry names the bucket itself, so that its name may be a metric label. */
  readonly named: boolean
  readonly source: PolicySource
  readonly enforcement: Enforcement
  readonly state: RuleState
  /** Where the rules, or the entry that says whence they come, are written. */
  readonly place?: RulesPlace | undefined
}

/** One bucket's line on the admin port. Times are milliseconds since the epoch. */
export interface BucketStatus {
  /** The bucket's name, or `*` for every bucket that no entry names. */
  readonly bucket: string
  readonly source: PolicySource
  readonly enforcement: Enforcement
  /** `rules-with-faults`: they are known and hold, as far as S3 would have taken them; `faults` says what does not. */
  readonly state: RuleState['kind'] | 'rules-with-faults'
  readonly rules: number
  /** What the endpoint keeps although S3 refuses it, rule by rule; absent where there is nothing of the kind. */
  readonly faults?: readonly StoredRuleFault[] | undefined
  /** When the source last gave a usable answer; absent when it never did or has nothing to fetch. */
  readonly fetchedAt?: number | undefined
  readonly ageSeconds?: number | undefined
  readonly lastResult?: string | undefined
  readonly nextTryAt?: number | undefined
  /** Anything a person should know, such as a `PUT ?cors` that was forwarded without effect. */
  readonly notes?: readonly string[] | undefined
}

/** Answers which policy a bucket has now. */
export interface PolicyLookup {
  /** The policy at hand, without waiting; undefined when it must be loaded first. */
  peek(bucket: string): BucketPolicy | undefined
  /** The policy, after at most one bounded call to its source. Never rejects. */
  load(bucket: string): Promise<BucketPolicy>
  /** What is known at this moment, for a person: never asks a source, however old that is, and never waits. */
  inspect(bucket: string): BucketPolicy
  /** Every configured bucket, for the admin port. */
  describe(): readonly BucketStatus[]
}
