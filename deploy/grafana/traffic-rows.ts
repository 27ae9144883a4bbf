// How much goes through, and how long it takes.
import type { PanelSpec, Query, RowSpec } from './panel.ts'
import { quantile, rate, select } from './selector.ts'

const requests = 's3cors_requests_total'

const traffic: RowSpec = {
  title: 'Traffic',
  panels: [
    {
      kind: 'series',
      title: 'Requests by kind',
      description:
        'actual: with an Origin. plain: without one, which CORS does not concern. managed: ?cors calls that the proxy answers. rejected: ambiguous or malformed, refused before anything else.',
      unit: 'reqps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (kind) (${rate(select(requests))})`, legend: '{{kind}}' }],
    },
    {
      kind: 'series',
      title: 'Requests by status',
      description: 'By class. none: the client went away before a status was sent.',
      unit: 'reqps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (code) (${rate(select(requests))})`, legend: '{{code}}' }],
    },
    {
      kind: 'series',
      title: 'Requests by method',
      description: "S3's methods; any other is refused with 405.",
      unit: 'reqps',
      width: 8,
      stacked: true,
      queries: [{ expr: `sum by (method) (${rate(select(requests))})`, legend: '{{method}}' }],
    },
    {
      kind: 'series',
      title: 'Bytes',
      description: 'Bodies received from clients and sent to them.',
      unit: 'Bps',
      width: 8,
      queries: [
        { expr: `sum(${rate(select('s3cors_request_body_bytes_total'))})`, legend: 'received' },
        { expr: `sum(${rate(select('s3cors_response_body_bytes_total'))})`, legend: 'sent' },
      ],
    },
    {
      kind: 'series',
      title: 'Requests in flight',
      description: 'Begun and not ended. Growing without more traffic, the endpoint is slow or clients read slowly.',
      unit: 'short',
      width: 8,
      queries: [{ expr: `sum by (instance) (${select('s3cors_in_flight_requests')})`, legend: '{{instance}}' }],
    },
    {
      kind: 'series',
      title: 'Broken off by clients',
      description: 'Requests whose client went away before the response was complete.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: `sum(${rate(select('s3cors_client_aborts_total'))})`, legend: 'aborts' }],
    },
  ],
}

function quantiles(metric: string, matchers?: string): readonly Query[] {
  return [0.5, 0.95, 0.99].map(q => ({
    expr: quantile(q, select(`${metric}_bucket`, matchers)),
    legend: `p${q * 100}`,
  }))
}

const failures: PanelSpec = {
  kind: 'series',
  title: 'Failures of the endpoint',
  description:
    'refused, dns, tls: it is not reached. reset, truncated, malformed: it broke off or answered what is no HTTP. timeout: it took too long. queue: all connections were in use for upstream.queueSeconds.',
  unit: 'reqps',
  width: 12,
  stacked: true,
  queries: [{ expr: `sum by (reason) (${rate(select('s3cors_upstream_failures_total'))})`, legend: '{{reason}}' }],
}

const latency: RowSpec = {
  title: 'Latency',
  panels: [
    {
      kind: 'series',
      title: 'Own: preflights',
      description:
        'From head to end. The endpoint has no part in it but in report, so this is the time of the proxy itself.',
      unit: 's',
      width: 12,
      queries: quantiles('s3cors_request_duration_seconds', 'kind="preflight"'),
    },
    {
      kind: 'series',
      title: 'Endpoint: time to first byte',
      description:
        'From the start of an exchange with the endpoint to the first byte of its response, uploads included.',
      unit: 's',
      width: 12,
      queries: quantiles('s3cors_upstream_duration_seconds'),
    },
    {
      kind: 'series',
      title: 'Whole requests by kind, p95',
      description: 'From the head of a request to the end of its response, the transfer of the object included.',
      unit: 's',
      width: 12,
      queries: [
        {
          expr: quantile(0.95, select('s3cors_request_duration_seconds_bucket'), 'kind'),
          legend: '{{kind}}',
        },
      ],
    },
    failures,
  ],
}

export const trafficRows: readonly RowSpec[] = [traffic, latency]
