import t from 'tap'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'
import { createOriginTable } from '../../../src/telemetry/origins/origin-table.ts'
import { denied, makeActual, matched, seededRandom } from '../../fixtures/request-records.ts'

function createTable(origins: number) {
  let nowMs = 1_800_000_000_000
  const table = createOriginTable(origins, createBucketLabels(), seededRandom(7))
  return {
    table,
    count: (record: Parameters<typeof table.count>[0], times = 1) => {
      for (let i = 0; i < times; i++) table.count(record, 0, nowMs++)
    },
  }
}

t.test('allowed and denied origins have places of their own', async t => {
  const { table, count } = createTable(1)
  count(makeActual('https://a.example', { decision: matched() }), 2)
  count(makeActual('https://b.example'))
  t.strictSame(table.series(), [
    { origin: 'https://a.example', bucket: 'other', decision: 'allowed', reason: 'matched', count: 2 },
    { origin: 'https://b.example', bucket: 'other', decision: 'denied', reason: 'origin', count: 1 },
  ])
})

t.test('an origin without a free place is other; what is no origin, or absent, is invalid', async t => {
  const { table, count } = createTable(1)
  count(makeActual('https://a.example'))
  count(makeActual('https://b.example'))
  count(makeActual('https://c.example', { decision: denied('method') }))
  count(makeActual('<script>'))
  count(makeActual(undefined, { decision: denied('bad_request') }))
  t.strictSame(table.series(), [
    { origin: 'https://a.example', bucket: 'other', decision: 'denied', reason: 'origin', count: 1 },
    { origin: 'other', bucket: 'other', decision: 'denied', reason: 'origin', count: 1 },
    { origin: 'other', bucket: 'other', decision: 'denied', reason: 'method', count: 1 },
    { origin: 'invalid', bucket: 'other', decision: 'denied', reason: 'origin', count: 1 },
    { origin: 'invalid', bucket: 'other', decision: 'denied', reason: 'bad_request', count: 1 },
  ])
  t.equal(table.overflow(), 2)
})

t.test('an evicted series disappears and adds nothing to other, which never decreases', async t => {
  const { table, count } = createTable(1)
  count(makeActual('https://a.example'))
  count(makeActual('https://b.example'), 4)
  t.strictSame(table.series(), [
    { origin: 'https://b.example', bucket: 'other', decision: 'denied', reason: 'origin', count: 1 },
    { origin: 'other', bucket: 'other', decision: 'denied', reason: 'origin', count: 3 },
  ])
})

t.test('the report says when, how and with which answer of the endpoint an origin came last', async t => {
  const { table, count } = createTable(2)
  count(makeActual('https://a.example'))
  count(
    makeActual('https://a.example', {
      kind: 'preflight',
      method: 'OPTIONS',
      requestMethod: 'PUT',
      requestHeaders: ['content-type'],
      enforcement: 'report',
      upstreamAllowOrigin: '*',
    }),
  )
  t.strictSame(table.report(), {
    lines: [
      {
        origin: 'https://a.example',
        bucket: 'other',
        decision: 'denied',
        reason: 'origin',
        count: 2,
        lastBucket: 'media',
        unknownHost: undefined,
        firstSeenMs: 1_800_000_000_000,
        lastSeenMs: 1_800_000_000_001,
        preflights: 1,
        requests: [
          {
            bucket: 'media',
            method: 'GET',
            headers: [],
            preflights: 0,
            actual: 1,
            endpointAllowed: 0,
            endpointRefused: 0,
            firstSeenMs: 1_800_000_000_000,
            lastSeenMs: 1_800_000_000_000,
          },
          {
            bucket: 'media',
            method: 'PUT',
            headers: ['content-type'],
            preflights: 1,
            actual: 0,
            endpointAllowed: 1,
            endpointRefused: 0,
            firstSeenMs: 1_800_000_000_001,
            lastSeenMs: 1_800_000_000_001,
          },
        ],
        otherRequests: 0,
        method: 'PUT',
        headers: ['content-type'],
        preflight: true,
        enforcement: 'report',
        upstreamAllowOrigin: '*',
      },
    ],
    rest: [],
    overflow: 0,
    lastRefusals: [
      {
        origin: 'https://a.example',
        bucket: 'media',
        unknownHost: undefined,
        reason: 'origin',
        method: 'GET',
        headers: [],
        preflight: false,
        count: 1,
        firstSeenMs: 1_800_000_000_000,
        lastSeenMs: 1_800_000_000_000,
      },
      {
        origin: 'https://a.example',
        bucket: 'media',
        unknownHost: undefined,
        reason: 'origin',
        method: 'PUT',
        headers: ['content-type'],
        preflight: true,
        count: 1,
        firstSeenMs: 1_800_000_000_001,
        lastSeenMs: 1_800_000_000_001,
      },
    ],
  })
})

t.test('long strings of a client are not kept', async t => {
  const { table, count } = createTable(1)
  const long = 'a'.repeat(2000)
  count(
    makeActual('https://a.example', {
      requestMethod: long,
      requestHeaders: ['a'.repeat(600), 'b'.repeat(600)],
      bucket: long,
      upstreamAllowOrigin: long,
    }),
  )
  t.match(table.report().lines[0], {
    requests: [],
    otherRequests: 1,
    method: undefined,
    headers: [],
    lastBucket: undefined,
    upstreamAllowOrigin: undefined,
  })
})

t.test('another size begins anew, the same size changes nothing', async t => {
  const { table, count } = createTable(1)
  count(makeActual('https://a.example'))
  count(makeActual('https://b.example'))
  table.resize(1)
  t.equal(table.series().length, 2)
  table.resize(2)
  t.match(table.series(), [{ origin: 'other', count: 1 }])
  count(makeActual('https://a.example'))
  count(makeActual('https://b.example'))
  t.equal(table.series().length, 3)
})

t.test('of a series that is evicted nothing is kept but its numbers', async t => {
  const { table, count } = createTable(1)
  count(makeActual('https://a.example', { requestHeaders: ['x-name'] }))
  count(makeActual('https://b.example'), 8)
  count(makeActual('https://a.example'), 40)
  const [line] = table.report().lines
  t.match(line, { origin: 'https://a.example', preflights: 0 })
  t.match(line?.requests, [{ headers: [], actual: line?.count }])
  t.equal(line?.requests.length, 1)
})

t.test('a flood of invented origins and header names keeps the bounds', async t => {
  const { table, count } = createTable(50)
  for (let i = 0; i < 30_000; i++) {
    const origin = i % 2 === 0 ? 'https://page.example' : `https://invented-${i}.example`
    count(makeActual(origin, { requestHeaders: [`x-${i}-${'n'.repeat(60)}`], requestMethod: 'PUT', kind: 'preflight' }))
  }
  const { lines } = table.report()
  t.equal(lines.length, 50)
  for (const { count, preflights, requests, otherRequests } of lines) {
    t.equal(preflights, count)
    t.equal(
      requests.reduce((sum, seen) => sum + seen.preflights + seen.actual, otherRequests),
      count,
    )
    t.ok(requests.length <= 32)
  }
})
