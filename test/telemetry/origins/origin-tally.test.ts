import t from 'tap'
import { reasons } from '../../../src/telemetry/metrics/decision-reason.ts'
import { createOriginTally } from '../../../src/telemetry/origins/origin-tally.ts'
import { makeActual, matched } from '../../fixtures/request-records.ts'

t.test('requests of one origin with one reason are one count, with what the last of them was', async t => {
  const tally = createOriginTally(10)
  tally.count(makeActual('https://a.example', { decision: matched() }), 2)
  tally.count(makeActual('https://a.example', { decision: matched(), method: 'PUT', bucket: 'x'.repeat(2000) }), 2)
  tally.count(makeActual('https://a.example'), 2)
  t.equal(tally.size, 2)
  const { seen } = tally.take()
  t.match(
    seen.find(({ cell }) => cell === 2 * reasons.length),
    { count: 2, request: { origin: 'https://a.example', method: 'PUT', bucket: undefined, kind: 'actual' } },
  )
  t.equal(seen.length, 2, 'another reason is another tuple')
  t.equal(tally.size, 0)
  t.strictSame(tally.take(), { seen: [], other: [] })
})

t.test('there is room for so many, the rest is summed up by bucket and reason', async t => {
  const tally = createOriginTally(1)
  for (const origin of ['https://a.example', 'https://b.example', 'https://c.example', 'https://a.example']) {
    tally.count(makeActual(origin), 1)
  }
  for (const origin of ['not an origin', 'nor this']) tally.count(makeActual(origin), 1)
  const { seen, other } = tally.take()
  t.match(
    seen.map(({ request, count }) => [request.origin, count]),
    [
      ['https://a.example', 2],
      ['nor this', 2],
    ],
    'what is no origin is one tuple, for which there is always room',
  )
  t.strictSame(Object.values(other), [2])
})
