import type { Enforcement } from '../../policies/policy-lookup.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import type { BucketLabels } from '../labels/bucket-labels.ts'
import { decisionOf, reasonIndex, reasons } from '../labels/decision-reason.ts'
import { isSerialisedOrigin } from '../labels/origin-label.ts'
import { endpointAllows } from './endpoint-answer.ts'
import { createHeavyHitters, type Hitter } from './heavy-hitters.ts'
import { keepText } from './kept-text.ts'
import { LastRefusals } from './last-refusals.ts'
import type { OriginLine, OriginReport, OriginSeries } from './origin-report.ts'
import { type CountedRequest, SeenRequests, seenBounds } from './seen-requests.ts'

/** Counts which origins were allowed and denied, in bounded memory. */
export interface OriginTable {
  /** Counts a preflight or an actual request. `nowMs`: since the epoch. */
  count(record: RequestRecord, bucketIndex: number, nowMs: number): void
  /** Adds what the table of another process has counted. */
  absorb(report: OriginReport, nowMs: number): void
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
  preflights: number
  /** While it is shown: what only might be is counted and no more. */
  requests: SeenRequests | undefined
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
    preflights: 0,
    requests: undefined,
    preflight: false,
    enforcement: 'headers',
    upstreamAllowOrigin: undefined,
  }
}

function release(hitter: OriginHitter): void {
  hitter.lastBucket = undefined
  hitter.unknownHost = undefined
  hitter.preflights = 0
  hitter.requests = undefined
  hitter.upstreamAllowOrigin = undefined
}

/**
 * At most `origins` allowed and as many denied tuples of origin, bucket and reason are series of their own: the heaviest,
 * as {@link createHeavyHitters} promises. A series counts from its admission and disappears when it is evicted. What it
 * had counted is not moved to `other`, which would look like a burst there: the series are a sample of who comes most, and
 * `s3cors_decisions_total` is the sum. `other` and `invalid` never decrease.
 */
export function createOriginTable(origins: number, buckets: BucketLabels, random: () => number): OriginTable {
  let size = origins
  let bounds = seenBounds(size)
  let allowed = createHeavyHitters(size, createHitter, release, random)
  let denied = createHeavyHitters(size, createHitter, release, random)
  const other: number[] = []
  const invalid: number[] = []
  let overflow = 0
  const lastRefusals = new LastRefusals()

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

  /** Counts one request; the series is undefined where its origin has none. */
  function hit(origin: string, cell: number, nowMs: number): OriginHitter | undefined {
    const hitters = cell % reasons.length === 0 ? allowed : denied
    const hitter = hitters.hit(origin, cell, nowMs)
    if (hitter === undefined) addOther(cell, 1)
    else hitter.requests ??= new SeenRequests()
    return hitter
  }

  function count(record: RequestRecord, cell: number, nowMs: number): void {
    const { origin, bucket, method, requestMethod, requestHeaders, enforcement, upstreamAllowOrigin } = record
    const isDenied = cell % reasons.length !== 0
    if (origin === undefined || !isSerialisedOrigin(origin)) {
      addInvalid(cell, 1)
      if (isDenied) lastRefusals.add('invalid', record, undefined, nowMs)
      return
    }
    const hitter = hit(origin, cell, nowMs)
    if (hitter === undefined) {
      if (isDenied) lastRefusals.add(origin, record, undefined, nowMs)
      return
    }
    // What is as it was stays: no copy, and no young string in an old object.
    if (hitter.lastBucket !== bucket) hitter.lastBucket = keepText(bucket)
    if (hitter.unknownHost !== record.unknownHost) hitter.unknownHost = keepText(record.unknownHost)
    const isPreflight = record.kind === 'preflight'
    hitter.preflight = isPreflight
    if (isPreflight) hitter.preflights++
    hitter.enforcement = enforcement
    if (hitter.upstreamAllowOrigin !== upstreamAllowOrigin) hitter.upstreamAllowOrigin = keepText(upstreamAllowOrigin)
    counted.bucket = bucket
    counted.method = requestMethod ?? method
    counted.requestHeaders = requestHeaders
    counted.isPreflight = isPreflight
    counted.endpointAllows = enforcement === 'report' ? endpointAllows(record) : undefined
    hitter.requests?.count(counted, nowMs, bounds, random)
    if (isDenied) lastRefusals.add(origin, record, hitter, nowMs)
  }

  /** As if the requests had come one after another. */
  function absorbLine(line: OriginLine, nowMs: number): void {
    const { origin, count, preflights } = line
    const { lastBucket, unknownHost, preflight, enforcement, upstreamAllowOrigin } = line
    const cell = cellOf(line)
    for (let left = count; left > 0; left--) {
      const hitter = hit(origin, cell, nowMs)
      if (hitter === undefined) continue
      hitter.seen += left - 1
      hitter.weight += left - 1
      hitter.count += left - 1
      const skipped = count - left
      const actual = count - preflights
      hitter.preflights += skipped > actual ? left : preflights
      Object.assign(hitter, { lastBucket, unknownHost, preflight, enforcement, upstreamAllowOrigin })
      hitter.requests?.absorb(line.requests, line.otherRequests, skipped, bounds, random)
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
    count(record, bucketIndex, nowMs) {
      count(record, bucketIndex * reasons.length + reasonIndex(record.decision), nowMs)
    },
    absorb({ lines, rest, lastRefusals: refusals }, nowMs) {
      lastRefusals.absorb(refusals)
      for (const line of lines) absorbLine(line, nowMs)
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
      bounds = seenBounds(size)
      allowed = createHeavyHitters(size, createHitter, release, random)
      denied = createHeavyHitters(size, createHitter, release, random)
    },
    report: () => ({
      lines: [...denied.shown, ...allowed.shown].map(hitter => ({
        ...describe(hitter.origin, hitter.cell, hitter.count),
        lastBucket: hitter.lastBucket,
        unknownHost: hitter.unknownHost,
        firstSeenMs: hitter.firstSeenMs,
        lastSeenMs: hitter.lastSeenMs,
        preflights: hitter.preflights,
        requests: hitter.requests?.report() ?? [],
        otherRequests: hitter.requests?.other ?? 0,
        method: hitter.requests?.last?.method,
        headers: hitter.requests?.last?.lines ?? [],
        preflight: hitter.preflight,
        enforcement: hitter.enforcement,
        upstreamAllowOrigin: hitter.upstreamAllowOrigin,
      })),
      rest: rest(),
      overflow,
      lastRefusals: lastRefusals.report(),
    }),
    overflow: () => overflow,
  }
}

/** One request after the other, in the same object: it is read at once. */
const counted: { -readonly [Key in keyof CountedRequest]: CountedRequest[Key] } = {
  bucket: undefined,
  method: '',
  requestHeaders: undefined,
  isPreflight: false,
  endpointAllows: undefined,
}
