import t from 'tap'
import type { RequestRecord } from '../../../src/proxy/request/request-record.ts'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'
import { perBucket } from '../../../src/telemetry/metrics/counter-cells.ts'
import type { LabelsOf } from '../../../src/telemetry/metrics/metric-family.ts'
import { requestFamilies } from '../../../src/telemetry/metrics/request-families.ts'
import { countRequest, createRequestCounters, requestMetrics } from '../../../src/telemetry/metrics/request-metrics.ts'
import { createOriginTable } from '../../../src/telemetry/origins/origin-table.ts'
import { denied, makeActual, makeRecord, matched } from '../../fixtures/request-records.ts'

type RequestLabels = LabelsOf<(typeof requestMetrics)['requests']>
type Labels = [RequestLabels['kind'], RequestLabels['method'], RequestLabels['code']]

/** Counts, and what a scrape then reads of a metric. */
function create() {
  const buckets = createBucketLabels()
  const counters = createRequestCounters()
  const families = requestFamilies(counters, buckets, createOriginTable(1, buckets, Math.random), () => [])
  const read = (name: string) => families.find(family => family.name === name)?.samples()
  const count = (record: RequestRecord) => countRequest(counters, record, buckets.index(record.bucket, true))
  return { count, read }
}

const cases: { name: string; record: Partial<RequestRecord>; labels: Labels }[] = [
  { name: 'a plain GET', record: {}, labels: ['plain', 'GET', '2xx'] },
  {
    name: 'a refused preflight',
    record: { kind: 'preflight', method: 'OPTIONS', status: 403 },
    labels: ['preflight', 'OPTIONS', '4xx'],
  },
  {
    name: 'a method outside the six of S3',
    record: { kind: 'rejected', method: 'BREW', status: 405 },
    labels: ['rejected', 'other', '4xx'],
  },
  {
    name: 'a method in lower case',
    record: { kind: 'rejected', method: 'get', status: 405 },
    labels: ['rejected', 'other', '4xx'],
  },
  { name: 'a request without an answer', record: { status: 0, clientAborted: true }, labels: ['plain', 'GET', 'none'] },
  { name: 'a status beyond the classes', record: { status: 999 }, labels: ['plain', 'GET', 'none'] },
  { name: 'a managed PUT', record: { kind: 'managed', method: 'PUT' }, labels: ['managed', 'PUT', '2xx'] },
]
for (const { name, record, labels } of cases) {
  t.test(`${name} is counted once, as ${labels.join(' ')}`, async t => {
    const { count, read } = create()
    count(makeRecord(record))
    const [kind, method, code] = labels
    t.strictSame(read('s3cors_requests_total'), [{ labels: { kind, method, code }, value: 1 }])
  })
}

t.test('only what was counted is a series', async t => {
  const { count, read } = create()
  t.strictSame(read('s3cors_requests_total'), [])
  t.strictSame(read('s3cors_decisions_total'), [])
  count(makeActual('https://a', { decision: matched() }))
  t.strictSame(read('s3cors_requests_total'), [{ labels: { kind: 'actual', method: 'GET', code: '2xx' }, value: 1 }])
})

t.test('closed sets are there from the start, so that their first increase shows', async t => {
  const { read } = create()
  t.equal(read('s3cors_upstream_failures_total')?.length, 9)
  t.equal(read('s3cors_request_duration_seconds')?.length, 5)
})

t.test('preflights and actual requests are decisions, others are not', async t => {
  const { count, read } = create()
  count(makeRecord({ kind: 'preflight', decision: matched() }))
  count(makeRecord({ kind: 'actual', decision: denied('header'), bucket: 'third' }))
  count(makeRecord({ kind: 'actual', bucket: undefined }))
  count(makeRecord({ kind: 'plain' }))
  const labels = [
    { bucket: 'other', kind: 'actual', decision: 'denied', reason: 'no_rules' },
    { bucket: 'media', kind: 'preflight', decision: 'allowed', reason: 'matched' },
    { bucket: 'third', kind: 'actual', decision: 'denied', reason: 'header' },
  ]
  t.strictSame(
    read('s3cors_decisions_total'),
    labels.map(labels => ({ labels, value: 1 })),
  )
})

t.test('in report, decisions are counted once more, with what the endpoint answered', async t => {
  const { count, read } = create()
  const report = (values: Partial<RequestRecord>) =>
    count(makeRecord({ kind: 'actual', enforcement: 'report', ...values }))
  const origin = 'https://a.example'
  report({ decision: denied('origin'), origin, upstreamAllowOrigin: '*' })
  report({ decision: denied('origin'), origin, upstreamAllowOrigin: origin })
  report({ decision: denied('origin'), origin, upstreamAllowOrigin: 'https://b.example' })
  report({ decision: denied('origin'), origin, upstreamAllowOrigin: undefined })
  report({ decision: matched(), origin, kind: 'preflight' })
  report({ kind: 'plain', origin: undefined })
  for (const enforcement of ['headers', 'block'] as const)
    count(makeRecord({ kind: 'actual', enforcement, decision: denied('origin'), origin, upstreamAllowOrigin: '*' }))
  const labels = { bucket: 'media', decision: 'denied', reason: 'origin' }
  t.strictSame(read('s3cors_report_decisions_total'), [
    { labels: { ...labels, decision: 'allowed', reason: 'matched', endpoint: 'refused' }, value: 1 },
    { labels: { ...labels, endpoint: 'allowed' }, value: 2 },
    { labels: { ...labels, endpoint: 'refused' }, value: 2 },
  ])
})

t.test('bytes, aborts, failures and stripped fields are summed', async t => {
  const { count, read } = create()
  for (let i = 0; i < 2; i++) {
    count(
      makeRecord({
        requestBodyBytes: 5,
        responseBodyBytes: 7,
        clientAborted: true,
        strippedCorsFields: true,
        upstreamFailure: 'dns',
      }),
    )
  }
  for (const [name, value] of [
    ['s3cors_request_body_bytes_total', 10],
    ['s3cors_response_body_bytes_total', 14],
    ['s3cors_client_aborts_total', 2],
    ['s3cors_upstream_cors_headers_stripped_total', 2],
  ] as const) {
    t.strictSame(read(name), [{ labels: {}, value }], name)
  }
  t.match(read('s3cors_upstream_failures_total')?.[6], { labels: { reason: 'dns' }, value: 2 })
})

t.test('the upstream duration is counted only where a response began', async t => {
  const { count, read } = create()
  count(makeRecord({ upstreamStartedAtMs: 0, upstreamFirstByteAtMs: 0 }))
  count(makeRecord({ upstreamFirstByteAtMs: 0 }))
  count(makeRecord({ upstreamStartedAtMs: 10, upstreamFirstByteAtMs: 2010 }))
  t.match(read('s3cors_upstream_duration_seconds')?.[2], { labels: { kind: 'plain' }, sum: 2 })
  t.match(read('s3cors_request_duration_seconds')?.[2], { labels: { kind: 'plain' }, sum: 0.012 })
})

t.test('a connection is counted with the request that it was opened for', async t => {
  const { count, read } = create()
  count(makeRecord({ upstreamHandshakeMs: 0 }))
  count(makeRecord({ upstreamHandshakeMs: 150 }))
  t.strictSame(read('s3cors_upstream_connections_opened_total'), [{ labels: {}, value: 1 }])
  t.match(read('s3cors_upstream_handshake_seconds')?.[0], { labels: {}, sum: 0.15 })
})

t.test('each metric has a name, a text and closed labels', async t => {
  for (const { name, help, by } of Object.values(requestMetrics)) {
    t.match(name, /^s3cors_/)
    t.match(help, /\.$/)
    t.ok(
      by.slice(by[0] === perBucket ? 1 : 0).every(({ length }) => length > 0),
      name,
    )
  }
})
