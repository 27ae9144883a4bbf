// Host and path may both name a bucket: `web.minio` is under a base that is not configured, `files.example` under none.

import t from 'tap'
import type { BucketPolicy, PolicyLookup } from '../../../src/policies/policy-lookup.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { asks, evil, get, good, many, send, testOutcomes, web } from '../../fixtures/handled-requests.ts'

const forwarded = '503 SlowDown'
const refused = 'rejected 400 InvalidURI'

testOutcomes(t, [
  { name: 'both allow alike', bytes: get('/web/k', good, 'web.minio'), outcome: `actual matched ${forwarded} CORS` },
  { name: 'the path is of no entry', bytes: get('/other/k', good, 'web.minio'), outcome: refused },
  { name: 'the path is no bucket', bytes: get('/My_File', good, 'web.minio'), outcome: refused },
  { name: 'the path is empty', bytes: get('/', good, 'web.minio'), outcome: refused },
  { name: 'the Host is of no entry', bytes: get('/web/k', good, 'other.minio'), outcome: refused },
  { name: 'the rules of the Host are not known', bytes: get('/web/k', good, 'unknown.minio'), outcome: refused },
  { name: 'both deny', bytes: get('/ruleless/k', evil, 'web.minio'), outcome: `actual origin ${forwarded}` },
  {
    name: 'both deny, and the path blocks',
    bytes: get('/blocked/k', evil, 'web.minio'),
    outcome: 'actual origin 403 AccessForbidden',
  },
  {
    name: 'both deny, and the Host blocks',
    bytes: get('/web/k', evil, 'blocked.minio'),
    outcome: 'actual origin 403 AccessForbidden',
  },
  { name: 'one only reports', bytes: get('/reported/k', evil, 'web.minio'), outcome: refused },
  { name: 'the other only reports', bytes: get('/web/k', good, 'reported.minio'), outcome: refused },
  {
    name: 'too many header names',
    bytes: get('/web/k', good + many, 'web.minio'),
    outcome: 'actual bad_request 400 BadRequest',
  },
  { name: 'without an Origin', bytes: get('/other/k', '', 'web.minio'), outcome: `plain ${forwarded}` },
  { name: 'a preflight both allow', bytes: asks('/web/k', good, 'web.minio'), outcome: 'preflight matched 200 CORS' },
  { name: 'a preflight one allows', bytes: asks('/other/k', good, 'web.minio'), outcome: refused },
  { name: 'a preflight the other allows', bytes: asks('/web/k', good, 'other.minio'), outcome: refused },
  {
    name: 'a preflight both deny',
    bytes: asks('/web/k', evil, 'ruleless.minio'),
    outcome: 'preflight no_rules 403 AccessForbidden',
  },
  { name: 'a preflight one reports', bytes: asks('/reported/k', evil, 'web.minio'), outcome: refused },
  {
    name: 'an unknown Host gets no CORS',
    bytes: get('/web/k', good, 'files.example'),
    outcome: `actual unknown_host ${forwarded}`,
  },
  {
    name: 'block holds by the path under an unknown Host',
    bytes: get('/blocked/k', evil, 'files.example'),
    outcome: 'actual origin 403 AccessForbidden',
  },
  {
    name: 'what block allows is served there without CORS',
    bytes: get('/blocked/k', good, 'files.example'),
    outcome: `actual unknown_host ${forwarded}`,
  },
  {
    name: 'block holds by the first label of an unknown Host',
    bytes: get('/k', evil, 'blocked.cdn.example'),
    outcome: 'actual origin 403 AccessForbidden',
  },
  {
    name: 'block with unknown rules under an unknown Host',
    bytes: get('/unknown/k', good, 'files.example'),
    outcome: 'actual rules_unavailable 503 ServiceUnavailable',
  },
  { name: 'no Origin there', bytes: get('/blocked/k', '', 'files.example'), outcome: `plain ${forwarded}` },
  {
    name: "the proxy's own origin there",
    bytes: get('/blocked/k', 'Origin: https://files.example\r\n', 'files.example'),
    outcome: `actual unknown_host ${forwarded}`,
  },
  {
    name: 'a preflight there is denied here',
    bytes: asks('/blocked/k', good, 'files.example'),
    outcome: 'preflight unknown_host 403 AccessForbidden',
  },
  { name: 'a path that is no bucket', bytes: get('/swift/v1/web/k', good), outcome: 'rejected 403 AccessDenied' },
  { name: 'a preflight of it', bytes: asks('/swift/v1/web/k', good), outcome: 'rejected 403 AccessDenied' },
  { name: 'it, without an Origin', bytes: get('/%73wift/v1/web/k'), outcome: 'rejected 403 AccessDenied' },
])

const denying: BucketPolicy = { ...web, state: { kind: 'none' } }

t.test('what is refused is told, with what to set', async t => {
  for (const [bytes, warning] of [
    [get('/other/k', good, 'web.minio'), ['host_read_two_ways', { host: 'web.minio', todo: /^virtualHosts if / }]],
    [get('/%73wift/v1/x'), ['unknown_path', { path: 'swift', todo: /unknownPaths: forward/ }]],
  ] as const) {
    const { client, heard } = await send(t, bytes)
    await client.until(({ ended }) => ended !== undefined)
    t.match(heard.warnings, [warning])
    t.equal(heard.warnings.length, 1)
  }
})

t.test('rules that are not at hand are loaded for every reading', async t => {
  const asked: string[] = []
  const policies = {
    peek: () => undefined,
    inspect: () => denying,
    load: async (bucket: string) => {
      asked.push(bucket)
      return bucket === 'web' ? web : denying
    },
  } as Partial<PolicyLookup> as PolicyLookup
  const { client } = await send(t, get('/secret/k', good, 'web.minio'), { policies })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 400)
  t.strictSame(asked, ['web', 'secret'])
})

t.test('under an unknown Host rules are loaded only where they can refuse', async t => {
  const asked: string[] = []
  const policies = {
    peek: () => undefined,
    inspect: (bucket: string) => (bucket === 'web' ? { ...denying, enforcement: 'block' } : denying),
    load: async (bucket: string) => {
      asked.push(bucket)
      return { ...denying, enforcement: 'block' }
    },
  } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard } = await send(t, get('/web/k', good, 'aaa.bbb.example'), { policies })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 403)
  t.strictSame(asked, ['web'])
  t.match(heard.warnings, [['unknown_host', { host: 'aaa.bbb.example' }]])
})

t.test('a client that leaves meanwhile is not forwarded', async t => {
  const loading = Promise.withResolvers<BucketPolicy>()
  const policies = {
    peek: () => undefined,
    inspect: () => web,
    load: () => loading.promise,
  } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard, responses } = await send(t, get('/web/k', good, 'web.minio'), { policies })
  while (heard.started === 0) await new Promise(resolve => setTimeout(resolve, 2))
  client.reset()
  while (responses[0]?.destroyed !== true) await new Promise(resolve => setTimeout(resolve, 2))
  loading.resolve(web)
  while (heard.ended.length === 0) await new Promise(resolve => setTimeout(resolve, 2))
  t.match(heard.ended, [{ clientAborted: true, status: 0 }])
})
