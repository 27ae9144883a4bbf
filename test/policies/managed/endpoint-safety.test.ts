import t from 'tap'
import type { Safety } from '../../../src/policies/managed/endpoint-probe.ts'
import { createEndpointSafety, detailOf } from '../../../src/policies/managed/endpoint-safety.ts'

function setUp(results: readonly Safety[], mayProbe: (bucket: string) => boolean = () => true) {
  const state: { at: number; probes: number; found: string[] } = { at: 0, probes: 0, found: [] }
  const safety = createEndpointSafety({
    probe: async () => results[Math.min(state.probes++, results.length - 1)] ?? { kind: 'safe' },
    now: () => state.at,
    mayProbe,
    onFound: (bucket, { kind }) => state.found.push(`${bucket} ${kind}`),
  })
  return { safety, state }
}

t.test('an endpoint is probed before the first call, once for all who wait, and hourly', async t => {
  const { safety, state } = setUp([{ kind: 'safe' }])
  t.equal(safety.peek('media'), undefined)
  await Promise.all([safety.check('media'), safety.check('media')])
  state.at += 3_599_999
  await safety.check('media')
  t.equal(state.probes, 1)
  state.at += 1
  await safety.check('media')
  t.equal(state.probes, 2)
})

t.test('an endpoint that is unsafe is asked again after a minute, one that did not answer after seconds', async t => {
  const { safety, state } = setUp([{ kind: 'unsafe', detail: '' }, { kind: 'unknown', detail: '' }, { kind: 'safe' }])
  t.match(await safety.check('media'), { kind: 'unsafe' })
  state.at += 59_999
  t.match(await safety.check('media'), { kind: 'unsafe' })
  state.at += 1
  t.match(await safety.check('media'), { kind: 'unknown' })
  state.at += 5000
  t.match(await safety.check('media'), { kind: 'safe' })
})

t.test('a bucket that was disabled stays so', async t => {
  const { safety, state } = setUp([{ kind: 'safe' }])
  const running = safety.check('media')
  safety.disable('media', 'it stores rules itself')
  t.match(await running, { kind: 'unsafe', detail: 'it stores rules itself' })
  state.at += 1e12
  t.match(await safety.check('media'), { kind: 'unsafe' })
})

t.test('once a bucket is disabled, others are probed anew, and all can be disabled at once', async t => {
  const { safety, state } = setUp([{ kind: 'safe' }])
  await safety.check('media')
  await safety.check('photos')
  safety.disable('media', 'it stores rules itself')
  t.equal(safety.peek('photos'), undefined)
  t.strictSame([await safety.check('photos'), state.probes], [{ kind: 'safe' }, 3])
  safety.disableAll('it deletes buckets')
  safety.disableAll('told twice')
  for (const bucket of ['photos', 'never-asked', 'media'])
    t.strictSame(await safety.check(bucket), { kind: 'unsafe', detail: 'it deletes buckets' })
  state.at += 1e12
  t.match(safety.peek('photos'), { kind: 'unsafe' })
  t.equal(state.probes, 3)
})

t.test('what is found is told once, until something else is found', async t => {
  const forbidden: Safety = { kind: 'forbidden', detail: 'a right is missing' }
  const { safety, state } = setUp([forbidden, forbidden, { kind: 'forbidden', detail: 'another' }, { kind: 'safe' }])
  for (let i = 0; i < 5; i++) {
    await safety.check('media')
    state.at += 5000
  }
  t.strictSame(state.found, ['media forbidden', 'media forbidden', 'media safe'])
  t.strictSame(
    [detailOf(forbidden), detailOf({ kind: 'safe' }), detailOf(undefined)],
    ['a right is missing', undefined, undefined],
  )
})

t.test('a flood of names is not probed', async t => {
  let budget = 3
  const { safety, state } = setUp([{ kind: 'no-such-bucket' }], () => budget-- > 0)
  for (let i = 0; i < 100; i++) await safety.check(`made-up-${i}`)
  t.equal(state.probes, 3)
})

t.test('memory is bounded, and what was disabled is kept', async t => {
  const { safety } = setUp([{ kind: 'safe' }])
  safety.disable('kept', 'x')
  for (let i = 0; i < 10_050; i++) await safety.check(`bucket-${i}`)
  t.match(safety.peek('kept'), { kind: 'unsafe' })
  t.equal(safety.peek('bucket-0'), undefined)
  t.match(safety.peek('bucket-10049'), { kind: 'safe' })
})

t.test('a probe that rejects is unknown', async t => {
  const safety = createEndpointSafety({
    probe: () => Promise.reject(new Error('boom')),
    now: () => 0,
    mayProbe: () => true,
  })
  t.match(await safety.check('media'), { kind: 'unknown' })
})
