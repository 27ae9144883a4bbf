import t from 'tap'
import { createEndpointCors } from '../../src/policies/endpoint-cors.ts'
import type { BucketPolicy, PolicySource } from '../../src/policies/policy-lookup.ts'
import {
  createPolicySources,
  type LivePolicies,
  type PolicySources,
  type SourceBuckets,
} from '../../src/policies/policy-sources.ts'
import type { BucketEntry } from '../../src/policies/policy-table.ts'
import { type CorsFetchResult, listed } from '../../src/s3/endpoint/get-bucket-cors.ts'
import { settled } from '../fixtures/fake-clock.ts'
import { noRules, serverFailure } from '../fixtures/scripted-fetch.ts'

const entry = (name: string, source: PolicySource): BucketEntry => ({ name, source, rules: [], enforcement: 'headers' })

/** A live source that says who it is and notes what is asked of it. */
function liveSource(source: PolicySource, asked: string[], knowsCors: LivePolicies['knowsCors'] = async () => 'known') {
  return (buckets: SourceBuckets): LivePolicies => {
    const policy = (bucket: string): BucketPolicy => ({
      governed: true,
      named: buckets.named.has(bucket),
      source,
      enforcement: buckets.named.get(bucket) ?? buckets.others ?? 'report',
      state: { kind: 'unknown' },
    })
    return {
      peek: policy,
      load: async bucket => policy(bucket),
      inspect: policy,
      refresh: async bucket => {
        asked.push(`${source} refresh ${bucket}`)
        return policy(bucket)
      },
      describe: () =>
        [...buckets.named.keys()].map(bucket => ({
          bucket,
          source,
          enforcement: 'headers',
          state: 'unknown',
          rules: 0,
        })),
      knowsCors: async bucket => {
        asked.push(`${source} knows ${bucket}`)
        return knowsCors(bucket)
      },
      unasked: () => [...buckets.named.keys()],
      stop: () => asked.push(`${source} stop`),
    }
  }
}

function setUp(entries: readonly BucketEntry[]) {
  const asked: string[] = []
  const sources = createPolicySources(
    entries,
    { upstream: liveSource('upstream', asked), managed: liveSource('managed', asked) },
    { ungoverned: 'block', now: () => Date.UTC(2026, 0, 2) },
  )
  return { asked, sources }
}

const mixed = [entry('yaml', 'yaml'), entry('live', 'upstream'), entry('mine', 'managed'), entry('off', 'none')]

const written = [entry('yaml', 'yaml'), entry('off', 'none')]

const routes: readonly {
  name: string
  entries: readonly BucketEntry[]
  bucket: string
  source: PolicySource
  governed: boolean
}[] = [
  { name: 'a bucket with rules in the configuration', entries: mixed, bucket: 'yaml', source: 'yaml', governed: true },
  { name: 'a bucket with live rules', entries: mixed, bucket: 'live', source: 'upstream', governed: true },
  { name: 'a managed bucket', entries: mixed, bucket: 'mine', source: 'managed', governed: true },
  { name: 'a bucket without rules', entries: mixed, bucket: 'off', source: 'none', governed: true },
  { name: 'a bucket of no entry', entries: mixed, bucket: 'unnamed', source: 'none', governed: false },
  {
    name: 'where nothing is live, a bucket with rules',
    entries: written,
    bucket: 'yaml',
    source: 'yaml',
    governed: true,
  },
  {
    name: 'where nothing is live, a bucket of no entry',
    entries: written,
    bucket: 'no',
    source: 'none',
    governed: false,
  },
  {
    name: 'a bucket of no entry under a live "*"',
    entries: [...mixed, entry('*', 'upstream')],
    bucket: 'unnamed',
    source: 'upstream',
    governed: true,
  },
  {
    name: 'a named bucket under a live "*"',
    entries: [...mixed, entry('*', 'upstream')],
    bucket: 'off',
    source: 'none',
    governed: true,
  },
  {
    name: 'a live bucket under a "*" of the configuration',
    entries: [...mixed, entry('*', 'yaml')],
    bucket: 'live',
    source: 'upstream',
    governed: true,
  },
  {
    name: 'a bucket of no entry under a "*" of the configuration',
    entries: [...mixed, entry('*', 'yaml')],
    bucket: 'unnamed',
    source: 'yaml',
    governed: true,
  },
]
for (const { name, entries, bucket, source, governed } of routes) {
  t.test(`${name} is asked of ${source}`, async t => {
    const { sources } = setUp(entries)
    t.match(sources.peek(bucket), { source, governed })
    t.match(await sources.load(bucket), { source, governed })
    t.match(sources.inspect(bucket), { source, governed })
  })
}

t.test('a write that was seen refreshes live rules', async t => {
  const { sources, asked } = setUp(mixed)
  t.equal(sources.corsWritten('live', true), 'refreshed')
  t.strictSame(asked, ['upstream refresh live'])
})

t.test('a write to a bucket whose rules are in the configuration is noted', async t => {
  const { sources, asked } = setUp([...mixed, entry('*', 'yaml')])
  t.equal(sources.corsWritten('yaml', true), 'without-effect')
  t.equal(sources.corsWritten('unnamed', true), 'without-effect')
  t.strictSame(asked, [])
  const noted = sources.describe().filter(status => status.notes !== undefined)
  t.strictSame(noted.map(status => status.bucket).sort(), ['*', 'yaml'])
  t.match(noted[0]?.notes?.[0], /2026-01-02T00:00:00.000Z, without effect/)
})

t.test('of a write whose effect is not known nothing else is said', async t => {
  const { sources } = setUp(mixed)
  t.equal(sources.corsWritten('yaml', false), 'unclear')
  t.match(sources.describe()[0]?.notes, [
    /^the endpoint accepted PUT or DELETE \?cors, and may have done something else/,
  ])
})

t.test('a write to a bucket of no entry changes nothing', async t => {
  const { sources } = setUp(mixed)
  t.equal(sources.corsWritten('unnamed', true), 'ungoverned')
  t.equal(
    sources.describe().some(status => status.notes !== undefined),
    false,
  )
})

t.test('a bucket of no entry has the enforcement of the whole configuration', async t => {
  t.match(setUp(mixed).sources.peek('unnamed'), { governed: false, enforcement: 'block' })
})

t.test('a refresh is for live rules only', async t => {
  const { sources } = setUp(mixed)
  t.match(await sources.refresh('live'), { source: 'upstream' })
  t.equal(sources.refresh('yaml'), undefined)
})

t.test('all buckets are described, those not asked yet are named, and stopping reaches every source', async t => {
  const { sources, asked } = setUp(mixed)
  t.strictSame(
    sources
      .describe()
      .map(status => status.bucket)
      .sort(),
    ['live', 'mine', 'off', 'yaml'],
  )
  t.strictSame(sources.unasked(), ['live', 'mine'])
  sources.stop()
  t.strictSame(asked, ['upstream stop', 'managed stop'])
})

t.test('a source that is not set up is a fault at once', async t => {
  t.throws(() => createPolicySources(mixed, {}), /from: upstream/)
})

const bare: CorsFetchResult = { kind: 'none', unsupported: true, said: '501' }

/** An endpoint that answers GET ?cors by bucket; of those that are not named it gives no answer that tells. */
function askedEndpoint(
  answers: Readonly<Record<string, CorsFetchResult>>,
  entries: readonly BucketEntry[],
  now = () => 0,
) {
  let asked = 0
  const getBucketCors = async (bucket: string) => {
    asked++
    await settled()
    return answers[bucket] ?? serverFailure
  }
  const endpoint = createEndpointCors(now)
  const upstream = (buckets: SourceBuckets): LivePolicies => ({
    ...liveSource('upstream', [], async bucket => {
      endpoint.note(answers[bucket] ?? serverFailure)
      return 'not-known'
    })(buckets),
    endpoint,
  })
  return { sources: createPolicySources(entries, { upstream }, { now, getBucketCors }), asked: () => asked }
}

t.test('an endpoint that has shown of one bucket that it does not know ?cors gets no write of another', async t => {
  const own = [entry('own', 'yaml'), entry('other', 'yaml')]
  const unclear = async (bucket: string, shown: (sources: PolicySources) => unknown, entries = own) => {
    const { sources } = askedEndpoint({ own: listed, live: listed, 'knows-it': noRules, alone: bare }, entries)
    await shown(sources)
    return sources.knowsCors(bucket)
  }
  const before = () => {}
  t.equal(await unclear('other', before), 'unclear')
  t.equal(await unclear('of-no-entry', before), 'unclear')
  const write = (sources: PolicySources) => sources.knowsCors('own')
  t.equal(await unclear('other', write), 'not-known', 'after a write')
  t.equal(await unclear('of-no-entry', write), 'not-known', 'also of a bucket that no entry governs')
  t.equal(await unclear('knows-it', write), 'known', 'unless it shows otherwise of that bucket')
  const alone = (sources: PolicySources) => sources.knowsCors('alone')
  const withAlone = [...own, entry('alone', 'yaml')]
  t.equal(await unclear('other', alone, withAlone), 'unclear', 'a bare status is of one bucket')
  t.equal(await unclear('alone', before, withAlone), 'not-known', 'and that bucket gets no write')
  const list = (sources: PolicySources) => sources.corsObserved('of-no-entry')
  t.equal(await unclear('other', list), 'not-known', "after a client's own GET")
  const live = (sources: PolicySources) => sources.knowsCors('live')
  t.equal(await unclear('other', live, [...own, entry('live', 'upstream')]), 'not-known', 'after that of a live bucket')
})

t.test('of many writes at once none goes up before the endpoint has shown whether it knows ?cors', async t => {
  const names = Array.from({ length: 200 }, (_, index) => `bucket-${index}`)
  const answers = Object.fromEntries(names.map(name => [name, listed]))
  const { sources, asked } = askedEndpoint(answers, [entry('*', 'yaml')])
  const known = await Promise.all(names.map(name => sources.knowsCors(name)))
  t.strictSame([...new Set(known)], ['not-known'])
  t.equal(asked(), 20, 'and the endpoint is asked on a budget')
  t.match(sources.describe()[0]?.notes, [
    /^this endpoint keeps no rules \(GET \?cors is answered 200 ListBucketResult\)/,
  ])
})

t.test('a bucket that no entry governs costs the endpoint no call', async t => {
  const { sources, asked } = askedEndpoint({}, [entry('own', 'yaml')])
  t.equal(await sources.knowsCors('of-no-entry'), 'unclear')
  t.equal(asked(), 0)
})

t.test(
  'a bucket that shows that the endpoint knows ?cors opens it for the others at once, and for five minutes',
  async t => {
    let at = 0
    const answers: Record<string, CorsFetchResult> = { own: listed, 'knows-it': noRules }
    const { sources } = askedEndpoint(answers, [entry('*', 'yaml'), entry('live', 'upstream')], () => at)
    const known = async (...names: readonly string[]) => {
      const found: string[] = []
      for (const name of names) found.push(await sources.knowsCors(name))
      return found
    }
    t.strictSame(await known('own', 'other', 'knows-it', 'other'), ['not-known', 'not-known', 'known', 'unclear'])
    answers['listed-later'] = listed
    answers.live = listed
    t.strictSame(await known('listed-later', 'live', 'own', 'other'), [
      'not-known',
      'not-known',
      'not-known',
      'unclear',
    ])
    at = 300_000
    t.strictSame(await known('own', 'other'), ['not-known', 'not-known'], 'then it may have become another endpoint')
  },
)

t.test('what the endpoint has shown of one bucket is not prolonged by what follows from it', async t => {
  let at = 0
  const { sources } = askedEndpoint({ own: listed }, [entry('*', 'yaml')], () => at)
  t.equal(await sources.knowsCors('own'), 'not-known')
  at = 299_999
  t.equal(await sources.knowsCors('other'), 'not-known')
  at = 300_000
  t.equal(await sources.knowsCors('other'), 'unclear')
})
