import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { createOriginTally, type OriginReportPart } from '../origins/origin-tally.ts'
import { createBucketLabels } from './bucket-labels.ts'
import { isDecided } from './decision-reason.ts'
import { countRequest, createRequestCounters, type RequestCounters } from './request-counters.ts'

/** What one worker counted since its last report, all of it taken at one moment, so that its sums agree. Plain data. */
export interface CountReport {
  readonly counters: RequestCounters
  /** The names of the bucket numbers in this report; 0 is every bucket without a label of its own. */
  readonly buckets: readonly string[]
  readonly origins: OriginReportPart
  readonly suppressedLogLines: number
}

/** The part of the metrics that the requests of this process meet. */
export interface RequestMeter {
  recordStarted(): void
  recordEnded(record: RequestRecord): void
  countSuppressedLog(lines?: number): void
}

/** Counts the requests of a worker until they are reported. */
export interface ReportingMeter extends RequestMeter {
  /** Something was counted, begun or ended since the last report. */
  readonly changed: boolean
  /** How many origins the next report tells apart. */
  readonly origins: number
  /** What was counted since the last report. */
  take(): CountReport
}

/** A meter whose reports tell at most `maxOrigins` tuples of origin, bucket and reason apart. */
export function createReportingMeter(maxOrigins: number): ReportingMeter {
  const buckets = createBucketLabels()
  const tally = createOriginTally(maxOrigins)
  let counters = createRequestCounters()
  let suppressedLogLines = 0
  let changed = false
  return {
    get changed() {
      return changed
    },
    get origins() {
      return tally.size
    },
    recordStarted() {
      counters.inFlight++
      changed = true
    },
    recordEnded(record) {
      const bucket = buckets.index(record.bucket, record.bucketNamed)
      countRequest(counters, record, bucket)
      if (isDecided(record)) tally.count(record, bucket)
      changed = true
    },
    countSuppressedLog(lines = 1) {
      suppressedLogLines += lines
      changed = true
    },
    take() {
      const report = { counters, buckets: buckets.names, origins: tally.take(), suppressedLogLines }
      counters = { ...createRequestCounters(), inFlight: counters.inFlight }
      suppressedLogLines = 0
      changed = false
      return report
    },
  }
}
