import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { createBucketLabels } from '../labels/bucket-labels.ts'
import { isDecided } from '../labels/decision-reason.ts'
import type { OriginReport } from '../origins/origin-report.ts'
import { createOriginTable } from '../origins/origin-table.ts'
import { UnknownAddresses, type UnknownAddressReport } from '../origins/unknown-names.ts'
import { countRequest, createRequestCounters, type RequestCounters } from './request-metrics.ts'
import { createRuleMatches, type RuleReport } from './rule-matches.ts'

/** What one worker counted since its last report, all of it taken at one moment, so that its sums agree. Plain data. */
export interface CountReport {
  readonly counters: RequestCounters
  /** The names of the bucket numbers in this report; 0 is every bucket without a label of its own. */
  readonly buckets: readonly string[]
  readonly origins: OriginReport
  readonly unknownAddresses: UnknownAddressReport
  readonly rules: RuleReport
  readonly suppressedLogLines: number
}

/** The part of the metrics that the requests of this process meet. */
export interface RequestMeter {
  recordStarted(): void
  recordEnded(record: RequestRecord): void
  countSuppressedLog(lines?: number): void
}

/** Counts the requests of a worker and brings the counts to the primary, a few times a second and never per request. */
export interface ReportingMeter extends RequestMeter {
  /** Reports what was counted, begun or ended since the last report, if anything was. */
  report(): void
  stop(): void
}

/** What a worker that is killed has not reported: at most this long. */
const reportMs = 250
/** A flood of origins is reported as it comes, in parts of this size. */
export const originsPerReport = 512
/** A primary that does not read gets no more: what has no room in the next report's table is counted as `other`. */
const maxOnTheirWay = 4

/** `send` resolves when the report has arrived. */
export function createReportingMeter(send: (report: CountReport) => Promise<unknown>): ReportingMeter {
  const buckets = createBucketLabels()
  const newTable = () => createOriginTable(originsPerReport, buckets, Math.random)
  let origins = newTable()
  let unknownAddresses = new UnknownAddresses(Math.random)
  let rules = createRuleMatches(buckets)
  let counters = createRequestCounters()
  let suppressedLogLines = 0
  let changed = false
  let onTheirWay = 0
  const arrived = () => {
    onTheirWay--
  }

  function report(): void {
    if (!changed) return
    changed = false
    onTheirWay++
    send({
      counters,
      buckets: buckets.names,
      origins: origins.report(),
      unknownAddresses: unknownAddresses.report(),
      rules: rules.report(),
      suppressedLogLines,
    }).then(arrived, arrived)
    origins = newTable()
    unknownAddresses = new UnknownAddresses(Math.random)
    rules = createRuleMatches(buckets)
    counters = createRequestCounters(counters.inFlight)
    suppressedLogLines = 0
  }

  const timer = setInterval(() => {
    if (onTheirWay < maxOnTheirWay) report()
  }, reportMs)
  timer.unref()
  return {
    recordStarted() {
      counters.inFlight++
      changed = true
    },
    recordEnded(record) {
      const bucket = buckets.index(record.bucket, record.bucketNamed)
      countRequest(counters, record, bucket)
      if (isDecided(record)) {
        const nowMs = Date.now()
        origins.count(record, bucket, nowMs)
        unknownAddresses.count(record, nowMs)
        if (record.decision?.allowed) rules.count(bucket, record.decision, nowMs)
      }
      changed = true
      if (origins.size >= originsPerReport && onTheirWay < maxOnTheirWay) report()
    },
    countSuppressedLog(lines = 1) {
      suppressedLogLines += lines
      changed = true
    },
    report,
    stop: () => clearInterval(timer),
  }
}
