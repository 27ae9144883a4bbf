import type { RequestKind, RequestRecord, UpstreamFailureReason } from '../../proxy/request/request-record.ts'
import { isDecided, reasonIndex, reasons } from './decision-reason.ts'
import { createHistogramCells, type HistogramCells, observe } from './histogram-cells.ts'

/** Every kind of request, in the order of the cells. */
export const kinds = ['preflight', 'actual', 'plain', 'managed', 'rejected'] as const satisfies readonly RequestKind[]

/** The label `method`: S3's six, else `other`. */
export const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'other'] as const

/** The label `code`: the class of the status; `none` when the client went away before a status was sent. */
export const codes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** The label `reason` of upstream failures. */
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

/** Everything that is counted per request, as plain numbers: counting costs no allocation and no look-up of labels. */
export interface RequestCounters {
  inFlight: number
  /** By kind, method, code. */
  readonly requests: Float64Array
  /** By bucket, kind (preflight, actual), reason; holes where nothing was counted. */
  readonly decisions: number[]
  readonly durations: readonly HistogramCells[]
  readonly upstreamDurations: readonly HistogramCells[]
  readonly failures: Float64Array
  requestBodyBytes: number
  responseBodyBytes: number
  clientAborts: number
  strippedCorsFields: number
}

/** Counters at zero. */
export function createRequestCounters(): RequestCounters {
  return {
    inFlight: 0,
    requests: new Float64Array(kinds.length * methods.length * codes.length),
    decisions: [],
    durations: kinds.map(() => createHistogramCells()),
    upstreamDurations: kinds.map(() => createHistogramCells()),
    failures: new Float64Array(failures.length),
    requestBodyBytes: 0,
    responseBodyBytes: 0,
    clientAborts: 0,
    strippedCorsFields: 0,
  }
}

const methodIndices: ReadonlyMap<string, number> = new Map(methods.map((method, index) => [method, index]))
const otherMethod = methods.length - 1

function add(cells: Float64Array, index: number): void {
  cells[index] = (cells[index] ?? 0) + 1
}

/** Where a request is counted in `requests`. */
export function requestCell(kind: number, method: number, code: number): number {
  return (kind * methods.length + method) * codes.length + code
}

/** Where a decision is counted in `decisions`; `kind` is 0 for preflights and 1 for actual requests. */
export function decisionCell(bucket: number, kind: number, reason: number): number {
  return (bucket * 2 + kind) * reasons.length + reason
}

/** Counts one request that ended, under the label `bucket`. */
export function countRequest(counters: RequestCounters, record: RequestRecord, bucket: number): void {
  const kind = kinds.indexOf(record.kind)
  // A method literally called "other" is the same label as every other unknown one.
  const method = methodIndices.get(record.method) ?? otherMethod
  const code = record.status >= 100 && record.status < 600 ? Math.floor(record.status / 100) : 0
  counters.inFlight--
  add(counters.requests, requestCell(kind, method, code))
  if (isDecided(record)) {
    const cell = decisionCell(bucket, kind, reasonIndex(record.decision))
    counters.decisions[cell] = (counters.decisions[cell] ?? 0) + 1
  }
  const durations = counters.durations[kind]
  if (durations !== undefined) observe(durations, (record.endedAtMs - record.startedAtMs) / 1000)
  const upstream = counters.upstreamDurations[kind]
  if (upstream !== undefined && record.upstreamStartedAtMs > 0 && record.upstreamFirstByteAtMs > 0) {
    observe(upstream, (record.upstreamFirstByteAtMs - record.upstreamStartedAtMs) / 1000)
  }
  if (record.upstreamFailure !== undefined) add(counters.failures, failures.indexOf(record.upstreamFailure))
  if (record.clientAborted) counters.clientAborts++
  if (record.strippedCorsFields) counters.strippedCorsFields++
  counters.requestBodyBytes += record.requestBodyBytes
  counters.responseBodyBytes += record.responseBodyBytes
}

/** Adds what another process has counted, but for what is in flight there; `labels` gives its bucket numbers those of `into`. */
export function addCounters(into: RequestCounters, from: RequestCounters, labels: readonly number[]): void {
  addCells(into.requests, from.requests)
  addCells(into.failures, from.failures)
  const perBucket = 2 * reasons.length
  // forEach leaves out the cells that were never counted: the array has holes.
  from.decisions.forEach((count, cell) => {
    const at = (labels[Math.floor(cell / perBucket)] ?? 0) * perBucket + (cell % perBucket)
    into.decisions[at] = (into.decisions[at] ?? 0) + count
  })
  addHistograms(into.durations, from.durations)
  addHistograms(into.upstreamDurations, from.upstreamDurations)
  into.requestBodyBytes += from.requestBodyBytes
  into.responseBodyBytes += from.responseBodyBytes
  into.clientAborts += from.clientAborts
  into.strippedCorsFields += from.strippedCorsFields
}

function addCells(into: Float64Array, from: Float64Array): void {
  for (let index = 0; index < into.length; index++) into[index] = (into[index] ?? 0) + (from[index] ?? 0)
}

function addHistograms(into: readonly HistogramCells[], from: readonly HistogramCells[]): void {
  for (const [index, cells] of into.entries()) {
    const added = from[index]
    if (added === undefined) continue
    addCells(cells.counts, added.counts)
    cells.sum += added.sum
  }
}
