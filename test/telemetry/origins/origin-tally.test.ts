import t from 'tap'
import { createOriginTally } from '../../../src/telemetry/origins/origin-tally.ts'
import { makeActual, matched } from '../../fixtures/request-records.ts'

t.test('requests of one origin are one sighting, with what the last of them was', async t => {
  const tally = createOriginTally(10)
  tally.count(makeActual('https://a.example', { decision: matched() }), 2)
  tally.count(makeActual('https://a.example', { decision: matched(), method: 'PUT', bucket: 'x'.repeat(2000) }), 2)
  tally.count(makeActual('https://a.example'), 2)
  t.equal(tally.size, 2)
  const { sightings } = tally.take()
  t.match(
    sightings.find(({ reason }) => reason === 0),
    { origin: 'https://a.example', bucketIndex: 2, count: 2, method: 'PUT', bucket: undefined, preflight: false },
  )
  t.equal(sightings.length, 2, 'another reason is another tuple')
  t.equal(tally.size, 0)
  t.strictSame(tally.take(), { sightings: [], other: [], invalid: [] })
})

t.test('there is room for so many, the rest is summed up by bucket and reason', async t => {
  const tally = createOriginTally(1)
  for (const origin of ['https://a.example', 'https://b.example', 'https://c.example', 'https://a.example']) {
    tally.count(makeActual(origin), 1)
  }
  tally.count(makeActual('not an origin'), 1)
  const { sightings, other, invalid } = tally.take()
  t.match(sightings, [{ origin: 'https://a.example', count: 2 }])
  t.match(other, [{ bucketIndex: 1, count: 2 }])
  t.match(invalid, [{ bucketIndex: 1, count: 1 }])
})
