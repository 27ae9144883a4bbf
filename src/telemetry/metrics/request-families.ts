import type { BucketLabels } from '../labels/bucket-labels.ts'
import type { OriginTable } from '../origins/origin-table.ts'
import { countedFamily, perBucket } from './counter-cells.ts'
import { type MetricDeclaration, type MetricFamily, open, readFamily, readNumber } from './metric-family.ts'
import { cellsOf, outcomes, type RequestCounters, requestMetricNames, requestMetrics } from './request-metrics.ts'
import type { RuleCount } from './rule-series.ts'

/** What is read when it is scraped. */
export const readMetrics = {
  inFlight: {
    name: 's3cors_in_flight_requests',
    help: 'Requests that have begun and not ended.',
    type: 'gauge',
    by: [],
  },
  originRequests: {
    name: 's3cors_origin_requests_total',
    help: 'Preflights and actual requests of the origins that come most; "other" is every further origin, "invalid" none.',
    type: 'counter',
    by: [open('origin'), perBucket, outcomes],
  },
  ruleMatches: {
    name: 's3cors_rule_matches_total',
    help: 'Preflights and actual requests that a rule of a named bucket allowed; the label is its ID, else its number. "other" is every further rule.',
    type: 'counter',
    by: [open('bucket'), open('rule')],
  },
  labelOverflow: {
    name: 's3cors_label_overflow_total',
    help: 'Requests counted under the origin "other" because no series was free for theirs.',
    type: 'counter',
    by: [],
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>

/** The metrics about requests. */
export function requestFamilies(
  counters: RequestCounters,
  buckets: BucketLabels,
  origins: OriginTable,
  ruleCounts: () => readonly RuleCount[],
): readonly MetricFamily[] {
  return [
    ...requestMetricNames.map(name => countedFamily(requestMetrics[name], cellsOf(counters, name), buckets.names)),
    readNumber(readMetrics.inFlight, () => Math.max(counters.inFlight, 0)),
    readFamily(readMetrics.originRequests, () =>
      origins.series().map(({ origin, bucket, decision, reason, count }) => ({
        labels: { origin, bucket, decision, reason },
        value: count,
      })),
    ),
    readFamily(readMetrics.ruleMatches, () =>
      ruleCounts().map(({ bucket, rule, count }) => ({ labels: { bucket, rule }, value: count })),
    ),
    readNumber(readMetrics.labelOverflow, () => origins.overflow()),
  ]
}
