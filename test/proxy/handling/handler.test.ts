import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { BucketPolicy, PolicyLookup } from '../../../src/policies/policy-lookup.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { asks, evil, get, good, many, own, send, testOutcomes, web } from '../../fixtures/handled-requests.ts'

testOutcomes(t, [
  { name: 'no Origin', bytes: get('/web/k'), outcome: 'plain 503 SlowDown' },
  { name: 'an allowed origin', bytes: get('/web/k', good), outcome: 'actual matched 503 SlowDown CORS' },
  { name: 'another origin', bytes: get('/web/k', evil), outcome: 'actual origin 503 SlowDown' },
  { name: 'another origin, block', bytes: get('/blocked/k', evil), outcome: 'actual origin 403 AccessForbidden' },
  { name: 'an allowed origin, block', bytes: get('/blocked/k', good), outcome: 'actual matched 503 SlowDown CORS' },
  { name: 'no Origin, block', bytes: get('/blocked/k'), outcome: 'plain 503 SlowDown' },
  { name: "the proxy's own origin, block", bytes: get('/blocked/k', own), outcome: 'actual origin 503 SlowDown' },
  { name: 'another origin, report', bytes: get('/reported/k', evil), outcome: 'actual origin 503 SlowDown' },
  {
    name: 'rules unknown, block',
    bytes: get('/unknown/k', good),
    outcome: 'actual rules_unavailable 503 ServiceUnavailable',
  },
  { name: 'a bucket of no entry', bytes: get('/other/k', good), outcome: 'actual no_rules 503 SlowDown' },
  { name: 'too many header names', bytes: get('/web/k', good + many), outcome: 'actual bad_request 400 BadRequest' },
  {
    name: 'a virtual-hosted bucket',
    bytes: get('/k', good, 'web.s3.example'),
    outcome: 'actual matched 503 SlowDown CORS',
  },
  { name: 'an ambiguous address', bytes: get('/../web'), outcome: 'rejected 400 InvalidURI' },
  { name: 'what the guard refuses', bytes: get(`/${'x'.repeat(100)}`), outcome: 'rejected 414 RequestURITooLong' },
  { name: 'the console', bytes: get('/x', evil, 'console.example'), outcome: 'plain 200' },
  {
    name: 'what the console does not accept',
    bytes: get('/x', 'Transfer-Encoding: chunked\r\n', 'console.example').replace('GET', 'DELETE'),
    outcome: 'rejected 501 NotImplemented',
  },
])

t.test('rules that are not at hand are loaded first', async t => {
  const policies = { peek: () => undefined, load: async () => web } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard } = await send(t, asks('/web/k', good), { policies })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 200)
  t.match(heard.ended, [{ decision: { reason: 'matched' }, bucketNamed: true }])
})

t.test('a client that leaves meanwhile is not forwarded', async t => {
  const loading = Promise.withResolvers<BucketPolicy>()
  const policies = { peek: () => undefined, load: () => loading.promise } as Partial<PolicyLookup> as PolicyLookup
  const { client, heard, responses } = await send(t, get('/web/k'), { policies })
  while (heard.started === 0) await delay(2)
  client.reset()
  while (responses[0]?.destroyed !== true) await delay(2)
  loading.resolve(web)
  while (heard.ended.length === 0) await delay(2)
  t.match(heard.ended, [{ clientAborted: true, status: 0, upstreamFailure: undefined }])
})

t.test('a Host that is not configured is told', async t => {
  const { client, heard } = await send(t, get('/web/k', '', 'files.example'))
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(heard.warnings, [
    [
      'unknown_host',
      {
        host: 'files.example',
        todo: 'add files.example to hosts (keep the name that is there), or virtualHosts if buckets stand before the name',
      },
    ],
  ])
})
