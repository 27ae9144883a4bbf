import type { OriginTable } from '../origins/origin-table.ts'
import type { BucketLabels } from './bucket-labels.ts'
import { decisionOf, reasons } from './decision-reason.ts'
import type { MetricFamily, Sample } from './metric-family.ts'
import { codes, decisionCell, failures, kinds, methods, type RequestCounters, requestCell } from './request-counters.ts'

/** The cells that were ever counted: all combinations would be 210 series, most of them impossible. */
function requestSamples({ requests }: RequestCounters): Sample[] {
  const samples: Sample[] = []
  for (const [k, kind] of kinds.entries()) {
    for (const [m, method] of methods.entries()) {
      for (const [c, code] of codes.entries()) {
        const value = requests[requestCell(k, m, c)] ?? 0
        if (value > 0) samples.push({ labels: { kind, method, code }, value })
      }
    }
  }
  return samples
}

function decisionSamples({ decisions }: RequestCounters, buckets: BucketLabels): Sample[] {
  const samples: Sample[] = []
  for (const [b, bucket] of buckets.names.entries()) {
    for (const [k, kind] of kinds.slice(0, 2).entries()) {
      for (const [r, reason] of reasons.entries()) {
        const value = decisions[decisionCell(b, k, r)] ?? 0
        if (value > 0) samples.push({ labels: { bucket, kind, decision: decisionOf(reason), reason }, value })
      }
    }
  }
  return samples
}

/** The metrics about requests. */
export function requestFamilies(
  counters: RequestCounters,
  buckets: BucketLabels,
  origins: OriginTable,
): readonly MetricFamily[] {
  const one = (value: () => number) => () => [{ labels: {}, value: value() }]
  return [
    {
      name: 's3cors_requests_total',
      help: 'Requests that ended, each exactly once, by kind, method and class of status.',
      type: 'counter',
      samples: () => requestSamples(counters),
    },
    {
      name: 's3cors_decisions_total',
      help: 'Decisions of the CORS rules: one per preflight and per actual request.',
      type: 'counter',
      samples: () => decisionSamples(counters, buckets),
    },
    {
      name: 's3cors_origin_requests_total',
      help: 'Preflights and actual requests of the origins that come most; "other" is every further origin, "invalid" none.',
      type: 'counter',
      samples: () =>
        origins.series().map(({ origin, bucket, decision, reason, count }) => ({
          labels: { origin, bucket, decision, reason },
          value: count,
        })),
    },
    {
      name: 's3cors_request_duration_seconds',
      help: 'Time from the head of a request to the end of its response.',
      type: 'histogram',
      samples: () => counters.durations.map((cells, index) => ({ labels: { kind: kinds[index] ?? '' }, cells })),
    },
    {
      name: 's3cors_upstream_duration_seconds',
      help: 'Time from the start of an exchange with the endpoint to the first byte of its response.',
      type: 'histogram',
      samples: () =>
        counters.upstreamDurations.map((cells, index) => ({ labels: { kind: kinds[index] ?? '' }, cells })),
    },
    {
      name: 's3cors_request_body_bytes_total',
      help: 'Bytes of request bodies received from clients.',
      type: 'counter',
      samples: one(() => counters.requestBodyBytes),
    },
    {
      name: 's3cors_response_body_bytes_total',
      help: 'Bytes of response bodies sent to clients.',
      type: 'counter',
      samples: one(() => counters.responseBodyBytes),
    },
    {
      name: 's3cors_in_flight_requests',
      help: 'Requests that have begun and not ended.',
      type: 'gauge',
      samples: one(() => Math.max(counters.inFlight, 0)),
    },
    {
      name: 's3cors_client_aborts_total',
      help: 'Requests whose client went away before the response was complete.',
      type: 'counter',
      samples: one(() => counters.clientAborts),
    },
    {
      name: 's3cors_upstream_failures_total',
      help: 'Exchanges with the endpoint that failed, by reason.',
      type: 'counter',
      samples: () => failures.map((reason, index) => ({ labels: { reason }, value: counters.failures[index] ?? 0 })),
    },
    {
      name: 's3cors_upstream_cors_headers_stripped_total',
      help: 'Responses whose own Access-Control header fields were dropped: what the endpoint would have allowed by itself.',
      type: 'counter',
      samples: one(() => counters.strippedCorsFields),
    },
    {
      name: 's3cors_label_overflow_total',
      help: 'Requests counted under the origin "other" because no series was free for theirs.',
      type: 'counter',
      samples: one(() => origins.overflow()),
    },
  ]
}
