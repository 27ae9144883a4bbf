import t from 'tap'
import {
  configuredBuckets,
  countRulesFetch,
  createOperationCounters,
  operationFamilies,
} from '../../../src/telemetry/metrics/operation-metrics.ts'

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

t.test('fetches are counted by result, and only results that came are series', async t => {
  const counters = createOperationCounters()
  for (const result of ['rules', 'none', 'malformed', 'rules'] as const) countRulesFetch(counters, result)
  // @ts-expect-error -- no code gives this result, so no test can either.
  const notGiven: Parameters<typeof countRulesFetch>[1] = 'ok'
  t.strictSame(operationFamilies(counters, () => [], '1')[0]?.samples(), [
    { labels: { result: 'rules' }, value: 2 },
    { labels: { result: 'none' }, value: 1 },
    { labels: { result: 'malformed' }, value: 1 },
  ])
  t.notMatch(counters, notGiven)
})
