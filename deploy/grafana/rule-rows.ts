// What the rules would refuse where they only count, and which of them are of no use.
import type { RowSpec } from './panel.ts'
import { countedSince, rate, selectBuckets } from './selector.ts'

const reported = 's3cors_report_decisions_total'
const matches = selectBuckets('s3cors_rule_matches_total', 'bucket!="other"')
const refusedOrigins = countedSince(selectBuckets('s3cors_origin_requests_total', 'decision="denied"'))

const report: RowSpec = {
  title: 'Report: before the rules are enforced',
  panels: [
    {
      kind: 'table',
      title: 'What the rules would refuse',
      description:
        'The 20 origins that the rules refused most in the time shown, on buckets whose enforcement is report: they lose their access when that ends, unless the endpoint refuses them, too. "s3-cors-proxy suggest" writes rules for those that should keep it, "s3-cors-proxy compare" says what rules would change. Buckets that the configuration does not name are "other".',
      unit: 'short',
      width: 14,
      height: 9,
      expr: `topk(20, sum by (origin, bucket, reason) (${refusedOrigins}) > 0 and on (bucket) sum by (bucket) (${countedSince(selectBuckets(reported))}) > 0)`,
      columns: { origin: 'Origin', bucket: 'Bucket', reason: 'Reason', Value: 'Would be refused' },
    },
    {
      kind: 'series',
      title: 'Rules and endpoint in report',
      description:
        'Where enforcement is report: what the rules decided, and what the endpoint answered. "denied, endpoint allowed" is what breaks when the rules are enforced, "allowed, endpoint refused" what begins to work. When the first is gone, or is strangers alone, take report away.',
      unit: 'reqps',
      width: 10,
      height: 9,
      stacked: true,
      queries: [
        {
          expr: `sum by (decision, endpoint) (${rate(selectBuckets(reported))})`,
          legend: '{{decision}}, endpoint {{endpoint}}',
        },
      ],
    },
  ],
}

const rules: RowSpec = {
  title: 'Rules in use',
  panels: [
    {
      kind: 'table',
      title: 'Rules that matched nothing',
      description:
        'Rules in force, of named buckets, that allowed no request in the time shown; a rule without ID has its number. The last column is how often it matched since the process began: 0 is never. Look at a time that has a whole month before you remove one. Rules beyond metrics.rules are not here.',
      unit: 'short',
      width: 12,
      height: 9,
      expr: `sum by (bucket, rule) (${matches}) unless sum by (bucket, rule) (${countedSince(matches)}) > 0`,
      columns: { bucket: 'Bucket', rule: 'Rule', Value: 'Before' },
      leastFirst: true,
    },
    {
      kind: 'series',
      title: 'Matches by rule',
      description: 'The ten rules that allowed most at each moment.',
      unit: 'reqps',
      width: 12,
      height: 9,
      stacked: true,
      queries: [{ expr: `topk(10, sum by (bucket, rule) (${rate(matches)}))`, legend: '{{bucket}}: {{rule}}' }],
    },
  ],
}

export const ruleRows: readonly RowSpec[] = [report, rules]
