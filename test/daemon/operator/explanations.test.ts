import t from 'tap'
import { refused } from '../../../src/cors/decision/decide.ts'
import { explainQuestion, explainRecord } from '../../../src/daemon/operator/explanations.ts'
import { createPolicySources, type LivePolicies } from '../../../src/policies/policy-sources.ts'
import { makeRecord } from '../../fixtures/request-records.ts'

const policies = createPolicySources(
  [
    {
      name: 'media',
      source: 'yaml',
      enforcement: 'headers',
      rules: [
        {
          id: 'web',
          allowedOrigins: ['https://app.example'],
          allowedMethods: ['GET'],
          allowedHeaders: [],
          exposeHeaders: [],
        },
      ],
    },
    { name: '*', source: 'none', enforcement: 'headers', rules: [] },
  ],
  {},
)
const settings = { vary: 'always', hosts: [], virtualHosts: [] } as const
const question = {
  bucket: 'media',
  method: 'OPTIONS',
  origin: 'https://app.example',
  requestMethod: 'GET',
  requestHeaders: undefined,
}

t.test('an allowed question names its rule', async t => {
  const { allowed, rule } = explainQuestion(question, policies, settings)
  t.strictSame({ allowed, rule }, { allowed: true, rule: { index: 0, id: 'web' } })
})

t.test('a denied question gets the smallest change', async t => {
  const { allowed, reason, change } = explainQuestion(
    { ...question, origin: 'https://new.example' },
    policies,
    settings,
  )
  t.strictSame({ allowed, reason }, { allowed: false, reason: 'origin' })
  t.match(change?.yaml, /"https:\/\/new\.example"/)
})

t.test('a bucket under "*" is told from one with an entry', async t => {
  const { reason, change } = explainQuestion({ ...question, bucket: 'others' }, policies, settings)
  t.equal(reason, 'no_rules')
  t.equal(change?.kind, 'new-entry')
})

t.test('a question about fetched rules is answered from what is known, without a question to the endpoint', async t => {
  const asked: string[] = []
  const never = (bucket: string) => {
    asked.push(bucket)
    throw new Error('asked')
  }
  const stale: LivePolicies = {
    peek: never,
    load: never,
    refresh: never,
    inspect: () => ({
      governed: true,
      named: true,
      source: 'upstream',
      enforcement: 'headers',
      state: { kind: 'unknown', why: 'server: the store: the endpoint has no bucket private; to do: create it' },
    }),
    describe: () => [],
    knowsCors: never,
    unasked: () => [],
    stop: () => {},
  }
  const live = createPolicySources([{ name: 'media', source: 'upstream', enforcement: 'headers', rules: [] }], {
    upstream: () => stale,
  })
  t.match(explainQuestion(question, live, settings), {
    reason: 'rules_unavailable',
    noChange:
      'the source of the rules has to answer again: server: the store: the endpoint has no bucket private; to do: create it',
  })
  t.strictSame(asked, [])
})

t.test('a record that was denied explains itself', async t => {
  const record = makeRecord({
    method: 'OPTIONS',
    origin: 'https://new.example',
    requestMethod: 'GET',
    decision: refused.origin,
  })
  t.equal(explainRecord(record, policies, settings)?.reason, 'origin')
})

t.test('a record without bucket or decision has nothing to explain', async t => {
  t.equal(explainRecord(makeRecord(), policies, settings), undefined)
  t.equal(explainRecord(makeRecord({ decision: refused.no_rules, bucket: undefined }), policies, settings), undefined)
})

t.test('a denied question tells the Vary that is sent', async t => {
  const vary = ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method']
  const reported = createPolicySources([{ name: 'media', source: 'none', enforcement: 'report', rules: [] }], {})
  const denied = { ...question, origin: 'https://new.example' }
  t.strictSame(explainQuestion(denied, policies, settings).responseFields, [vary])
  t.strictSame(explainQuestion({ ...denied, origin: undefined }, policies, settings).responseFields, [vary])
  t.strictSame(explainQuestion({ ...denied, bucket: 'others' }, policies, settings).responseFields, [vary])
  t.strictSame(explainQuestion(denied, policies, { ...settings, vary: 'matched' }).responseFields, [], 'as S3 does')
  t.strictSame(explainQuestion(denied, reported, settings).responseFields, [], 'nothing is changed under report')
  t.strictSame(explainQuestion({ ...denied, bucket: 'b' }, reported, settings).responseFields, [], 'no bucket of ours')
})
