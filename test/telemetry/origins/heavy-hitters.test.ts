import t from 'tap'
import { createHeavyHitters, type Hitter } from '../../../src/telemetry/origins/heavy-hitters.ts'
import { seededRandom } from '../../fixtures/request-records.ts'

const quarterHourMs = 15 * 60_000

function create(): Hitter {
  return { origin: '', cell: 0, seen: 0, weight: 0, shown: false, count: 0, firstSeenMs: 0, lastSeenMs: 0 }
}

function createSummary(limit: number, random = seededRandom(1)) {
  const released: string[] = []
  const summary = createHeavyHitters(limit, create, ({ origin }) => released.push(origin), random)
  return {
    hit: (origin: string, times = 1, nowMs = quarterHourMs) => {
      let shown = false
      for (let i = 0; i < times; i++) shown = summary.hit(origin, 0, nowMs) !== undefined
      return shown
    },
    shown: () => Object.fromEntries(summary.shown.map(({ origin, count }) => [origin, count])),
    summary,
    released,
  }
}

t.test('a tuple is shown from its first request while there is room', async t => {
  const { hit, shown } = createSummary(2)
  t.equal(hit('a'), true)
  t.equal(hit('b', 3), true)
  t.strictSame(shown(), { a: 1, b: 3 })
})

t.test('one origin under two labels is two tuples', async t => {
  const { summary } = createSummary(2)
  summary.hit('a', 0, 1)
  summary.hit('a', 6, 1)
  t.strictSame(
    summary.shown.map(({ cell, count }) => ({ cell, count })),
    [
      { cell: 0, count: 1 },
      { cell: 6, count: 1 },
    ],
  )
})

t.test('a heavier tuple takes the place of the lightest, and counts from then on', async t => {
  const { hit, shown } = createSummary(2)
  hit('a', 10)
  hit('b', 2)
  t.equal(hit('c', 5), false, 'needs twice what b has, and two more')
  t.equal(hit('c', 1), true)
  t.strictSame(shown(), { a: 10, c: 1 })
  t.equal(hit('b', 1), false, 'the evicted one is a candidate again')
  t.strictSame(shown(), { a: 10, c: 1 })
})

t.test('tuples of like weight do not take turns', async t => {
  const { hit, shown } = createSummary(1)
  hit('a')
  for (let i = 0; i < 1000; i++) {
    hit('b')
    hit('a')
  }
  t.strictSame(shown(), { a: 1001 })
})

t.test('a tuple that no longer comes yields to one that does', async t => {
  const { hit, shown } = createSummary(1)
  hit('old', 1_000_000)
  t.equal(hit('new', 1000, 2 * quarterHourMs), false)
  t.equal(hit('new', 1000, 12 * quarterHourMs), true)
  t.same(Object.keys(shown()), ['new'])
})

t.test('first and last seen are kept', async t => {
  const { hit, summary } = createSummary(1)
  hit('a', 1, quarterHourMs + 1)
  hit('a', 1, quarterHourMs + 5)
  t.match(summary.shown, [{ firstSeenMs: quarterHourMs + 1, lastSeenMs: quarterHourMs + 5 }])
})

t.test('a tuple that is shown no longer is released, once', async t => {
  const { hit, shown, released } = createSummary(1)
  hit('a')
  hit('b', 6)
  t.strictSame([Object.keys(shown()), released], [['b'], ['a']])
})

t.test('a limit of 0 shows nothing and keeps nothing', async t => {
  const { hit, shown } = createSummary(0)
  t.equal(hit('a', 10), false)
  t.strictSame(shown(), {})
})

t.test('100,000 invented tuples do not hide 20 real ones that come 50 times each', async t => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seededRandom(seed)
    const { hit, shown } = createSummary(100, random)
    for (let i = 0; i < 100_000; i++) {
      hit(`https://invented-${i}.example`)
      if (i % 100 === 0) hit(`https://real-${(i / 100) % 20}.example`)
    }
    const names = Object.keys(shown())
    t.equal(names.length, 100)
    t.equal(names.filter(name => name.startsWith('https://real-')).length, 20, `all real ones, seed ${seed}`)
  }
})

t.test('a flood of tuples seen once displaces none that is shown', async t => {
  const { hit, shown } = createSummary(3)
  for (const name of ['a', 'b', 'c']) hit(name)
  for (let i = 0; i < 20_000; i++) hit(`invented-${i}`)
  t.strictSame(shown(), { a: 1, b: 1, c: 1 })
})
