import t from 'tap'
import type { DaemonRules } from '../../../src/daemon/policies.ts'
import { createUpstream } from '../../../src/daemon/upstream/upstream.ts'
import { createWorkerPolicies } from '../../../src/daemon/workers/worker-policies.ts'
import { statusOf } from '../../../src/policies/managed/managed-cors-request.ts'
import { copyEntry, type RuleCopy } from '../../../src/policies/replica/rule-copy.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

/** `answers` is what the primary answers to each operation; it rejects what is not there. */
function setUp(
  t: { teardown: (release: () => void) => unknown },
  buckets: string,
  answers: Record<string, unknown> = {},
) {
  const { configuration } = parseText(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nbuckets: { ${buckets} }\n`,
  )
  if (configuration === undefined) throw new Error('the configuration has faults')
  const upstream = createUpstream(configuration, {}, {})
  t.teardown(upstream.close)
  const asked: [string, unknown][] = []
  const call = async (name: string, argument: unknown): Promise<never> => {
    asked.push([name, argument])
    if (!(name in answers)) throw new Error('no primary is there')
    return answers[name] as never
  }
  return {
    asked,
    answers,
    make(before?: DaemonRules) {
      const policies = createWorkerPolicies(configuration, upstream, before, call)
      t.teardown(policies.lookup.stop)
      return policies
    },
  }
}

function copyOf(state: RuleCopy['state']): RuleCopy {
  const times = { fetchedAt: 0, nextTryAt: 60_000, revalidateUntil: 120_000 }
  return {
    ...copyEntry({ ...times, state: undefined, failures: 0, lastResult: 'none', lastDetail: undefined }, 0),
    state,
  }
}

const yaml = 'media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] }'
const request = {
  bucket: 'kept',
  method: 'PUT',
  target: '/kept?cors',
  headers: [],
  body: Buffer.alloc(0),
  tls: false,
}

t.test('rules of the configuration are known here, and the primary is not asked', async t => {
  const { asked, make } = setUp(t, yaml)
  const policies = make()
  t.equal(policies.lookup.peek('media')?.state.kind, 'rules')
  t.equal(policies.managed, undefined)
  t.strictSame(asked, [])
})

t.test('the primary is told of a write before it is asked for the rules', async t => {
  const { asked, make } = setUp(t, `${yaml}, "*": { from: upstream }`, { rules: copyOf({ kind: 'none' }) })
  const { lookup } = make()
  t.equal(lookup.corsWritten('media', true), 'without-effect')
  t.equal(lookup.corsWritten('uploads', true), 'refreshed')
  t.equal(lookup.peek('uploads'), undefined, 'requests wait')
  t.strictSame(asked, [
    ['written', { bucket: 'media', known: true }],
    ['written', { bucket: 'uploads', known: true }],
    ['rules', { source: 'upstream', bucket: 'uploads' }],
  ])
  t.equal((await lookup.load('uploads')).state.kind, 'none')
})

t.test('rules that were replaced are not in force while the primary cannot be asked', async t => {
  const { answers, make } = setUp(t, '"*": { from: upstream }', { rules: copyOf({ kind: 'none' }) })
  const { lookup } = make()
  t.equal((await lookup.load('uploads')).state.kind, 'none')
  delete answers.rules
  t.equal((await lookup.refresh('uploads', true))?.state.kind, 'unknown')
})

t.test('each live source asks the primary once, and what it knows goes to the next configuration', async t => {
  const { asked, make } = setUp(t, 'uploads: { from: upstream }, kept: { from: managed }', {
    rules: copyOf({ kind: 'none' }),
  })
  const policies = make()
  await Promise.all(['uploads', 'kept', 'uploads', 'kept'].map(policies.lookup.load))
  const questions = [
    ['rules', { source: 'upstream', bucket: 'uploads' }],
    ['rules', { source: 'managed', bucket: 'kept' }],
  ]
  t.strictSame(asked, questions)
  t.equal(make(policies.cached()).lookup.peek('kept')?.state.kind, 'none')
  t.strictSame(asked, questions)
})

t.test('without a primary rules are unknown, which never means allow', async t => {
  const { make } = setUp(t, 'uploads: { from: upstream }')
  t.equal((await make().lookup.load('uploads')).state.kind, 'unknown')
})

t.test('a managed request is answered by the primary, or 503', async t => {
  const buckets = 'kept: { from: managed }'
  const answer = { status: 200, headers: [], body: Buffer.alloc(0) }
  const statuses = await Promise.all(
    [{ managed: answer }, { managed: undefined }, {}].map(async answers => {
      const answered = await setUp(t, buckets, answers).make().managed?.handle(request)
      return answered === undefined ? undefined : statusOf(answered)
    }),
  )
  t.strictSame(statuses, [200, 503, 503])
})
