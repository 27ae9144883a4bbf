import { Registry } from 'prom-client'
import t from 'tap'
import { registerFamily } from '../../../src/telemetry/metrics/metric-family.ts'

t.test('a counter is read when it is scraped', async t => {
  const registry = new Registry()
  let value = 1
  registerFamily(registry, {
    name: 'a_total',
    help: 'Help.',
    type: 'counter',
    samples: () => [{ labels: { b: 'c"\\\n' }, value }],
  })
  t.equal(await registry.metrics(), '# HELP a_total Help.\n# TYPE a_total counter\na_total{b="c\\"\\\\\\n"} 1\n')
  value = 2
  t.match(await registry.metrics(), / 2\n$/)
})

t.test('a histogram is cumulative', async t => {
  const registry = new Registry()
  registerFamily(registry, {
    name: 'a_seconds',
    help: 'Help.',
    type: 'histogram',
    samples: () => [{ labels: {}, bounds: [1, 2], counts: [1, 1, 1], sum: 11 }],
  })
  t.equal(
    await registry.metrics(),
    [
      '# HELP a_seconds Help.',
      '# TYPE a_seconds histogram',
      'a_seconds_bucket{le="1"} 1',
      'a_seconds_bucket{le="2"} 2',
      'a_seconds_bucket{le="+Inf"} 3',
      'a_seconds_sum 11',
      'a_seconds_count 3\n',
    ].join('\n'),
  )
})

t.test('families of several workers add up', async t => {
  const registries = [1, 2].map(value => {
    const registry = new Registry()
    registerFamily(registry, { name: 'a_total', help: 'A.', type: 'counter', samples: () => [{ labels: {}, value }] })
    registerFamily(registry, {
      name: 'b',
      help: 'B.',
      type: 'gauge',
      aggregator: 'min',
      samples: () => [{ labels: {}, value }],
    })
    registerFamily(registry, {
      name: 'c',
      help: 'C.',
      type: 'histogram',
      samples: () => [{ labels: { k: 'x' }, bounds: [1], counts: value > 1 ? [0, 1] : [1, 0], sum: value }],
    })
    return registry
  })
  const all = Registry.aggregate(await Promise.all(registries.map(registry => registry.getMetricsAsJSON())))
  const text = await all.metrics()
  for (const line of [
    'a_total 3',
    'b 1',
    'c_bucket{le="1",k="x"} 1',
    'c_bucket{le="+Inf",k="x"} 2',
    'c_sum{k="x"} 3',
  ]) {
    t.match(text, `${line}\n`)
  }
})
