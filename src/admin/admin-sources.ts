import type { Reason } from '../cors/decision/decide.ts'
import type { Explanation } from '../cors/explain/explain.ts'
import type { CorsRule } from '../cors/rules/rule.ts'
import type { BucketStatus, Enforcement, PolicySource, RuleState } from '../policies/policy-lookup.ts'

/** A request that an operator asks about: raw field values. */
export interface ExplainQuery {
  readonly bucket: string
  /** The Host for which a request names no bucket: then that alone is explained. */
  readonly unknownHost?: string | undefined
  readonly method: string
  readonly origin: string | undefined
  readonly requestMethod: string | undefined
  readonly requestHeaders: readonly string[] | undefined
}

/** How often one origin, or the rest of them, was allowed or denied on a bucket. */
export interface OriginCount {
  readonly origin: string
  readonly bucket: string
  readonly decision: 'allowed' | 'denied'
  readonly reason: Reason
  readonly count: number
}

/** Requests of one origin that the rules cannot tell apart. */
export interface SeenRequest {
  readonly bucket: string | undefined
  readonly method: string
  /** Undefined where the fields are no list of names. */
  readonly headers: readonly string[] | undefined
  readonly preflights: number
  readonly actual: number
  /** In `report`. */
  readonly endpointAllowed: number
  readonly endpointRefused: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** How often a rule was the one that allowed a request. */
export interface RuleUse {
  readonly index: number
  readonly id: string | undefined
  readonly count: number
  /** Undefined: nothing since counting began. */
  readonly lastMatchedMs: number | undefined
}

/** A request as an operator types it: the URL of an object may stand for the bucket, and an address for the origin. */
export interface TypedQuery extends ExplainQuery {
  readonly urlOfObject?: string | undefined
}

/** One origin on one bucket as it came last. Times are milliseconds since the epoch. */
export interface OriginLine extends OriginCount {
  readonly lastBucket: string | undefined
  /** Of the reason `unknown_host`: that Host. */
  readonly unknownHost: string | undefined
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** Of `count`; the others are actual requests. */
  readonly preflights: number
  /** What was asked for; with `otherRequests` they add up to `count`. */
  readonly requests: readonly SeenRequest[]
  readonly otherRequests: number
  readonly method: string | undefined
  readonly headers: readonly string[]
  readonly preflight: boolean
  readonly enforcement: Enforcement
  readonly upstreamAllowOrigin: string | undefined
}

/** One refusal, or several of the same one after another. */
export interface LastRefusal {
  /** `invalid` where the request had no serialised origin. */
  readonly origin: string
  readonly bucket: string | undefined
  /** Of the reason `unknown_host`: that Host. */
  readonly unknownHost: string | undefined
  readonly reason: Reason
  readonly method: string | undefined
  readonly headers: readonly string[]
  readonly preflight: boolean
  readonly count: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** A name that pages ask for and the configuration does not have. */
export interface UnknownName {
  readonly name: string
  readonly count: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

/** Buckets and Hosts that the configuration does not name. `others`: requests for names without an entry. */
export interface UnknownAddresses {
  readonly buckets: { readonly names: readonly UnknownName[]; readonly others: number }
  /** `todo`: what makes a Host known, if it is a name of this proxy. */
  readonly hosts: { readonly names: readonly (UnknownName & { readonly todo: string })[]; readonly others: number }
}

/** What is known of origins. */
export interface OriginsSeen {
  readonly lines: readonly OriginLine[]
  /** `other` and `invalid`. */
  readonly rest: readonly OriginCount[]
  readonly overflow: number
  /** Bounded; the earliest first. */
  readonly lastRefusals: readonly LastRefusal[]
}

/** What is on the disk and not in force. */
export interface Refused {
  readonly part: 'configuration' | 'certificate'
  readonly sinceMs: number
  /** What is wrong and where, one line each. Bounded. */
  readonly issues: readonly string[]
}

/** Which configuration is in force, and why what is on the disk is not. Times are milliseconds since the epoch. */
export interface ConfigurationStatus {
  /** Absent where variables and flags say everything. */
  readonly file: string | undefined
  /** Of the file's bytes as they were read; what `sha256sum` says of it. */
  readonly sha256: string | undefined
  readonly sinceMs: number
  /** What the last reload changed, one line each. Bounded. */
  readonly changes: readonly string[]
  /** Settings whose new values wait for a restart. */
  readonly restartRequired: readonly string[]
  readonly refused: readonly Refused[]
}

/** How requests under one name are read. */
export interface NameLine {
  /** Which setting names it; `other labels`: none does, and it has no dot. */
  readonly setting: 'virtualHosts' | 'upstream.url' | 'hosts' | 'other labels'
  readonly name: string | undefined
  /** What the endpoint does with it, as it was asked: with `BUCKET.NAME` of the first two settings. */
  readonly endpoint: 'virtual' | 'path' | 'other' | 'silent' | 'unknown'
  /** Since when that is known; undefined while it is not. */
  readonly sinceMs: number | undefined
  /** Where the bucket is taken from. `both`: Host and path, and both must allow; `none`: every bucket that could be meant must. */
  readonly bucketFrom: 'host' | 'path' | 'both' | 'none'
}

/** What runs. */
export interface ProxyStatus {
  readonly endpoint: string
  /** Where S3 requests are taken; undefined before that. */
  readonly url: string | undefined
  readonly workers: number
  readonly names: readonly NameLine[]
  readonly configuration: ConfigurationStatus
}

/** The rules in force of one bucket. */
export interface BucketRules {
  readonly source: PolicySource
  readonly enforcement: Enforcement
  readonly state: RuleState['kind']
  readonly rules: readonly CorsRule[]
}

/** What came of a reload: any object with a `kind`; `refused` alone is a failure. */
export interface ReloadOutcome {
  readonly kind: string
  /** Faults and warnings, one line each. */
  readonly issues: readonly string[]
}

/** Everything the admin port shows or does, given to it from outside. */
export interface AdminSources {
  readonly version: string
  /** A caller that has it is an operator. Without a token, a caller directly from this machine is. */
  readonly token: string | undefined
  status(): ProxyStatus
  /** What is not ready, by name. */
  notReady(): readonly string[]
  /** Called before counts are shown: brings in what other processes have counted. */
  readonly gather?: (() => Promise<void>) | undefined
  metrics(): Promise<string>
  readonly metricsType: string
  /** Must answer from what is known: asking never triggers a fetch. */
  explain(query: ExplainQuery): Explanation
  /** The same of what a person typed. */
  explainTyped(query: TypedQuery): Explanation
  /** What {@link explain} says of `allowed`, without the reasons: it costs some microseconds. */
  allowsNow(query: ExplainQuery): boolean
  buckets(): readonly BucketStatus[]
  /** The rules in force of a bucket, whatever their source; undefined where no entry governs it. */
  rulesOf(bucket: string): BucketRules | undefined
  origins(): OriginsSeen
  /** What is configured by now is not among them. */
  unknownAddresses(): UnknownAddresses
  /** When counting began. */
  readonly countingSinceMs: number
  /** The rules of a bucket, or of `*`, as they are known now; none where there are none. */
  ruleUses(bucket: string): readonly RuleUse[]
  reload(): Promise<ReloadOutcome>
  /** Fetches a bucket's rules now. Undefined: there is nothing to fetch for a bucket of that name. */
  refresh(bucket: string): Promise<BucketStatus | undefined>
  /** Told of each wrong token, never of the token. */
  tokenRefused?: ((peer: string | undefined) => void) | undefined
  /** Told of what went wrong inside; the client learns nothing of it. */
  failed?: ((error: unknown) => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}
