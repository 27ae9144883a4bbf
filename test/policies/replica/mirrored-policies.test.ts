import t from 'tap'
import type { Enforcement } from '../../../src/policies/policy-lookup.ts'
import { createMirroredPolicies, type MirrorAnswer } from '../../../src/policies/replica/mirrored-policies.ts'
import type { RuleCopy } from '../../../src/policies/replica/rule-copy.ts'

const rules: RuleCopy['state'] = {
  kind: 'rules',
  rules: [{ allowedOrigins: ['https://app.example'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }],
}

function copyOf(state: RuleCopy['state'], changes: Partial<RuleCopy> = {}): RuleCopy {
  return {
    state,
    ageMs: 0,
    nextTryInMs: 60_000,
    revalidateInMs: 120_000,
    failures: 0,
    lastResult: 'rules',
    lastDetail: undefined,
    ...changes,
  }
}

interface Setup {
  now: number
  answer: MirrorAnswer
  readonly asked: string[]
  readonly touched: string[]
  readonly refreshed: string[]
}

function setUp(named: Record<string, Enforcement> = { media: 'block' }, others: Enforcement | undefined = 'headers') {
  const setup: Setup = {
    now: 1_000_000,
    answer: { copy: copyOf(rules), absent: false },
    asked: [],
    touched: [],
    refreshed: [],
  }
  const source = {
    kind: 'upstream' as const,
    times: { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30, timeoutSeconds: 2 },
    upstream: 'one',
    ask: async (bucket: string) => {
      setup.asked.push(bucket)
      return setup.answer
    },
    touch: (bucket: string) => {
      setup.touched.push(bucket)
    },
    refresh: async (bucket: string) => {
      setup.refreshed.push(bucket)
      return setup.answer
    },
    now: () => setup.now,
  }
  const buckets = { named: new Map(Object.entries(named)), others }
  return { setup, source, buckets, mirror: createMirroredPolicies(source, buckets) }
}

t.test('a bucket is asked about once, by all who wait, and then known', async t => {
  const { setup, mirror } = setUp()
  t.equal(mirror.peek('media'), undefined)
  const [first, second] = await Promise.all([mirror.load('media'), mirror.load('media')])
  t.match(first, { governed: true, named: true, source: 'upstream', enforcement: 'block', state: { kind: 'rules' } })
  t.equal(second?.state.kind, 'rules')
  t.equal(mirror.peek('media')?.state.kind, 'rules')
  t.strictSame(setup.asked, ['media'])
})

t.test('what the primary pushes holds at once, and what it takes back is asked for', async t => {
  const { setup, mirror } = setUp()
  mirror.adopt('media', copyOf({ kind: 'none' }))
  t.equal(mirror.peek('media')?.state.kind, 'none')
  mirror.adopt('media', copyOf(rules))
  t.equal(mirror.peek('media')?.state.kind, 'rules')
  mirror.forget('media')
  t.equal(mirror.peek('media'), undefined)
  await mirror.load('media')
  t.strictSame(setup.asked, ['media'])
})

t.test('a named bucket that is due is left to the timer of the primary, another is told of once', async t => {
  const { setup, mirror } = setUp()
  for (const bucket of ['media', 'guest']) mirror.adopt(bucket, copyOf(rules))
  setup.now += 60_001
  for (const bucket of ['media', 'guest', 'guest', 'media']) t.equal(mirror.peek(bucket)?.state.kind, 'rules')
  t.strictSame(setup.touched, ['guest'])
  t.strictSame(setup.asked, [])
})

t.test('what is too old is not known any more', async t => {
  const { setup, mirror } = setUp()
  mirror.adopt('media', copyOf(rules, { revalidateInMs: Number.POSITIVE_INFINITY }))
  setup.now += 900_001
  t.equal(mirror.peek('media'), undefined)
  t.equal(mirror.inspect('media').state.kind, 'unknown')
})

t.test('names that cannot be buckets, and those of which nothing is kept, are no questions', async t => {
  const { setup, mirror } = setUp()
  t.equal(mirror.peek('No_Bucket')?.state.kind, 'no-such-bucket')
  setup.answer = { copy: undefined, absent: true }
  t.equal((await mirror.load('invented')).state.kind, 'no-such-bucket')
  setup.answer = { copy: undefined, absent: false }
  t.equal((await mirror.load('doubtful')).state.kind, 'unknown')
  for (let i = 0; i < 5; i++) await mirror.load('invented')
  t.strictSame(setup.asked, ['invented', 'doubtful'])
  setup.now += 1001
  t.equal(mirror.peek('invented'), undefined, 'for a second')
})

t.test('after a write, requests wait for the new rules', async t => {
  const { setup, mirror } = setUp()
  mirror.adopt('media', copyOf(rules))
  setup.answer = { copy: copyOf({ kind: 'none' }), absent: false }
  const refreshed = mirror.refresh('media')
  t.equal(mirror.peek('media'), undefined)
  t.equal((await mirror.load('media')).state.kind, 'none')
  await refreshed
  t.strictSame(setup.refreshed, ['media'])
})

t.test('a primary that cannot be asked leaves what is known', async t => {
  const { source, buckets } = setUp()
  const fails = () => Promise.reject(new Error('no channel'))
  const mirror = createMirroredPolicies({ ...source, ask: fails, refresh: fails }, buckets)
  t.equal((await mirror.load('media')).state.kind, 'unknown')
  mirror.adopt('media', copyOf(rules))
  t.equal((await mirror.refresh('media')).state.kind, 'rules')
  t.equal((await mirror.refresh('media', true)).state.kind, 'unknown', 'but not what was replaced')
})

t.test('the next mirror of the same rules starts with them, and asks before it relies on them', async t => {
  const { setup, source, buckets, mirror } = setUp()
  for (const bucket of ['media', 'guest']) mirror.adopt(bucket, copyOf(rules))
  const next = createMirroredPolicies(source, buckets, mirror.cached())
  t.equal(next.inspect('media').state.kind, 'rules')
  t.equal(next.peek('media'), undefined)
  await next.load('media')
  t.strictSame(setup.asked, ['media'])
  const other = createMirroredPolicies({ ...source, upstream: 'two' }, buckets, mirror.cached())
  t.equal(other.inspect('media').state.kind, 'unknown')
  t.strictSame([other.describe(), other.unasked()], [[], []])
  other.stop()
})
