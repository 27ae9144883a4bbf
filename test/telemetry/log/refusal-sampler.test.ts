import t from 'tap'
import { createRefusalSampler, type SamplingBounds } from '../../../src/telemetry/log/refusal-sampler.ts'

const bounds: SamplingBounds = { intervalMs: 60_000, tuples: 3, burst: 100, linesPerSecond: 10 }

const admitOf = (bounds: SamplingBounds) => {
  const sampler = createRefusalSampler(bounds)
  return (origin: string, bucket: string | undefined, reason: string, nowMs: number) =>
    sampler.admit({ origin, bucket, reason }, nowMs)
}

t.test('the first refusal of a tuple is logged, then one a minute with what was left out', async t => {
  const admit = admitOf(bounds)
  t.equal(admit('https://a', 'media', 'origin', 0), 0)
  t.equal(admit('https://a', 'media', 'origin', 1), undefined)
  t.equal(admit('https://a', 'media', 'origin', 59_999), undefined)
  t.equal(admit('https://a', 'media', 'origin', 60_000), 2)
  t.equal(admit('https://a', 'media', 'origin', 120_000), 0)
})

t.test('another origin, bucket or reason is another tuple', async t => {
  const admit = admitOf(bounds)
  t.equal(admit('https://a', 'media', 'origin', 0), 0)
  t.equal(admit('https://b', 'media', 'origin', 0), 0)
  t.equal(admit('https://b', 'archive', 'origin', 0), 0)
  t.equal(admit('https://b', undefined, 'origin', 0), 0)
  t.equal(admit('https://b', 'archive', 'method', 0), 0)
})

t.test('no more tuples are remembered than the bound; the one whose line is oldest goes', async t => {
  const admit = admitOf(bounds)
  for (const origin of ['a', 'b', 'c']) t.equal(admit(origin, 'media', 'origin', 0), 0)
  t.equal(admit('d', 'media', 'origin', 1), 0)
  t.equal(admit('b', 'media', 'origin', 2), undefined, 'still remembered')
  t.equal(admit('a', 'media', 'origin', 3), 0, 'forgotten')
})

t.test('a flood of tuples seen once gets the burst, then ten lines a second', async t => {
  const admit = admitOf({ ...bounds, burst: 5 })
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
  const admit = admitOf({ ...bounds, burst: 1 })
  t.equal(admit('a', 'media', 'origin', 10_000), 0)
  t.equal(admit('b', 'media', 'origin', 0), undefined)
  t.equal(admit('c', 'media', 'origin', 200), 0)
})

t.test('a tuple that the flood kept from its line has it counted', async t => {
  const admit = admitOf({ ...bounds, burst: 1 })
  t.equal(admit('a', 'media', 'origin', 0), 0)
  t.equal(admit('b', 'media', 'origin', 60_000), 0)
  t.equal(admit('a', 'media', 'origin', 60_000), undefined, 'no line is free')
  t.equal(admit('a', 'media', 'origin', 60_100), 1)
})

t.test('what else was asked, and other rules, are another tuple', async t => {
  const sampler = createRefusalSampler(bounds)
  const [rules, others] = [{}, {}]
  const admit = (asked: string, basis: object, nowMs: number) =>
    sampler.admit({ origin: 'https://a', bucket: 'media', reason: 'header', asked, basis }, nowMs)
  t.equal(admit('PUT x-a', rules, 0), 0)
  t.equal(admit('PUT x-a', rules, 1), undefined)
  t.equal(admit('PUT x-b', rules, 2), 0, 'another header')
  t.equal(admit('POST x-b', rules, 3), 0, 'another method')
  t.equal(admit('PUT x-a', rules, 4), undefined, 'two pages in turn are two lines a minute')
  t.equal(admit('PUT x-a', others, 5), 2, 'the rules have changed')
  t.equal(admit('PUT x-a', others, 6), undefined)
})

t.test('names that never end are one tuple', async t => {
  const sampler = createRefusalSampler(bounds)
  const admit = (asked: string) => sampler.admit({ bucket: 'media', reason: 'header', asked }, 0)
  t.equal(admit(`PUT ${'x'.repeat(4000)}a`), 0)
  t.equal(admit(`PUT ${'x'.repeat(4000)}b`), undefined)
})
