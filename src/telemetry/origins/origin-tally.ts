import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { reasonIndex, reasons } from '../metrics/decision-reason.ts'
import { keepLines, keepText } from './kept-text.ts'
import { isSerialisedOrigin } from './origin-label.ts'

/** What is shown of a decided request. */
export type OriginRequest = Pick<
  RequestRecord,
  'bucket' | 'origin' | 'kind' | 'method' | 'requestMethod' | 'requestHeaders' | 'enforcement' | 'upstreamAllowOrigin'
>

/** Requests of one origin on one bucket with one reason. Plain data. */
export interface OriginCount {
  /** The last of them. */
  readonly request: OriginRequest
  /** The bucket's label in the report, times the number of reasons, and the reason. */
  readonly cell: number
  readonly count: number
}

/** What was seen since the last report. */
export interface OriginCounts {
  readonly seen: readonly OriginCount[]
  /** Requests of origins for which there was no room, by cell. */
  readonly other: readonly number[]
}

/** Collects what the origin table of another process is to count. */
export interface OriginTally {
  count(record: RequestRecord, bucketIndex: number): void
  /** How many origins have been told apart. */
  readonly size: number
  /** Empties the tally. */
  take(): OriginCounts
}

/**
 * Tells at most `limit` tuples of origin, bucket and reason apart between two reports. Which of them become series is for
 * the one table to decide: a tuple counts there as if its requests had come one after another.
 */
export function createOriginTally(limit: number): OriginTally {
  let seen: Map<string | undefined, { record: RequestRecord; readonly cell: number; count: number }>[] = []
  let size = 0
  let other: number[] = []
  return {
    get size() {
      return size
    },
    count(record, bucketIndex) {
      const cell = bucketIndex * reasons.length + reasonIndex(record.decision)
      const origin = record.origin !== undefined && isSerialisedOrigin(record.origin) ? record.origin : undefined
      const known = seen[cell]?.get(origin)
      if (known !== undefined) {
        known.record = record
        known.count++
        return
      }
      if (size >= limit && origin !== undefined) {
        other[cell] = (other[cell] ?? 0) + 1
        return
      }
      seen[cell] ??= new Map()
      seen[cell].set(origin, { record, cell, count: 1 })
      size++
    },
    take() {
      const taken = seen.flatMap(origins =>
        [...origins.values()].map(({ record, cell, count }) => ({ request: shownOf(record), cell, count })),
      )
      const counts = { seen: taken, other }
      seen = []
      other = []
      size = 0
      return counts
    },
  }
}

function shownOf(record: RequestRecord): OriginRequest {
  const { kind, method, requestMethod, enforcement } = record
  return {
    kind,
    enforcement,
    origin: keepText(record.origin),
    bucket: keepText(record.bucket),
    method: keepText(method) ?? '',
    requestMethod: keepText(requestMethod),
    requestHeaders: keepLines(record.requestHeaders),
    upstreamAllowOrigin: keepText(record.upstreamAllowOrigin),
  }
}
