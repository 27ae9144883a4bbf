import t from 'tap'
import { createFetchScheduler } from '../../../src/policies/upstream/fetch-scheduler.ts'
import { endpointBounds } from '../../../src/policies/upstream/upstream-source.ts'
import { createFakeClock, settled } from '../../fixtures/fake-clock.ts'
import { createScriptedFetch, noRules, rulesFor, serverFailure } from '../../fixtures/scripted-fetch.ts'

function setUp() {
  const clock = createFakeClock()
  const fetch = createScriptedFetch(clock.now)
  const landings: string[] = []
  const scheduler = createFetchScheduler({
    fetch: fetch.fetch,
    bounds: endpointBounds,
    timeoutMs: 2000,
    now: clock.now,
    setTimer: clock.setTimer,
    landed: (bucket, _lane, result) =>
      landings.push(`${bucket} ${result.kind === 'failure' ? result.reason : result.kind}`),
  })
  return { clock, fetch, landings, scheduler }
}

t.test('one call per bucket at a time', async t => {
  const { fetch, scheduler, landings } = setUp()
  const all = Array.from({ length: 1000 }, () => scheduler.request('media', 'other'))
  t.equal(fetch.calls.length, 1)
  await fetch.last().answer(noRules)
  await Promise.all(all)
  t.strictSame(landings, ['media none'])
  t.equal(scheduler.busy('media'), false)
})

t.test('eight calls at once, six of them for buckets that no entry names', async t => {
  const { fetch, scheduler } = setUp()
  for (let i = 0; i < 50; i++) scheduler.request(`other-${i}`, 'other')
  t.equal(fetch.running(), 6)
  for (let i = 0; i < 50; i++) scheduler.request(`named-${i}`, 'named')
  t.equal(fetch.running(), 8)
  await fetch.calls[0]?.answer(noRules)
  t.equal(fetch.last().bucket, 'named-2', 'a place that comes free goes to a named bucket')
})

t.test('no more wait than can be served', async t => {
  const { scheduler } = setUp()
  const accepted = Array.from({ length: 200 }, (_, i) => scheduler.request(`other-${i}`, 'other')).filter(
    Boolean,
  ).length
  t.equal(accepted, 6 + 64)
  t.ok(scheduler.request('named', 'named'))
})

t.test('a call past its deadline has failed and gives its place back', async t => {
  const { clock, fetch, scheduler, landings } = setUp()
  for (let i = 0; i < 9; i++) scheduler.request(`named-${i}`, 'named')
  t.equal(fetch.calls.length, 8)
  await clock.advance(2000)
  t.equal(fetch.calls.length, 9)
  t.equal(landings.filter(line => line.endsWith('timeout')).length, 8)
})

t.test('a late answer is not listened to', async t => {
  const { clock, fetch, scheduler, landings } = setUp()
  scheduler.request('media', 'named')
  const slow = fetch.last()
  await clock.advance(2000)
  scheduler.request('media', 'named')
  await slow.answer(rulesFor('https://old.example'))
  await fetch.last().answer(noRules)
  await slow.answer(rulesFor('https://old.example'))
  t.strictSame(landings, ['media timeout', 'media none'])
})

t.test('a refresh gives up the call that was under way and starts its own', async t => {
  const { fetch, scheduler, landings } = setUp()
  const early = scheduler.request('media', 'named')
  const [first] = fetch.calls
  const refreshed = scheduler.refresh('media', 'named')
  t.equal(first?.signal?.aborted, true)
  await first?.answer(rulesFor('https://old.example'))
  await fetch.last().answer(noRules)
  await Promise.all([early, refreshed])
  t.strictSame(landings, ['media none'])
})

t.test('a stream of refreshes makes one call after another, and each lands', async t => {
  const { fetch, scheduler, landings } = setUp()
  scheduler.refresh('media', 'named')
  const later = [1, 2, 3].map(() => scheduler.refresh('media', 'named'))
  t.equal(fetch.calls.length, 1)
  await fetch.last().answer(noRules)
  t.equal(fetch.calls.length, 2, 'three became one')
  await fetch.last().answer(rulesFor('*'))
  await Promise.all(later)
  t.strictSame(landings, ['media none', 'media rules'])
})

t.test('a refresh of a bucket that still waits is satisfied by its call', async t => {
  const { fetch, scheduler } = setUp()
  for (let i = 0; i < 9; i++) scheduler.request(`named-${i}`, 'named')
  scheduler.refresh('named-8', 'named')
  for (const call of fetch.calls) await call.answer(noRules)
  await settled()
  t.equal(fetch.calls.filter(call => call.bucket === 'named-8').length, 1)
})

t.test('a refresh goes before what waits', async t => {
  const { fetch, scheduler } = setUp()
  for (let i = 0; i < 20; i++) scheduler.request(`named-${i}`, 'named')
  scheduler.refresh('urgent', 'named')
  await fetch.calls[0]?.answer(serverFailure)
  t.equal(fetch.last().bucket, 'urgent')
})

t.test('an answer that came another way ends the call that was under way', async t => {
  const { fetch, scheduler, landings } = setUp()
  const asked = scheduler.request('media', 'named')
  scheduler.deliver('media', 'named', noRules)
  await fetch.last().answer(rulesFor('https://old.example'))
  await asked
  t.strictSame(landings, ['media none'])
  t.equal(fetch.running(), 0)
})

t.test('an answer that came another way takes a call that still waits out of the queue', async t => {
  const { fetch, scheduler, landings } = setUp()
  for (let i = 0; i < 9; i++) scheduler.request(`named-${i}`, 'named')
  scheduler.deliver('named-8', 'named', noRules)
  for (const call of fetch.calls.slice()) await call.answer(noRules)
  t.equal(fetch.calls.length, 8)
  t.equal(landings[0], 'named-8 none')
})

t.test('stopping gives up every call and releases all that wait', async t => {
  const { clock, fetch, scheduler, landings } = setUp()
  const all = [
    ...Array.from({ length: 20 }, (_, i) => scheduler.request(`named-${i}`, 'named')),
    scheduler.refresh('media', 'other'),
    scheduler.refresh('media', 'other'),
  ]
  scheduler.stop()
  await Promise.all(all)
  await fetch.calls[0]?.answer(noRules)
  t.equal(fetch.running(), 0)
  t.equal(clock.pending(), 0)
  t.strictSame(landings, [])
  t.equal(scheduler.request('media', 'named'), undefined)
  await scheduler.refresh('media', 'named')
})
