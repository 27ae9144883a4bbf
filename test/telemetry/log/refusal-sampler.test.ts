import t from 'tap'
import { createRefusalSampler, type SamplingBounds } from '../../../src/telemetry/log/refusal-sampler.ts'

const bounds: SamplingBounds = { intervalMs: 60_000, tuples: 3, burst: 100, linesPerSecond: 10 }

t.test('the first refusal of a tuple is logged, then one a minute with what was left out', async t => {
  const { admit } = createRefusalSampler(bounds)
  t.equal(admit('https://a', 'media', 'origin', 0), 0)
  t.equal(admit('https://a', 'media', 'origin', 1), undefined)
  t.equal(admit('https://a', 'media', 'origin', 59_999), undefined)
  t.equal(admit('https://a', 'media', 'origin', 60_000), 2)
  t.equal(admit('https://a', 'media', 'origin', 120_000), 0)
})

t.test('another origin, bucket or reason is another tuple', async t => {
  const { admit } = createRefusalSampler(bounds)
  t.equal(admit('https://a', 'media', 'origin', 0), 0)
  t.equal(admit('https://b', 'media', 'origin', 0), 0)
  t.equal(admit('https://b', 'archive', 'origin', 0), 0)
  t.equal(admit('https://b', undefined, 'origin', 0), 0)
  t.equal(admit('https://b', 'archive', 'method', 0), 0)
})

t.test('no more tuples are remembered than the bound; the one whose line is oldest goes', async t => {
  const { admit } = createRefusalSampler(bounds)
  for (const origin of ['a', 'b', 'c']) t.equal(admit(origin, 'media', 'origin', 0), 0)
  t.equal(admit('d', 'media', 'origin', 1), 0)
  t.equal(admit('b', 'media', 'origin', 2), undefined, 'still remembered')
  t.equal(admit('a', 'media', 'origin', 3), 0, 'forgotten')
})

t.test('a flood of tuples seen once gets the burst, then ten lines a second', async t => {
  const { admit } = createRefusalSampler({ ...bounds, burst: 5 })
  const admitted = (nowMs: number) => {
    let lines = 0
    for (let i = 0; i < 1000; i++) if (admit(`${nowMs}-${i}`, 'media', 'origin', nowMs) !== undefined) lines++
    return lines
  }
  t.equal(admitted(0), 5)
  t.equal(admitted(100), 1)
  t.equal(admitted(10_000), 5)
})

t.test('a clock that steps back neither gives nor takes lines', async t => {
  const { admit } = createRefusalSampler({ ...bounds, burst: 1 })
  t.equal(admit('a', 'media', 'origin', 10_000), 0)
  t.equal(admit('b', 'media', 'origin', 0), undefined)
  t.equal(admit('c', 'media', 'origin', 200), 0)
})

t.test('a tuple that the flood kept from its line has it counted', async t => {
  const { admit } = createRefusalSampler({ ...bounds, burst: 1 })
  t.equal(admit('a', 'media', 'origin', 0), 0)
  t.equal(admit('b', 'media', 'origin', 60_000), 0)
  t.equal(admit('a', 'media', 'origin', 60_000), undefined, 'no line is free')
  t.equal(admit('a', 'media', 'origin', 60_100), 1)
})
