// Who is refused, who is allowed, and what preflights cost.
import type { RowSpec } from './panel.ts'
import { countedSince, rate, select, selectBuckets, share } from './selector.ts'

const decisions = 's3cors_decisions_total'
const origins = 's3cors_origin_requests_total'
const denied = 'decision="denied"'
const allowed = 'decision="allowed"'

const refused: RowSpec = {
  title: 'Who is refused',
  panels: [
    {
      kind: 'stat',
      title: 'Refused',
      description: 'Preflights and actual requests that no rule allowed, per second.',
      unit: 'reqps',
      width: 4,
      queries: [{ expr: `sum(${rate(selectBuckets(decisions, denied))}) or vector(0)`, legend: 'refused' }],
    },
    {
      kind: 'stat',
      title: 'Share refused',
      description:
        'Of all decisions. A jump after a release means a new origin, method or header that no rule lists yet.',
      unit: 'percentunit',
      width: 4,
      decimals: 1,
      queries: [
        {
          expr: share(`sum(${rate(selectBuckets(decisions, denied))})`, `sum(${rate(selectBuckets(decisions))})`),
          legend: 'refused',
        },
      ],
    },
    {
      kind: 'series',
      title: 'Refused by reason',
      description:
        'origin: no rule lists it. method, header: a rule lists the origin but not that. no_rules: the bucket has none. bad_request: malformed. rules_unavailable: the source of the rules does not answer; see the row Rule sources. unknown_host: the configuration does not know the Host; add it to hosts or virtualHosts.',
      unit: 'reqps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (reason) (${rate(selectBuckets(decisions, denied))})`, legend: '{{reason}}' }],
    },
    {
      kind: 'series',
      title: 'Refused by bucket',
      description: 'Buckets that the configuration does not name are "other".',
      unit: 'reqps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (bucket) (${rate(selectBuckets(decisions, denied))})`, legend: '{{bucket}}' }],
    },
    {
      kind: 'table',
      title: 'Top refused origins',
      description:
        'The 20 origins refused most in the time shown, with bucket and reason. "s3-cors-proxy explain --url … --bucket … --origin …", or the page on the admin port, shows the line of YAML that would allow one. "other" are origins beyond metrics.origins, "invalid" what is no origin at all.',
      unit: 'short',
      width: 14,
      height: 11,
      expr: `topk(20, sum by (origin, bucket, reason) (${countedSince(selectBuckets(origins, denied))})) > 0`,
      columns: { origin: 'Origin', bucket: 'Bucket', reason: 'Reason', Value: 'Refused' },
    },
    {
      kind: 'series',
      title: 'Top refused origins over time',
      description:
        'The ten at each moment. A line that ends was displaced by a heavier origin, or is no longer refused.',
      unit: 'reqps',
      width: 10,
      height: 11,
      queries: [
        {
          expr: `topk(10, sum by (origin, bucket, reason) (${rate(selectBuckets(origins, denied))}) > 0)`,
          legend: '{{origin}} on {{bucket}}: {{reason}}',
        },
      ],
    },
  ],
}

const permitted: RowSpec = {
  title: 'Who is allowed',
  panels: [
    {
      kind: 'table',
      title: 'Top allowed origins',
      description:
        'The 20 origins allowed most in the time shown. One that should not be here has a rule that is too wide.',
      unit: 'short',
      width: 10,
      height: 9,
      expr: `topk(20, sum by (origin, bucket) (${countedSince(selectBuckets(origins, allowed))})) > 0`,
      columns: { origin: 'Origin', bucket: 'Bucket', Value: 'Allowed' },
    },
    {
      kind: 'series',
      title: 'Allowed by bucket',
      description: 'Preflights and actual requests that a rule allowed.',
      unit: 'reqps',
      width: 7,
      height: 9,
      stacked: true,
      queries: [{ expr: `sum by (bucket) (${rate(selectBuckets(decisions, allowed))})`, legend: '{{bucket}}' }],
    },
    {
      kind: 'series',
      title: 'CORS of the endpoint dropped',
      description:
        'Responses whose own Access-Control fields were taken out: what the endpoint would have allowed by itself, to every client that reaches it beside the proxy.',
      unit: 'reqps',
      width: 7,
      height: 9,
      queries: [{ expr: `sum(${rate(select('s3cors_upstream_cors_headers_stripped_total'))})`, legend: 'responses' }],
    },
  ],
}

const preflights: RowSpec = {
  title: 'Preflights',
  panels: [
    {
      kind: 'series',
      title: 'Preflights',
      description: 'Answered by the proxy itself; in report the endpoint answers them.',
      unit: 'reqps',
      width: 12,
      stacked: true,
      queries: [
        {
          expr: `sum by (decision) (${rate(selectBuckets(decisions, 'kind="preflight"'))})`,
          legend: '{{decision}}',
        },
      ],
    },
    {
      kind: 'series',
      title: 'Preflights per actual request',
      description:
        'The effect of MaxAgeSeconds: near 1, browsers ask before every request, because a rule has no MaxAgeSeconds or a small one; near 0, they keep the answer. Above 1, browsers are refused and never get to the request itself.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: share(
            `sum by (bucket) (${rate(selectBuckets(decisions, 'kind="preflight"'))})`,
            `sum by (bucket) (${rate(selectBuckets(decisions, 'kind="actual"'))})`,
          ),
          legend: '{{bucket}}',
        },
      ],
    },
  ],
}

export const decisionRows: readonly RowSpec[] = [refused, permitted, preflights]
