import type { Enforcement } from '../../policies/policy-lookup.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { reasonIndex, reasons } from '../metrics/decision-reason.ts'
import { isSameList, keepLines, keepText } from './kept-text.ts'
import { isSerialisedOrigin } from './origin-label.ts'

/** Requests of one origin, on one bucket, with one reason, and what is shown of the last of them. Plain data. */
export interface OriginSighting {
  readonly origin: string
  /** The position of the bucket's label in the report. */
  readonly bucketIndex: number
  /** The position in `reasons`. */
  readonly reason: number
  count: number
  bucket: string | undefined
  method: string | undefined
  headers: readonly string[] | undefined
  preflight: boolean
  enforcement: Enforcement
  upstreamAllowOrigin: string | undefined
}

/** Requests that are told apart by bucket and reason alone. */
export interface OriginSum {
  readonly bucketIndex: number
  readonly reason: number
  readonly count: number
}

/** What was seen since the last report. */
export interface OriginReportPart {
  readonly sightings: readonly OriginSighting[]
  /** Of origins for which there was no room. */
  readonly other: readonly OriginSum[]
  readonly invalid: readonly OriginSum[]
}

/** Collects what the origin table of another process is to count. */
export interface OriginTally {
  count(record: RequestRecord, bucketIndex: number): void
  /** How many origins have been told apart. */
  readonly size: number
  /** Empties the tally. */
  take(): OriginReportPart
}

/**
 * Tells at most `limit` tuples of origin, bucket and reason apart between two reports. Which of them become series is for
 * the one table to decide: a tuple counts there as if its requests had come one after another.
 */
export function createOriginTally(limit: number): OriginTally {
  let seen: (Map<string, OriginSighting> | undefined)[] = []
  let size = 0
  let other: number[] = []
  let invalid: number[] = []

  function note(sighting: OriginSighting, record: RequestRecord): void {
    sighting.count++
    const { bucket, requestHeaders, upstreamAllowOrigin } = record
    const method = record.requestMethod ?? record.method
    if (sighting.bucket !== bucket) sighting.bucket = keepText(bucket)
    if (sighting.method !== method) sighting.method = keepText(method)
    if (!isSameList(sighting.headers, requestHeaders)) sighting.headers = keepLines(requestHeaders)
    sighting.preflight = record.kind === 'preflight'
    sighting.enforcement = record.enforcement
    if (sighting.upstreamAllowOrigin !== upstreamAllowOrigin)
      sighting.upstreamAllowOrigin = keepText(upstreamAllowOrigin)
  }

  return {
    get size() {
      return size
    },
    count(record, bucketIndex) {
      const { origin } = record
      const reason = reasonIndex(record.decision)
      const cell = bucketIndex * reasons.length + reason
      if (origin === undefined || !isSerialisedOrigin(origin)) {
        invalid[cell] = (invalid[cell] ?? 0) + 1
        return
      }
      let origins = seen[cell]
      const known = origins?.get(origin)
      if (known !== undefined) {
        note(known, record)
        return
      }
      if (size >= limit) {
        other[cell] = (other[cell] ?? 0) + 1
        return
      }
      const sighting = newSighting(origin, bucketIndex, reason)
      note(sighting, record)
      origins ??= new Map()
      seen[cell] = origins.set(origin, sighting)
      size++
    },
    take() {
      const sightings: OriginSighting[] = []
      // forEach leaves holes out.
      seen.forEach(origins => {
        if (origins !== undefined) sightings.push(...origins.values())
      })
      const part = { sightings, other: sumsOf(other), invalid: sumsOf(invalid) }
      seen = []
      other = []
      invalid = []
      size = 0
      return part
    },
  }
}

function newSighting(origin: string, bucketIndex: number, reason: number): OriginSighting {
  return {
    origin,
    bucketIndex,
    reason,
    count: 0,
    bucket: undefined,
    method: undefined,
    headers: undefined,
    preflight: false,
    enforcement: 'headers',
    upstreamAllowOrigin: undefined,
  }
}

function sumsOf(cells: readonly number[]): OriginSum[] {
  const sums: OriginSum[] = []
  cells.forEach((count, cell) => {
    sums.push({ bucketIndex: Math.floor(cell / reasons.length), reason: cell % reasons.length, count })
  })
  return sums
}
