import type { ConnectionEnd } from '../../http/connection-end.ts'
import type { RequestKind, RequestRecord, UpstreamFailureReason } from '../../proxy/request/request-record.ts'
import { decisionOf, reasonIndex, reasons } from '../labels/decision-reason.ts'
import { endpointAllows } from '../origins/endpoint-answer.ts'
import { add, addCells, type Cells, type CountedMetric, createCells, observe, perBucket } from './counter-cells.ts'
import { each } from './metric-family.ts'

/** Every kind of request. The two that have a decision come first. */
export const kinds = ['preflight', 'actual', 'plain', 'managed', 'rejected'] as const satisfies readonly RequestKind[]
const decidedKinds = ['preflight', 'actual'] as const satisfies readonly RequestKind[]

/** S3's six methods, else `other`. A method literally called "other" is the same label as every other unknown one. */
export const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'other'] as const

const methodIndices: ReadonlyMap<string, number> = new Map(methods.map((method, index) => [method, index]))
const otherMethod = methods.length - 1

/** The class of the status; `none` when the client went away before a status was sent. */
export const codes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Why an exchange failed. */
export const failures = [
  'refused',
  'reset',
  'timeout',
  'truncated',
  'malformed',
  'tls',
  'dns',
  'queue',
  'slow_client',
] as const satisfies readonly UpstreamFailureReason[]

/** Why a connection of HTTP/2 ended for what its client sent. */
export const connectionEnds = [
  'idle_frames',
  'large_head',
  'control_flood',
  'invalid_frames',
  'protocol_error',
] as const satisfies readonly ConnectionEnd[]

/** In `report`: whether the endpoint's own answer allowed the origin. */
const endpointAnswers = ['allowed', 'refused'] as const

/** A decision and its reason, which go together. */
export const outcomes = reasons.map(reason => ({ decision: decisionOf(reason), reason }))

/** Counts a request that has ended; `kind` and `bucket` are the numbers of its kind and of its bucket's label. */
type CountRequest = (cells: Cells, record: RequestRecord, kind: number, bucket: number) => void

/** Everything that is counted when a request has ended: each with its name, its text, its labels and what counts it. */
export const requestMetrics = {
  requests: {
    name: 's3cors_requests_total',
    help: 'Requests that ended, each exactly once, by kind, method and class of status.',
    type: 'counter',
    by: [each('kind', kinds), each('method', methods), each('code', codes)],
    shown: 'counted',
    count(cells, { method, status }, kind) {
      const code = status >= 100 && status < 600 ? Math.floor(status / 100) : 0
      add(cells, (kind * methods.length + (methodIndices.get(method) ?? otherMethod)) * codes.length + code)
    },
  },
  decisions: {
    name: 's3cors_decisions_total',
    help: 'Decisions of the CORS rules: one per preflight and per actual request.',
    type: 'counter',
    by: [perBucket, each('kind', decidedKinds), outcomes],
    shown: 'counted',
    count(cells, { decision }, kind, bucket) {
      if (kind >= decidedKinds.length) return
      // Not by `add`, which all others share, and which is to meet one kind of array.
      const cell = (bucket * decidedKinds.length + kind) * reasons.length + reasonIndex(decision)
      cells[cell] = (cells[cell] ?? 0) + 1
    },
  },
  reportDecisions: {
    name: 's3cors_report_decisions_total',
    help: "Of these, those where enforcement is report, with the endpoint's own answer: what the rules would refuse is denied, and allowed by the endpoint.",
    type: 'counter',
    by: [perBucket, outcomes, each('endpoint', endpointAnswers)],
    shown: 'counted',
    count(cells, record, kind, bucket) {
      if (record.enforcement !== 'report' || kind >= decidedKinds.length) return
      const outcome = bucket * reasons.length + reasonIndex(record.decision)
      const cell = outcome * endpointAnswers.length + (endpointAllows(record) ? 0 : 1)
      cells[cell] = (cells[cell] ?? 0) + 1
    },
  },
  durations: {
    name: 's3cors_request_duration_seconds',
    help: 'Time from the head of a request to the end of its response.',
    type: 'histogram',
    by: [each('kind', kinds)],
    shown: 'always',
    count: (cells, { startedAtMs, endedAtMs }, kind) => observe(cells, kind, (endedAtMs - startedAtMs) / 1000),
  },
  upstreamDurations: {
    name: 's3cors_upstream_duration_seconds',
    help: 'Time from the start of an exchange with the endpoint to the first byte of its response.',
    type: 'histogram',
    by: [each('kind', kinds)],
    shown: 'always',
    count(cells, { upstreamStartedAtMs: startMs, upstreamFirstByteAtMs: firstByteMs }, kind) {
      if (startMs > 0 && firstByteMs > 0) observe(cells, kind, (firstByteMs - startMs) / 1000)
    },
  },
  connectionsOpened: {
    name: 's3cors_upstream_connections_opened_total',
    help: 'Connections to the endpoint that were opened for a request; the others found one open.',
    type: 'counter',
    by: [],
    shown: 'always',
    count(cells, { upstreamHandshakeMs }) {
      if (upstreamHandshakeMs > 0) add(cells, 0)
    },
  },
  handshakes: {
    name: 's3cors_upstream_handshake_seconds',
    help: 'Time until such a connection was open: name, TCP and TLS.',
    type: 'histogram',
    by: [],
    shown: 'always',
    count(cells, { upstreamHandshakeMs }) {
      if (upstreamHandshakeMs > 0) observe(cells, 0, upstreamHandshakeMs / 1000)
    },
  },
  requestBodyBytes: {
    name: 's3cors_request_body_bytes_total',
    help: 'Bytes of request bodies received from clients.',
    type: 'counter',
    by: [],
    shown: 'always',
    count(cells, { requestBodyBytes }) {
      if (requestBodyBytes > 0) add(cells, 0, requestBodyBytes)
    },
  },
  responseBodyBytes: {
    name: 's3cors_response_body_bytes_total',
    help: 'Bytes of response bodies sent to clients.',
    type: 'counter',
    by: [],
    shown: 'always',
    count(cells, { responseBodyBytes }) {
      if (responseBodyBytes > 0) add(cells, 0, responseBodyBytes)
    },
  },
  clientAborts: {
    name: 's3cors_client_aborts_total',
    help: 'Requests whose client went away before the response was complete.',
    type: 'counter',
    by: [],
    shown: 'always',
    count(cells, { clientAborted }) {
      if (clientAborted) add(cells, 0)
    },
  },
  connectionEnds: {
    name: 's3cors_client_connections_ended_total',
    help: 'Connections of HTTP/2 that the proxy ended for what their clients sent, by reason.',
    type: 'counter',
    by: [each('reason', connectionEnds)],
    shown: 'always',
    count(cells, { connectionEnd }) {
      if (connectionEnd !== undefined) add(cells, connectionEnds.indexOf(connectionEnd))
    },
  },
  failures: {
    name: 's3cors_upstream_failures_total',
    help: 'Exchanges with the endpoint that failed, by reason.',
    type: 'counter',
    by: [each('reason', failures)],
    shown: 'always',
    count(cells, { upstreamFailure }) {
      if (upstreamFailure !== undefined) add(cells, failures.indexOf(upstreamFailure))
    },
  },
  strippedCorsFields: {
    name: 's3cors_upstream_cors_headers_stripped_total',
    help: 'Responses whose own Access-Control header fields were dropped: what the endpoint would have allowed by itself.',
    type: 'counter',
    by: [],
    shown: 'always',
    count(cells, { strippedCorsFields }) {
      if (strippedCorsFields) add(cells, 0)
    },
  },
} as const satisfies Readonly<Record<string, CountedMetric & { readonly count: CountRequest }>>

/** The key of one metric. */
export type RequestMetric = keyof typeof requestMetrics

/** In the order of {@link RequestCounters.cells}. */
export const requestMetricNames = Object.keys(requestMetrics) as RequestMetric[]
const counts = requestMetricNames.map(name => requestMetrics[name].count)

/** Everything that is counted per request, as plain numbers: counting costs no allocation and no look-up of labels. */
export interface RequestCounters {
  inFlight: number
  /** One after the other as in `requestMetrics`. */
  readonly cells: readonly Cells[]
}

/** Counters at zero. */
export function createRequestCounters(inFlight = 0): RequestCounters {
  return { inFlight, cells: requestMetricNames.map(name => createCells(requestMetrics[name])) }
}

/** The numbers of one metric. */
export function cellsOf({ cells }: RequestCounters, metric: RequestMetric): Cells {
  return cells[requestMetricNames.indexOf(metric)] ?? []
}

/** Counts one request that ended, under the label of the bucket number `bucket`. */
export function countRequest(counters: RequestCounters, record: RequestRecord, bucket: number): void {
  counters.inFlight--
  const { cells } = counters
  const kind = kinds.indexOf(record.kind)
  for (let index = 0; index < counts.length; index++)
    (counts[index] as CountRequest)(cells[index] as Cells, record, kind, bucket)
}

/** Adds what another process has counted, but for what is in flight there; `labels` gives its bucket numbers those of `into`. */
export function addCounters(into: RequestCounters, from: RequestCounters, labels: readonly number[]): void {
  for (const name of requestMetricNames)
    addCells(requestMetrics[name], cellsOf(into, name), cellsOf(from, name), labels)
}
