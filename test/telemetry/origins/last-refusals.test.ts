import t from 'tap'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'
import { type LastRefusal, LastRefusals, mostRefusals } from '../../../src/telemetry/origins/last-refusals.ts'
import { createOriginTable } from '../../../src/telemetry/origins/origin-table.ts'
import { denied, makeActual, matched, seededRandom } from '../../fixtures/request-records.ts'

const startMs = 1_800_000_000_000

/** Counts the records one after another, a millisecond apart, in a table with so many places. */
function refusalsOf(records: readonly ReturnType<typeof makeActual>[], places = 10): readonly LastRefusal[] {
  const table = createOriginTable(places, createBucketLabels(), seededRandom(7))
  for (const [at, record] of records.entries()) table.count(record, 0, startMs + at)
  return table.report().lastRefusals
}

const shortly = ({ origin, count }: LastRefusal) => `${origin} ${count}`

t.test('a refusal has its time, bucket, origin, method, headers and reason', async t => {
  const record = makeActual('https://a.example', {
    kind: 'preflight',
    method: 'OPTIONS',
    requestMethod: 'PUT',
    requestHeaders: ['content-type', 'x-amz-date'],
    decision: denied('header'),
  })
  t.strictSame(refusalsOf([record]), [
    {
      origin: 'https://a.example',
      bucket: 'media',
      unknownHost: undefined,
      reason: 'header',
      method: 'PUT',
      headers: ['content-type', 'x-amz-date'],
      preflight: true,
      count: 1,
      firstSeenMs: startMs,
      lastSeenMs: startMs,
    },
  ])
})

t.test('what is allowed is no refusal', async t => {
  t.strictSame(refusalsOf([makeActual('https://a.example', { decision: matched() })]), [])
})

t.test('the same refusal again is counted in its row, another one between them makes a new row', async t => {
  const [a, b] = [makeActual('https://a.example'), makeActual('https://b.example')]
  t.strictSame(refusalsOf([a, a, a, b, a]).map(shortly), [
    'https://a.example 3',
    'https://b.example 1',
    'https://a.example 1',
  ])
  t.match(refusalsOf([a, a, a]), [{ firstSeenMs: startMs, lastSeenMs: startMs + 2 }])
})

const changes: [string, Parameters<typeof makeActual>[1]][] = [
  ['method', { method: 'PUT' }],
  ['reason', { decision: denied('method') }],
  ['bucket', { bucket: 'docs' }],
  ['Host', { bucket: undefined, unknownHost: 's3.example', decision: denied('unknown_host') }],
  ['list of headers', { requestHeaders: ['range'] }],
  ['kind of request', { kind: 'preflight' }],
]
for (const [what, change] of changes) {
  t.test(`another ${what} is another row`, async t => {
    t.equal(refusalsOf([makeActual('https://a.example'), makeActual('https://a.example', change)]).length, 2)
  })
}

t.test('origins without a place in the table are here, and what is no origin is not kept', async t => {
  const records = ['https://a.example', 'https://b.example', '<script>', undefined].map(origin => makeActual(origin))
  t.strictSame(refusalsOf(records, 1).map(shortly), ['https://a.example 1', 'https://b.example 1', 'invalid 2'])
})

t.test('the last 32 rows are kept', async t => {
  const records = Array.from({ length: 1000 }, (_, at) => makeActual(`https://o${at}.example`))
  const kept = refusalsOf(records, 1)
  t.equal(kept.length, mostRefusals)
  t.strictSame([kept[0]?.origin, kept.at(-1)?.origin], ['https://o968.example', 'https://o999.example'])
})

t.test('long strings of a client are not kept', async t => {
  const long = 'a'.repeat(2000)
  const record = makeActual('https://a.example', {
    method: long,
    bucket: long,
    unknownHost: long,
    requestHeaders: ['a'.repeat(600), 'b'.repeat(600)],
  })
  for (const places of [0, 1])
    t.match(refusalsOf([record], places), [
      { method: undefined, bucket: undefined, unknownHost: undefined, headers: [] },
    ])
})

t.test('rows of several processes come in the order of time, each refusal in one of them', async t => {
  const rows = refusalsOf([makeActual('https://a.example'), makeActual('https://b.example')])
  const [a, b] = rows as [LastRefusal, LastRefusal]
  const together = new LastRefusals()
  together.absorb([
    { ...a, lastSeenMs: startMs + 2, count: 2 },
    { ...b, lastSeenMs: startMs + 5 },
  ])
  together.absorb([
    { ...a, firstSeenMs: startMs - 1, lastSeenMs: startMs + 3 },
    { ...a, lastSeenMs: startMs + 9 },
  ])
  t.strictSame(
    together.report().map(row => [row.origin, row.count, row.firstSeenMs - startMs, row.lastSeenMs - startMs]),
    [
      ['https://a.example', 3, -1, 3],
      ['https://b.example', 1, 1, 5],
      ['https://a.example', 1, 0, 9],
    ],
  )
  together.absorb(
    Array.from({ length: 100 }, (_, at) => ({ ...b, origin: `https://${at}.example`, lastSeenMs: startMs + 100 + at })),
  )
  t.equal(together.report().length, mostRefusals)
})
