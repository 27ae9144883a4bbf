import type { Reason } from '../../cors/decision/decide.ts'
import type { Enforcement } from '../../policies/policy-lookup.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import type { BucketLabels } from '../metrics/bucket-labels.ts'
import { decisionOf, reasonIndex, reasons } from '../metrics/decision-reason.ts'
import { createHeavyHitters, type Hitter } from './heavy-hitters.ts'
import { isSameList, keepLines, keepText } from './kept-text.ts'
import { isSerialisedOrigin } from './origin-label.ts'

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
  /** What the rules were asked about last: Access-Control-Request-Method, else the request's own method. */
  readonly method: string | undefined
  /** The lines of Access-Control-Request-Headers of the last request. */
  readonly headers: readonly string[]
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
}

/** What the table keeps of a request. */
type OriginRequest = Pick<
  RequestRecord,
  | 'bucket'
  | 'unknownHost'
  | 'origin'
  | 'kind'
  | 'method'
  | 'requestMethod'
  | 'requestHeaders'
  | 'enforcement'
  | 'upstreamAllowOrigin'
>

/** Counts which origins were allowed and denied, in bounded memory. */
export interface OriginTable {
  /** Counts a preflight or an actual request. */
  count(record: RequestRecord, bucketIndex: number): void
  /** Adds what the table of another process has counted. */
  absorb(report: OriginReport): void
  /** How many tuples of origin, bucket and reason are told apart. */
  readonly size: number
  series(): readonly OriginSeries[]
  /** Changes how many origins have places. If that is another number, all series begin anew; `other` stays. */
  resize(origins: number): void
  report(): OriginReport
  /** Requests that were counted under `other` because no series was free for their origin. */
  overflow(): number
}

interface OriginHitter extends Hitter {
  lastBucket: string | undefined
  unknownHost: string | undefined
  method: string | undefined
  headers: readonly string[] | undefined
  preflight: boolean
  enforcement: Enforcement
  upstreamAllowOrigin: string | undefined
}

function createHitter(): OriginHitter {
  return {
    origin: '',
    cell: 0,
    seen: 0,
    weight: 0,
    shown: false,
    count: 0,
    firstSeenMs: 0,
    lastSeenMs: 0,
    lastBucket: undefined,
    unknownHost: undefined,
    method: undefined,
    headers: undefined,
    preflight: false,
    enforcement: 'headers',
    upstreamAllowOrigin: undefined,
  }
}

/**
 * At most `origins` allowed and as many denied tuples of origin, bucket and reason are series of their own: the heaviest,
 * as {@link createHeavyHitters} promises. A series counts from its admission and disappears when it is evicted. What it
 * had counted is not moved to `other`, which would look like a burst there: the series are a sample of who comes most, and
 * `s3cors_decisions_total` is the sum. `other` and `invalid` never decrease.
 */
export function createOriginTable(
  origins: number,
  buckets: BucketLabels,
  now: () => number,
  random: () => number,
): OriginTable {
  let size = origins
  let allowed = createHeavyHitters(size, createHitter, random)
  let denied = createHeavyHitters(size, createHitter, random)
  const other: number[] = []
  const invalid: number[] = []
  let overflow = 0

  function describe(origin: string, cell: number, count: number): OriginSeries {
    const reason = reasons[cell % reasons.length] ?? 'no_rules'
    const bucket = buckets.names[Math.floor(cell / reasons.length)] ?? 'other'
    return { origin, bucket, decision: decisionOf(reason), reason, count }
  }

  function rest(): OriginSeries[] {
    const sums: OriginSeries[] = []
    // forEach leaves out the cells that were never counted: the arrays have holes.
    other.forEach((count, cell) => {
      sums.push(describe('other', cell, count))
    })
    invalid.forEach((count, cell) => {
      sums.push(describe('invalid', cell, count))
    })
    return sums
  }

  /** As often as if the requests had come one after another. */
  function add(request: OriginRequest, cell: number, count: number): void {
    const { origin } = request
    if (origin === undefined || !isSerialisedOrigin(origin)) {
      addInvalid(cell, count)
      return
    }
    const hitters = cell % reasons.length === 0 ? allowed : denied
    for (let left = count; left > 0; left--) {
      const hitter = hitters.hit(origin, cell, now())
      if (hitter === undefined) {
        addOther(cell, 1)
        continue
      }
      hitter.seen += left - 1
      hitter.weight += left - 1
      hitter.count += left - 1
      // What is as it was stays: no copy, and no young string in an old object.
      if (hitter.lastBucket !== request.bucket) hitter.lastBucket = keepText(request.bucket)
      if (hitter.unknownHost !== request.unknownHost) hitter.unknownHost = keepText(request.unknownHost)
      const method = request.requestMethod ?? request.method
      if (hitter.method !== method) hitter.method = keepText(method)
      if (!isSameList(hitter.headers, request.requestHeaders)) hitter.headers = keepLines(request.requestHeaders)
      hitter.preflight = request.kind === 'preflight'
      hitter.enforcement = request.enforcement
      if (hitter.upstreamAllowOrigin !== request.upstreamAllowOrigin)
        hitter.upstreamAllowOrigin = keepText(request.upstreamAllowOrigin)
      return
    }
  }

  function cellOf({ bucket, reason }: OriginSeries): number {
    return buckets.index(bucket, true) * reasons.length + reasons.indexOf(reason)
  }

  function addInvalid(cell: number, count: number): void {
    invalid[cell] = (invalid[cell] ?? 0) + count
  }

  function addOther(cell: number, count: number): void {
    other[cell] = (other[cell] ?? 0) + count
    overflow += count
  }

  return {
    count: (record, bucketIndex) => add(record, bucketIndex * reasons.length + reasonIndex(record.decision), 1),
    absorb({ lines, rest }) {
      for (const line of lines) add(requestOf(line), cellOf(line), line.count)
      for (const sum of rest) {
        if (sum.origin === 'other') addOther(cellOf(sum), sum.count)
        else addInvalid(cellOf(sum), sum.count)
      }
    },
    get size() {
      return allowed.shown.length + denied.shown.length
    },
    series: () => [
      ...[...allowed.shown, ...denied.shown].map(hitter => describe(hitter.origin, hitter.cell, hitter.count)),
      ...rest(),
    ],
    resize(next) {
      if (next === size) return
      size = next
      allowed = createHeavyHitters(size, createHitter, random)
      denied = createHeavyHitters(size, createHitter, random)
    },
    report: () => ({
      lines: [...denied.shown, ...allowed.shown].map(hitter => ({
        ...describe(hitter.origin, hitter.cell, hitter.count),
        lastBucket: hitter.lastBucket,
        unknownHost: hitter.unknownHost,
        firstSeenMs: hitter.firstSeenMs,
        lastSeenMs: hitter.lastSeenMs,
        method: hitter.method,
        headers: hitter.headers ?? [],
        preflight: hitter.preflight,
        enforcement: hitter.enforcement,
        upstreamAllowOrigin: hitter.upstreamAllowOrigin,
      })),
      rest: rest(),
      overflow,
    }),
    overflow: () => overflow,
  }
}

function requestOf(line: OriginLine): OriginRequest {
  const {
    origin,
    lastBucket: bucket,
    unknownHost,
    method = '',
    headers: requestHeaders,
    enforcement,
    upstreamAllowOrigin,
  } = line
  const kind = line.preflight ? 'preflight' : 'actual'
  return {
    kind,
    origin,
    bucket,
    unknownHost,
    method,
    requestMethod: undefined,
    requestHeaders,
    enforcement,
    upstreamAllowOrigin,
  }
}
