import type { RuleSetSize } from '../rule-set.ts'

/** A request that a load repeats. */
export interface RepeatedRequest {
  readonly method: string
  readonly target: string
  /** `Name: value`, Host included; framing is the client's own. */
  readonly fields: readonly string[]
  readonly bodyBytes: number
  /** Sends `Expect: 100-continue` and the body only after the 100. */
  readonly expectsContinue?: boolean | undefined
  readonly connections: number
  /** HTTP/1.1 over TLS. */
  readonly tls?: boolean | undefined
  /** Requests that are under way at once in each connection; absent: one. */
  readonly streams?: number | undefined
  /** Preflights for so many buckets in turn, instead: what stands in caches is then no help. */
  readonly byBucket?: RuleSetSize | undefined
}

/** What a load saw. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Received, heads included. */
  readonly bytes: number
  /** Statuses of 400 and above. */
  readonly badStatuses: number
  readonly socketErrors: number
  /** At a fixed rate: what was due while 512 requests waited for their answer. That is a rate too high, not an error. */
  readonly unsent?: number | undefined
}

/** The same, of a load that times each request. */
export interface TimedLoadResult extends LoadResult {
  /** Time to the whole response in microseconds. */
  readonly p50: number
  readonly p99: number
}
