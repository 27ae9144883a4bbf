import t from 'tap'
import { UnknownAddresses, UnknownNames } from '../../../src/telemetry/origins/unknown-names.ts'
import { denied, makeActual, seededRandom } from '../../fixtures/request-records.ts'

const startMs = 1_800_000_000_000

t.test('a name has its number, and when it came first and last', async t => {
  const names = new UnknownNames(Math.random)
  names.count('medai', startMs)
  names.count('medai', startMs + 5)
  t.strictSame(names.report(), {
    names: [{ name: 'medai', count: 2, firstSeenMs: startMs, lastSeenMs: startMs + 5 }],
    others: 0,
  })
})

t.test('a flood of invented names takes no room, and does not drive out one that comes again and again', async t => {
  const names = new UnknownNames(seededRandom(3))
  for (let at = 0; at < 50_000; at++) {
    names.count(`invented-${at}`, startMs + at)
    if (at % 50 === 0) names.count('medai', startMs + at)
  }
  const { names: kept, others } = names.report()
  t.equal(kept.length, 64)
  t.ok((kept.find(({ name }) => name === 'medai')?.count ?? 0) > 500, 'the real one is there')
  t.equal(
    kept.reduce((sum, { count }) => sum + count, others),
    51_000,
    'every request is counted once',
  )
})

t.test('a long name is counted among the others', async t => {
  const names = new UnknownNames(Math.random)
  names.count('a'.repeat(256), startMs)
  t.strictSame(names.report(), { names: [], others: 1 })
})

t.test('what several processes have counted is added up', async t => {
  const together = new UnknownNames(Math.random)
  for (const [first, last, others] of [
    [startMs, startMs + 9, 1],
    [startMs - 5, startMs + 2, 2],
  ] as const)
    together.absorb({ names: [{ name: 'medai', count: 3, firstSeenMs: first, lastSeenMs: last }], others })
  t.strictSame(together.report(), {
    names: [{ name: 'medai', count: 6, firstSeenMs: startMs - 5, lastSeenMs: startMs + 9 }],
    others: 3,
  })
})

t.test('a bucket that the configuration names is none of them; of an unknown Host that alone is', async t => {
  const addresses = new UnknownAddresses(Math.random)
  const origin = 'https://a.example'
  addresses.count(makeActual(origin), startMs)
  addresses.count(makeActual(origin, { bucketNamed: false, bucket: 'medai' }), startMs)
  const hostless = { bucketNamed: false, bucket: undefined, decision: denied('unknown_host') }
  addresses.count(makeActual(origin, { ...hostless, unknownHost: 's3.example' }), startMs)
  addresses.count(makeActual(origin, hostless), startMs)
  const { buckets, hosts } = addresses.report()
  t.strictSame(
    [buckets, hosts].map(({ names }) => names.map(({ name }) => name)),
    [['medai'], ['s3.example']],
  )
  const together = new UnknownAddresses(Math.random)
  together.absorb({ buckets, hosts })
  t.strictSame(together.report(), { buckets, hosts })
})
