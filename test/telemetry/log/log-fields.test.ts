import t from 'tap'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { explain } from '../../../src/cors/explain/explain.ts'
import { describeHint, describeRequest } from '../../../src/telemetry/log/log-fields.ts'
import { makeActual, makeRecord, matched } from '../../fixtures/request-records.ts'

t.test('a denied preflight as a line', async t => {
  const record = makeActual('https://a.example', {
    kind: 'preflight',
    method: 'OPTIONS',
    requestMethod: 'PUT',
    requestHeaders: ['content-type', 'x-a'],
    status: 403,
    errorCode: 'AccessForbidden',
    upstreamStartedAtMs: 0,
    upstreamFirstByteAtMs: 0,
    responseBodyBytes: 300,
  })
  t.strictSame(JSON.parse(JSON.stringify(describeRequest(record))), {
    kind: 'preflight',
    bucket: 'media',
    origin: 'https://a.example',
    method: 'OPTIONS',
    requestMethod: 'PUT',
    requestHeaders: 'content-type, x-a',
    decision: 'denied',
    reason: 'origin',
    enforcement: 'headers',
    status: 403,
    errorCode: 'AccessForbidden',
    target: '/media/cat.jpg',
    requestId: '0123456789ABCDEF',
    peer: '192.0.2.7',
    requestBytes: 0,
    responseBytes: 300,
    durationSeconds: 0.004,
  })
})

t.test('the rule that allowed is named by its ID, else by its place', async t => {
  t.match(describeRequest(makeActual('https://a', { decision: matched(2, 'web') })), {
    decision: 'allowed',
    rule: 'web',
  })
  t.match(describeRequest(makeActual('https://a', { decision: matched(2) })), { decision: 'allowed', rule: 3 })
})

t.test('long strings of a client are cut', async t => {
  const long = 'x'.repeat(20_000)
  const fields = describeRequest(
    makeRecord({
      origin: long,
      bucket: long,
      method: long,
      requestMethod: long,
      requestHeaders: [long],
      requestId: long,
      target: long,
      upstreamAllowOrigin: long,
    }),
  )
  t.ok(JSON.stringify(fields).length < 4000)
})

t.test('secrets of a target are left out, also where the query was encoded into the path', async t => {
  const { target } = describeRequest(makeRecord({ target: '/b/k%3FX-Amz-Signature%3Dcanary?X-Amz-Signature=canary' }))
  t.notMatch(target, 'canary')
})

t.test('the hint names the nearest rule, what failed and what to change', async t => {
  const policy = compilePolicy([
    {
      id: 'web',
      allowedOrigins: ['http://b.example'],
      allowedMethods: ['GET'],
      allowedHeaders: [],
      exposeHeaders: [],
    },
  ])
  const explanation = explain(policy, parseCorsRequest('GET', 'http://a.example', undefined, undefined), 'media')
  const hint = describeHint(explanation)
  t.match(hint, { nearestRule: 'web', failedClause: 'origin', change: /http:\/\/a\.example/, risk: /http/ })
})

t.test('the hint says why no change helps', async t => {
  const explanation = explain(undefined, parseCorsRequest('GET', undefined, undefined, undefined), 'media')
  t.match(describeHint(explanation), { change: undefined, noChange: /client/ })
  t.strictSame(describeHint(undefined), {})
})
