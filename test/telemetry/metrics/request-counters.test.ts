import t from 'tap'
import type { RequestRecord } from '../../../src/proxy/request/request-record.ts'
import {
  codes,
  countRequest,
  createRequestCounters,
  decisionCell,
  kinds,
  methods,
  requestCell,
} from '../../../src/telemetry/metrics/request-counters.ts'
import { denied, makeRecord, matched } from '../../fixtures/request-records.ts'

type Labels = [(typeof kinds)[number], (typeof methods)[number], (typeof codes)[number]]

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
    const counters = createRequestCounters()
    countRequest(counters, makeRecord(record), 0)
    const counted = [...counters.requests].flatMap((count, cell) => (count > 0 ? [{ cell, count }] : []))
    const cell = requestCell(kinds.indexOf(labels[0]), methods.indexOf(labels[1]), codes.indexOf(labels[2]))
    t.strictSame(counted, [{ cell, count: 1 }])
  })
}

t.test('each combination of labels has a cell of its own', async t => {
  const cells = kinds.flatMap((_, k) => methods.flatMap((_, m) => codes.map((_, c) => requestCell(k, m, c))))
  t.equal(new Set(cells).size, createRequestCounters().requests.length)
})

t.test('preflights and actual requests are decisions, others are not', async t => {
  const counters = createRequestCounters()
  countRequest(counters, makeRecord({ kind: 'preflight', decision: matched() }), 0)
  countRequest(counters, makeRecord({ kind: 'actual', decision: denied('header') }), 3)
  countRequest(counters, makeRecord({ kind: 'actual' }), 0)
  countRequest(counters, makeRecord({ kind: 'plain' }), 0)
  const counted = counters.decisions.flatMap((count, cell) => [[cell, count]])
  t.strictSame(counted, [
    [decisionCell(0, 0, 0), 1],
    [decisionCell(0, 1, 1), 1],
    [decisionCell(3, 1, 4), 1],
  ])
})

t.test('bytes, aborts, failures and stripped fields are summed', async t => {
  const counters = createRequestCounters()
  for (let i = 0; i < 2; i++) {
    countRequest(
      counters,
      makeRecord({
        requestBodyBytes: 5,
        responseBodyBytes: 7,
        clientAborted: true,
        strippedCorsFields: true,
        upstreamFailure: 'dns',
      }),
      0,
    )
  }
  t.match(counters, { requestBodyBytes: 10, responseBodyBytes: 14, clientAborts: 2, strippedCorsFields: 2 })
  t.strictSame([...counters.failures], [0, 0, 0, 0, 0, 0, 2, 0, 0])
})

t.test('the upstream duration is counted only where a response began', async t => {
  const counters = createRequestCounters()
  countRequest(counters, makeRecord({ upstreamStartedAtMs: 0, upstreamFirstByteAtMs: 0 }), 0)
  countRequest(counters, makeRecord({ upstreamFirstByteAtMs: 0 }), 0)
  countRequest(counters, makeRecord({ upstreamStartedAtMs: 10, upstreamFirstByteAtMs: 2010 }), 0)
  t.equal(counters.upstreamDurations[2]?.sum, 2)
  t.equal(counters.durations[2]?.sum, 0.012)
})
