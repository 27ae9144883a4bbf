import t from 'tap'
import { type CountedRequest, SeenRequests, seenBounds } from '../../../src/telemetry/origins/seen-requests.ts'
import { seededRandom } from '../../fixtures/request-records.ts'

const bounds = { requests: 4, characters: 1000 }

function create(limits = bounds) {
  const seen = new SeenRequests()
  const random = seededRandom(3)
  let nowMs = 1000
  const count = (request: Partial<CountedRequest>, times = 1) => {
    for (let i = 0; i < times; i++) {
      seen.count(
        {
          bucket: 'media',
          method: 'GET',
          requestHeaders: undefined,
          isPreflight: false,
          endpointAllows: undefined,
          ...request,
        },
        nowMs++,
        limits,
        random,
      )
    }
  }
  const total = () => seen.report().reduce((sum, { preflights, actual }) => sum + preflights + actual, seen.other)
  return { seen, count, total }
}

t.test('a preflight and the request after it are one entry where they name no header', async t => {
  const { seen, count } = create()
  count({ isPreflight: true })
  count({}, 2)
  t.match(seen.report(), [
    { method: 'GET', headers: [], preflights: 1, actual: 2, firstSeenMs: 1000, lastSeenMs: 1002 },
  ])
})

const same: readonly { name: string; lines: readonly string[] }[] = [
  { name: 'in another order', lines: ['x-amz-date,content-type'] },
  { name: 'in capitals, with blanks', lines: ['Content-Type ,\tX-AMZ-Date'] },
  { name: 'in two lines', lines: ['content-type', 'x-amz-date'] },
  { name: 'twice', lines: ['content-type,x-amz-date,content-type'] },
  { name: 'with empty elements', lines: [',content-type,,x-amz-date'] },
]
for (const { name, lines } of same) {
  t.test(`the same names ${name} are the same request`, async t => {
    const { seen, count } = create()
    count({ isPreflight: true, requestHeaders: ['content-type,x-amz-date'] })
    count({ isPreflight: true, requestHeaders: lines })
    count({ isPreflight: true, requestHeaders: lines })
    t.match(seen.report(), [{ headers: ['content-type', 'x-amz-date'], preflights: 3 }])
    t.strictSame(seen.last?.lines, lines, 'the fields are as they came last')
  })
}

for (const change of [
  { bucket: 'other' },
  { bucket: undefined },
  { method: 'PUT' },
  { requestHeaders: ['content-type'] },
] as const) {
  t.test(`${JSON.stringify(change)} is another request`, async t => {
    const { seen, count } = create()
    count({})
    count(change)
    t.equal(seen.report().length, 2)
  })
}

t.test('fields that are no list of names are kept as such, not as no names', async t => {
  const { seen, count } = create()
  count({ isPreflight: true, requestHeaders: ['content type'] })
  t.strictSame(seen.report()[0]?.headers, undefined)
})

t.test('what the endpoint answered is counted in report alone', async t => {
  const { seen, count } = create()
  count({ endpointAllows: true }, 2)
  count({ endpointAllows: false })
  count({})
  t.match(seen.report(), [{ actual: 4, endpointAllowed: 2, endpointRefused: 1 }])
})

t.test('ever new names keep the bounds, are told of, and do not keep a page out', async t => {
  const { seen, count, total } = create()
  for (let i = 0; i < 1000; i++) count({ isPreflight: true, requestHeaders: [`x-invented-${i}`] })
  count({ method: 'PUT', isPreflight: true, requestHeaders: ['content-type'] }, 500)
  for (let i = 0; i < 1000; i++) count({ isPreflight: true, requestHeaders: [`x-invented-too-${i}`] })
  t.ok(seen.report().length <= bounds.requests)
  t.ok(seen.report().some(({ method, preflights }) => method === 'PUT' && preflights > 400))
  t.equal(total(), 2500, 'each request is in an entry or among the others')
})

t.test('long strings are not kept, and together they keep the bound', async t => {
  const { seen, count, total } = create()
  count({ requestHeaders: ['x'.repeat(500)] })
  count({ method: 'x'.repeat(1001) })
  count({ bucket: 'x'.repeat(1001) })
  t.strictSame([seen.report(), seen.other], [[], 3])
  for (let i = 0; i < 4; i++) count({ requestHeaders: [`${i}${'x'.repeat(300)}`] })
  t.equal(seen.report().length, 1)
  t.equal(total(), 7)
})

t.test('what another process counted is added, less what was counted elsewhere', async t => {
  const one = create()
  one.count({ isPreflight: true, requestHeaders: ['a'] }, 3)
  one.count({}, 2)
  one.seen.other = 4
  for (const [skipped, other, counted] of [
    [0, 4, 5],
    [3, 1, 5],
    [5, 0, 4],
    [9, 0, 0],
  ] as const) {
    const two = create()
    two.seen.absorb(structuredClone(one.seen.report()), one.seen.other, skipped, bounds, Math.random)
    t.equal(two.total(), 9 - skipped, `${skipped} of nine are left out`)
    t.equal(two.seen.other, other)
    t.equal(two.total() - two.seen.other, counted)
  }
  const both = create()
  both.count({ isPreflight: true, requestHeaders: ['A'] })
  both.seen.absorb(structuredClone(one.seen.report()), 0, 0, bounds, Math.random)
  t.match(both.seen.report(), [
    { headers: ['a'], preflights: 4, firstSeenMs: 1000 },
    { headers: [], actual: 2 },
  ])
})

for (const [origins, requests] of [
  [1, 32],
  [100, 32],
  [1000, 16],
  [10_000, 8],
] as const) {
  t.test(`a table of ${origins} origins keeps ${requests} requests of each`, async t => {
    t.strictSame(seenBounds(origins), { requests, characters: 128 * requests })
  })
}
