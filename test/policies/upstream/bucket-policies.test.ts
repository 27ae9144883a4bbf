import t from 'tap'
import type { BucketPolicy, Enforcement } from '../../../src/policies/policy-lookup.ts'
import { type BucketPolicies, createBucketPolicies } from '../../../src/policies/upstream/bucket-policies.ts'
import type { CachedRules, FetchEvent } from '../../../src/policies/upstream/upstream-source.ts'
import type { CorsFetchResult } from '../../../src/s3/endpoint/get-bucket-cors.ts'
import type { BucketListResult, ListBuckets } from '../../../src/s3/endpoint/list-buckets.ts'
import { createFakeClock, type FakeClock, settled } from '../../fixtures/fake-clock.ts'
import {
  createScriptedFetch,
  noBucket,
  noRules,
  notSupported,
  rulesFor,
  type ScriptedFetch,
  serverFailure,
} from '../../fixtures/scripted-fetch.ts'

interface Setup {
  readonly clock: FakeClock
  readonly fetch: ScriptedFetch
  readonly policies: BucketPolicies
  readonly events: FetchEvent[]
}

interface SetupOptions {
  readonly named?: readonly string[]
  readonly others?: Enforcement | undefined
  readonly listBuckets?: ListBuckets
  readonly answers?: (bucket: string) => CorsFetchResult
  readonly random?: () => number
  readonly clock?: FakeClock
  readonly before?: CachedRules
  readonly upstream?: string
}

const times = { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30, timeoutSeconds: 2 }

/** A random of one half leaves every duration as it is configured. */
function setUp(options: SetupOptions): Setup {
  const clock = options.clock ?? createFakeClock()
  const fetch = createScriptedFetch(clock.now)
  fetch.answers = options.answers
  const events: FetchEvent[] = []
  const policies = createBucketPolicies(
    {
      getBucketCors: fetch.fetch,
      listBuckets: options.listBuckets,
      times,
      upstream: options.upstream ?? 'http://endpoint',
      onFetch: event => events.push(event),
      now: clock.now,
      setTimer: clock.setTimer,
      random: options.random ?? (() => 0.5),
    },
    { named: new Map((options.named ?? []).map(name => [name, 'headers'])), others: options.others },
    options.before,
  )
  return { clock, fetch, policies, events }
}

/** The state in one word: of rules, their first origin. */
function said(policy: BucketPolicy | undefined): string {
  if (policy === undefined) return 'load first'
  return policy.state.kind === 'rules'
    ? (policy.state.policy.configuration[0]?.allowedOrigins[0] ?? '')
    : policy.state.kind
}

const auth: CorsFetchResult = { kind: 'failure', reason: 'auth', detail: '403 AccessDenied' }

t.test('rules that the endpoint gives are in use until the next answer', async t => {
  const { policies, fetch, events } = setUp({ named: ['media'] })
  t.equal(said(policies.peek('media')), 'load first')
  t.strictSame(policies.unasked(), ['media'])
  await fetch.last().answer(rulesFor('https://a.example'))
  t.equal(said(policies.peek('media')), 'https://a.example')
  t.strictSame(policies.unasked(), [])
  t.strictSame(events, [
    { bucket: 'media', named: true, result: 'rules', detail: undefined, durationMs: 0, changed: true },
  ])
})

const answers: readonly {
  name: string
  result: CorsFetchResult
  state: string
  againAfterMs: number
  lastResult: string
}[] = [
  {
    name: 'no configuration is known, and none',
    result: noRules,
    state: 'none',
    againAfterMs: 27_000,
    lastResult: 'none',
  },
  {
    name: 'an endpoint without CORS is known, none, and seldom asked',
    result: notSupported,
    state: 'none',
    againAfterMs: 450_000,
    lastResult: 'unsupported',
  },
  {
    name: 'refused credentials are unknown, and asked again in a minute',
    result: auth,
    state: 'unknown',
    againAfterMs: 60_000,
    lastResult: 'auth: 403 AccessDenied',
  },
  {
    name: 'a missing bucket is known as such',
    result: noBucket,
    state: 'no-such-bucket',
    againAfterMs: 27_000,
    lastResult: 'no-such-bucket',
  },
  {
    name: 'a failing endpoint is unknown, and asked again soon',
    result: serverFailure,
    state: 'unknown',
    againAfterMs: 250,
    lastResult: 'server: 500 InternalError',
  },
]
for (const { name, result, state, againAfterMs, lastResult } of answers) {
  t.test(name, async t => {
    const { policies, fetch, clock } = setUp({ named: ['media'] })
    await fetch.last().answer(result)
    t.equal(said(policies.peek('media')), state)
    const [status] = policies.describe()
    t.equal(status?.lastResult, lastResult)
    t.equal(status?.nextTryAt, clock.now() + againAfterMs)
    await clock.advance(againAfterMs - 1)
    t.equal(fetch.calls.length, 1, 'not asked before')
    await clock.advance(1)
    t.equal(fetch.calls.length, 2, 'asked then')
  })
}

const afterRules: readonly { name: string; result: CorsFetchResult; state: string }[] = [
  { name: 'rules that were removed are gone at once', result: noRules, state: 'none' },
  {
    name: 'an endpoint that forgets how CORS goes, after it gave rules, has failed',
    result: notSupported,
    state: 'https://a.example',
  },
  { name: 'rules outlive refused credentials', result: auth, state: 'https://a.example' },
  { name: 'rules of a bucket that is gone are dropped at once', result: noBucket, state: 'no-such-bucket' },
  { name: 'rules outlive a failing endpoint', result: serverFailure, state: 'https://a.example' },
  {
    name: 'stored rules that S3 would refuse take the place of the rules before, as far as they hold',
    result: {
      ...rulesFor('https://b.example'),
      faults: [{ index: 0, id: undefined, effect: 'value-ignored', message: 'x' }],
    } as CorsFetchResult,
    state: 'https://b.example',
  },
]
for (const { name, result, state } of afterRules) {
  t.test(name, async t => {
    const { policies, fetch, clock } = setUp({ named: ['media'] })
    await fetch.last().answer(rulesFor('https://a.example'))
    await clock.advance(54_000)
    t.equal(fetch.calls.length, 2)
    await fetch.last().answer(result)
    t.equal(said(policies.peek('media')), state)
  })
}

t.test('attempts back off with full jitter, and Retry-After is obeyed up to a minute', async t => {
  const { fetch, clock } = setUp({ named: ['media'] })
  const waits: number[] = []
  for (const retryAfterSeconds of [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    20,
    3600,
  ]) {
    const asked = fetch.calls.length
    await fetch.last().answer({
      kind: 'failure',
      reason: 'throttled',
      detail: '503 SlowDown',
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
    const from = clock.now()
    while (fetch.calls.length === asked) await clock.advance(50)
    waits.push(fetch.last().at - from)
  }
  t.strictSame(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 20_000, 60_000])
})

t.test('a call that never ends is given up, and those who wait are released', async t => {
  const { policies, fetch, clock } = setUp({ others: 'headers' })
  const waiting = policies.load('media')
  await clock.advance(2000)
  t.equal(said(await waiting), 'unknown')
  t.equal(fetch.last().signal?.aborted, true, 'the call is told')
  t.equal(policies.peek('media')?.state.kind, 'unknown', 'and no request waits again until the next attempt')
})

t.test('a thousand requests for a bucket make one call', async t => {
  const { policies, fetch } = setUp({ others: 'block' })
  const waiting = Array.from({ length: 1000 }, () => policies.load('media'))
  await settled()
  t.equal(fetch.calls.length, 1)
  await fetch.last().answer(rulesFor('https://a.example'))
  const answers = await Promise.all(waiting)
  t.equal(
    answers.every(policy => said(policy) === 'https://a.example'),
    true,
  )
  t.match(answers[0], { governed: true, named: false, source: 'upstream', enforcement: 'block' })
})

t.test('buckets fetched together are asked again apart, and few at once', async t => {
  let seed = 1
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const named = Array.from({ length: 500 }, (_, i) => `bucket-${i}`)
  const { fetch, clock } = setUp({ named, random })
  while (fetch.calls.length < 500 || fetch.running() > 0) {
    for (const call of fetch.calls.slice(-8)) call.answer(rulesFor('https://a.example'))
    await settled()
  }
  t.equal(fetch.peak(), 8)
  fetch.answers = () => rulesFor('https://a.example')
  await clock.advance(48_599)
  t.equal(fetch.calls.length, 500, 'none before a tenth less than 54 s')
  await clock.advance(11_401)
  t.ok(fetch.calls.length >= 1000, 'all within freshSeconds')
  const seconds = fetch.calls.slice(500, 1000).map(call => Math.floor((call.at - 1_000_000) / 1000))
  const busiest = Math.max(...[...new Set(seconds)].map(second => seconds.filter(other => other === second).length))
  t.ok(busiest < 80, `at most ${busiest} of 500 in one second`)
})

t.test('a flood of invented names makes few calls, and holds up no named bucket', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'], others: 'headers' })
  await fetch.last().answer(rulesFor('https://a.example'))
  fetch.answers = bucket => (bucket === 'media' ? rulesFor('https://b.example') : noBucket)
  for (let second = 0; second < 70; second++) {
    for (let i = 0; i < 1000; i++)
      if (policies.peek(`made-up-${second}-${i}`) === undefined) policies.load(`made-up-${second}-${i}`)
    await clock.advance(1000)
  }
  const invented = fetch.calls.filter(call => call.bucket !== 'media').length
  t.ok(invented <= 20 * 71, `${invented} calls in 70 s`)
  t.equal(said(policies.peek('media')), 'https://b.example', 'the named bucket was refreshed meanwhile')
})

t.test('an endpoint that hangs on invented names still answers about named ones', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'], others: 'headers' })
  await fetch.last().answer(rulesFor('https://a.example'))
  await clock.advance(53_000)
  for (let i = 0; i < 20; i++) policies.load(`made-up-${i}`)
  await settled()
  t.equal(fetch.running(), 6, 'two places are left')
  await clock.advance(1000)
  t.equal(fetch.last().bucket, 'media')
})

t.test('with ListBuckets, invented names make no call and a real one is not held up', async t => {
  let lists = 0
  const listBuckets: ListBuckets = async () => {
    lists++
    return { kind: 'buckets', names: new Set(['real']) }
  }
  const { policies, fetch, clock } = setUp({
    others: 'headers',
    listBuckets,
    answers: () => rulesFor('https://a.example'),
  })
  for (let i = 0; i < 10_000; i++) await policies.load(`made-up-${i}`)
  t.equal(said(policies.peek('made-up-1')), 'no-such-bucket')
  t.strictSame([lists, fetch.calls.length], [1, 0])
  t.equal(said(await policies.load('real')), 'https://a.example')
  t.strictSame(
    policies.describe().map(line => line.bucket),
    ['*', 'real'],
  )
  await clock.advance(60_000)
  await policies.load('made-up-1')
  t.equal(lists, 2, 'asked again after freshSeconds')
})

t.test('without permission to list, names are asked about one by one', async t => {
  const result: BucketListResult = { kind: 'failure', reason: 'auth', detail: '403 AccessDenied' }
  let lists = 0
  const listBuckets: ListBuckets = async () => {
    lists++
    return result
  }
  const { policies, fetch } = setUp({ others: 'headers', listBuckets, answers: () => rulesFor('https://a.example') })
  t.equal(said(await policies.load('one')), 'https://a.example')
  t.equal(said(await policies.load('two')), 'https://a.example')
  t.strictSame([lists, fetch.calls.length], [1, 2])
})

t.test('a name that no bucket can have is never asked about', async t => {
  const { policies, fetch } = setUp({ others: 'headers' })
  for (const name of ['..', 'A_B', 'x', 'a'.repeat(64)]) t.equal(said(policies.peek(name)), 'no-such-bucket', name)
  t.equal(fetch.calls.length, 0)
})

t.test('a known bucket stays refreshed while new names use up the budget', async t => {
  const { policies, fetch, clock } = setUp({
    others: 'headers',
    answers: bucket => (bucket === 'real' ? rulesFor('https://a.example') : noBucket),
  })
  await policies.load('real')
  await clock.advance(61_000)
  for (let i = 0; i < 100; i++) policies.load(`made-up-${i}`)
  fetch.answers = () => rulesFor('https://b.example')
  policies.peek('real')
  await settled()
  t.equal(said(policies.peek('real')), 'https://b.example')
})

t.test('a stale answer is given at once while one refresh runs', async t => {
  const { policies, fetch, clock } = setUp({ others: 'headers', answers: () => rulesFor('https://a.example') })
  await policies.load('media')
  fetch.answers = undefined
  await clock.advance(53_000)
  policies.peek('media')
  t.equal(fetch.calls.length, 1, 'fresh: not asked')
  await clock.advance(1000)
  for (let i = 0; i < 100; i++) t.equal(said(policies.peek('media')), 'https://a.example')
  t.equal(fetch.calls.length, 2)
  t.equal(policies.describe()[1]?.ageSeconds, 54, 'the age is shown')
  await fetch.last().answer(rulesFor('https://b.example'))
  t.equal(said(policies.peek('media')), 'https://b.example')
})

t.test('rules that are too old are not used, and come back by themselves', async t => {
  const { policies, fetch, clock, events } = setUp({ named: ['media'] })
  await fetch.last().answer(rulesFor('https://a.example'))
  fetch.answers = () => serverFailure
  await clock.advance(900_000)
  t.equal(said(policies.peek('media')), 'https://a.example', 'at staleSeconds')
  await clock.advance(1)
  t.match(said(policies.peek('media')), /^(unknown|load first)$/, 'past them')
  t.equal(policies.describe()[0]?.state, 'unknown')
  t.equal(events.filter(event => event.changed).length, 2, 'the log has two lines, not one for each attempt')
  fetch.answers = () => rulesFor('https://b.example')
  await clock.advance(30_000)
  t.equal(said(policies.peek('media')), 'https://b.example')
})

t.test('a rule that was removed is gone within the time that answers are fresh', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'], answers: () => rulesFor('https://a.example') })
  await settled()
  fetch.answers = () => noRules
  await clock.advance(60_000)
  t.equal(said(policies.peek('media')), 'none')
})

t.test('a bucket that was not asked for in a long while is not answered from what was known then', async t => {
  const { policies, fetch, clock } = setUp({ others: 'headers', answers: () => rulesFor('https://a.example') })
  await policies.load('media')
  await clock.advance(121_000)
  t.equal(said(policies.peek('media')), 'load first')
  fetch.answers = () => serverFailure
  t.equal(said(await policies.load('media')), 'https://a.example', 'unless the endpoint fails')
})

t.test('a write that was seen refreshes at once, and is not satisfied by a call from before it', async t => {
  const { policies, fetch } = setUp({ named: ['media'] })
  const before = fetch.last()
  const cold = policies.load('media')
  const refreshed = policies.refresh('media')
  t.equal(before.signal?.aborted, true)
  t.equal(fetch.calls.length, 2)
  await before.answer(rulesFor('https://old.example'))
  t.equal(said(policies.peek('media')), 'load first')
  await fetch.last().answer(rulesFor('https://new.example'))
  t.equal(said(await refreshed), 'https://new.example')
  t.equal(said(await cold), 'https://new.example')
})

t.test('rules that were replaced are in force no longer, even if the endpoint cannot say by which', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'], answers: () => rulesFor('https://a.example') })
  t.equal(said(await policies.load('media')), 'https://a.example')
  fetch.answers = () => serverFailure
  t.equal(said(await policies.refresh('media')), 'https://a.example', 'a look that fails replaces nothing')
  t.equal(said(await policies.refresh('media', true)), 'unknown')
  fetch.answers = () => notSupported
  t.equal(said(await policies.refresh('media', true)), 'none')
  fetch.answers = () => rulesFor('https://b.example')
  await clock.advance(601_000)
  t.equal(said(await policies.load('media')), 'https://b.example')
})

t.test('an answer that comes after a newer one is not listened to', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'] })
  const slow = fetch.last()
  await clock.advance(2000)
  await clock.advance(250)
  t.equal(fetch.calls.length, 2)
  await fetch.last().answer(rulesFor('https://new.example'))
  await slow.answer(rulesFor('https://old.example'))
  t.equal(said(policies.peek('media')), 'https://new.example')
})

t.test('a fetch knows the bucket and nothing else', async t => {
  const { policies, fetch } = setUp({ others: 'headers' })
  t.equal(policies.load.length, 1, 'no request can be passed')
  policies.load('media')
  await settled()
  t.equal(fetch.last().bucket, 'media')
})

t.test('a reload passes the rules on to the next instance', async t => {
  const first = setUp({ named: ['media'], others: 'headers', answers: () => rulesFor('https://a.example') })
  await first.policies.load('other')
  await settled()
  const before = first.policies.cached()
  first.policies.stop()
  t.equal(first.clock.pending(), 0, 'no timer is left')
  const second = setUp({ named: ['media', 'new'], others: 'headers', clock: first.clock, before })
  t.equal(said(second.policies.peek('media')), 'https://a.example')
  t.equal(said(second.policies.peek('other')), 'https://a.example')
  t.strictSame(
    second.fetch.calls.map(call => call.bucket),
    ['new'],
    'only what is new is asked',
  )
  await second.fetch.last().answer(noRules)
  await first.clock.advance(60_000)
  t.equal(second.fetch.last().bucket, 'media', 'when it would have been')
})

t.test('a reload to another endpoint starts from nothing', async t => {
  const first = setUp({ named: ['media'], answers: () => rulesFor('https://a.example') })
  await settled()
  const second = setUp({ named: ['media'], before: first.policies.cached(), upstream: 'http://elsewhere' })
  t.equal(said(second.policies.peek('media')), 'load first')
})

t.test('a reload in the middle of a refresh asks again', async t => {
  const first = setUp({ named: ['media'], answers: () => rulesFor('https://a.example') })
  await settled()
  first.fetch.answers = undefined
  first.policies.refresh('media')
  const second = setUp({ named: ['media'], clock: first.clock, before: first.policies.cached() })
  t.equal(said(second.policies.peek('media')), 'load first')
  await first.clock.advance(0)
  t.equal(second.fetch.calls.length, 1)
})

t.test('an entry that another process has made is taken as it is', async t => {
  const clock = createFakeClock()
  const made = { fetchedAt: clock.now() - 50_000, nextTryAt: clock.now() + 5000, revalidateUntil: clock.now() + 9000 }
  const entry = {
    ...made,
    state: { kind: 'none' as const },
    failures: 0,
    lastResult: 'none' as const,
    lastDetail: undefined,
  }
  let asked = 0
  const policies = createBucketPolicies(
    {
      getBucketCors: async () => {
        asked++
        return { kind: 'entry', entry }
      },
      bounds: { running: 1, othersRunning: 1, othersWaiting: 1, newNamesPerSecond: 2 },
      times,
      upstream: 'another process',
      now: clock.now,
      setTimer: clock.setTimer,
    },
    { named: new Map(), others: 'headers' },
  )
  t.equal((await policies.load('guest')).state.kind, 'none')
  t.strictSame(policies.entryOf('guest'), entry)
  await policies.load('other')
  t.equal((await policies.load('third')).state.kind, 'unknown', 'two new names a second')
  t.equal(asked, 2)
  policies.stop()
})

t.test('a fetch that rejects is a failure', async t => {
  const clock = createFakeClock()
  const policies = createBucketPolicies(
    {
      getBucketCors: () => Promise.reject(new Error('boom')),
      times,
      upstream: '',
      now: clock.now,
      setTimer: clock.setTimer,
    },
    { named: new Map([['media', 'headers']]), others: undefined },
  )
  t.teardown(() => policies.stop())
  await settled()
  t.match(policies.describe()[0], { state: 'unknown', lastResult: /^network/ })
})

t.test('what is inspected is never asked for, however old it is', async t => {
  const { policies, fetch, clock } = setUp({ named: [], others: 'headers' })
  t.match(policies.inspect('media'), { governed: true, named: false, source: 'upstream', state: { kind: 'unknown' } })
  t.equal(fetch.calls.length, 0, 'nothing is known, and nothing was asked')
  policies.load('media')
  await fetch.last().answer(rulesFor('https://a.example'))
  await clock.advance(900_000)
  t.equal(said(policies.inspect('media')), 'https://a.example', 'stale')
  await clock.advance(1)
  t.equal(said(policies.inspect('media')), 'unknown', 'too old')
  t.equal(said(policies.inspect('No Bucket')), 'no-such-bucket')
  t.equal(fetch.calls.length, 1, 'no further call')
  t.equal(said(policies.peek('media')), 'load first')
})

t.test('once rules were changed, no request gets the old ones while the new ones are on their way', async t => {
  const { policies, fetch, clock } = setUp({ named: ['media'] })
  await fetch.last().answer(rulesFor('https://old.example'))
  const first = policies.refresh('media')
  t.equal(said(policies.peek('media')), 'load first')
  const waiting = policies.load('media')
  const second = policies.refresh('media')
  await fetch.last().answer(rulesFor('https://new.example'))
  await first
  t.equal(said(await waiting), 'https://new.example')
  t.equal(said(policies.peek('media')), 'load first', 'changed again meanwhile')
  await fetch.last().answer(rulesFor('https://newer.example'))
  await second
  t.equal(said(policies.peek('media')), 'https://newer.example')
  const failing = policies.refresh('media')
  await clock.advance(2000)
  await failing
  t.equal(said(policies.peek('media')), 'https://newer.example', 'an endpoint that does not answer is waited for once')
  t.equal(fetch.running(), 0)
})

const lists: CorsFetchResult = { kind: 'none', unsupported: true, said: '200 ListBucketResult', endpointWide: true }

t.test(
  'what the endpoint shows of one bucket counts for five minutes where another gets no answer that tells',
  async t => {
    const answers: Record<string, CorsFetchResult> = { lists }
    const { clock, policies } = setUp({ others: 'headers', answers: name => answers[name] ?? auth })
    t.equal(await policies.knowsCors('other'), 'unclear')
    t.equal(await policies.knowsCors('lists'), 'not-known')
    t.equal(await policies.knowsCors('other'), 'not-known')
    await clock.advance(299_999)
    t.equal(await policies.knowsCors('other'), 'not-known')
    await clock.advance(1)
    t.equal(await policies.knowsCors('other'), 'unclear', 'and what followed from it has not prolonged that')
  },
)

t.test('a bucket with an endpoint of its own, or a bare status, says nothing of the others', async t => {
  const answers: Record<string, CorsFetchResult> = { bare: notSupported, rules: rulesFor('*'), lists }
  const { policies } = setUp({ others: 'headers', answers: name => answers[name] ?? auth })
  t.equal(await policies.knowsCors('bare'), 'not-known')
  t.equal(await policies.knowsCors('other'), 'unclear', 'a bare status')
  t.equal(await policies.knowsCors('lists'), 'not-known')
  t.equal(await policies.knowsCors('other'), 'not-known', 'a list')
  t.equal(await policies.knowsCors('rules'), 'known')
  t.equal(await policies.knowsCors('other'), 'unclear', 'rules of one bucket clear it')
  await policies.refresh('lists')
  t.equal(await policies.knowsCors('lists'), 'not-known')
  t.equal(await policies.knowsCors('other'), 'unclear', 'and it is not taken again')
})
