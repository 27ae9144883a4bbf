// What is told of origins: plain data, which workers send to the primary and the admin port shows.

import type { Reason } from '../../cors/decision/decide.ts'
import type { Enforcement } from '../../policies/policy-lookup.ts'
import type { LastRefusal } from './last-refusals.ts'
import type { SeenRequest } from './seen-requests.ts'

/** One series of `s3cors_origin_requests_total`. */
export interface OriginSeries {
  readonly origin: string
  readonly bucket: string
  readonly decision: 'allowed' | 'denied'
  readonly reason: Reason
  readonly count: number
}

/** One origin on one bucket, for a person. Times are milliseconds since the epoch. */
export interface OriginLine extends OriginSeries {
  /** The bucket of the last request: the name itself also where `bucket` is `other`. */
  readonly lastBucket: string | undefined
  /** The Host of the last request, where the reason is `unknown_host`. */
  readonly unknownHost: string | undefined
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** Of `count`; the others are actual requests. */
  readonly preflights: number
  /** What was asked for, each with its number: together with `otherRequests` they are `count`. */
  readonly requests: readonly SeenRequest[]
  /** How many of `count` have no entry in `requests`, because there is no room for all or they are too long. */
  readonly otherRequests: number
  /** What the rules were asked about last, of what has an entry: Access-Control-Request-Method, else the request's own method. */
  readonly method: string | undefined
  /** The lines of Access-Control-Request-Headers that came with it. */
  readonly headers: readonly string[]
  /** Whether the last request was a preflight. */
  readonly preflight: boolean
  readonly enforcement: Enforcement
  /** In `report`: the Access-Control-Allow-Origin that the endpoint answered, if it did. */
  readonly upstreamAllowOrigin: string | undefined
}

/** What `/origins` shows. */
export interface OriginReport {
  readonly lines: readonly OriginLine[]
  /** The sums under `other` (no series free) and `invalid` (not a serialised origin). */
  readonly rest: readonly OriginSeries[]
  readonly overflow: number
  readonly lastRefusals: readonly LastRefusal[]
}
