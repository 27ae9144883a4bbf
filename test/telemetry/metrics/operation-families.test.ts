import t from 'tap'
import { createOperationCounters } from '../../../src/telemetry/metrics/operation-counters.ts'
import { configuredBuckets, operationFamilies } from '../../../src/telemetry/metrics/operation-families.ts'

const statuses = ['a', '*', 'b'].map(bucket => ({
  bucket,
  source: 'upstream' as const,
  enforcement: 'headers' as const,
  state: 'none' as const,
  rules: 0,
}))

t.test('entries are the named buckets and "*"', async t => {
  t.strictSame(
    configuredBuckets(statuses, new Set(['a'])).map(({ bucket, isEntry }) => [bucket, isEntry]),
    [
      ['a', true],
      ['*', true],
      ['b', false],
    ],
  )
})

t.test('without the names, every bucket is an entry', async t => {
  t.ok(configuredBuckets(statuses, undefined).every(({ isEntry }) => isEntry))
})

t.test('each family has a name, a help text and says how workers are added up', async t => {
  const families = operationFamilies(createOperationCounters(), () => [], '1')
  for (const { name, help, type, aggregator } of families) {
    t.match(name, /^s3cors_/)
    t.match(help, /\.$/)
    t.equal(aggregator === undefined, type === 'counter', `${name}: only counters are sums`)
  }
})
