import { readFileSync } from 'node:fs'
import t from 'tap'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { fieldValues } from '../../../src/http/field-values.ts'
import type { ManagedRequest } from '../../../src/policies/managed/caller-permission.ts'
import { findBucket, probeEndpoint, type Safety } from '../../../src/policies/managed/endpoint-probe.ts'
import { createEndpointSafety } from '../../../src/policies/managed/endpoint-safety.ts'
import { createManagedHandler, type ManagedHandlerOptions } from '../../../src/policies/managed/managed-cors-request.ts'
import type { TransportAnswer, TransportFailure } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { renderError } from '../../../src/s3/errors/error-response.ts'
import { errorOf } from '../../fixtures/fake-bucket.ts'
import { createFakeEndpoint } from '../../fixtures/fake-endpoint.ts'
import { allModels, createModelledEndpoint, type EndpointModel } from '../../fixtures/modelled-endpoint.ts'
import { md5Of, signedFields } from '../../fixtures/signed-request.ts'

const rule = '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://a.example</AllowedOrigin></CORSRule>'
const document = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rule}</CORSConfiguration>`

/** A handler whose errors are told as what they become. */
function handlerOf(options: ManagedHandlerOptions) {
  const handle = createManagedHandler(options)
  return async (request: ManagedRequest) => {
    const answer = await handle(request)
    if (!('error' in answer)) return { ...answer, s3Code: undefined }
    const { error } = answer
    const body = Buffer.from(renderError(error, 'REQUEST', 'HOST'))
    const headers = error.retryAfterSeconds === undefined ? [] : ['Retry-After', String(error.retryAfterSeconds)]
    return { status: error.status, headers, body, s3Code: error.code }
  }
}

function setUp(safety: Safety = { kind: 'safe' }) {
  const endpoint = createFakeEndpoint('AKIACALLER')
  const stored = new Map<string, readonly CorsRule[] | undefined>()
  const writes: string[] = []
  const disabled: string[] = []
  const failures: string[] = []
  const state: { storeFails: boolean; found: 'there' | 'gone' | 'unknown' } = { storeFails: false, found: 'there' }
  const handle = handlerOf({
    safety: createEndpointSafety({ probe: async () => safety, now: () => 0, mayProbe: () => true }),
    forward: endpoint.forward,
    find: async () => state.found,
    read: async bucket => {
      if (state.storeFails) throw new Error('gone')
      return stored.get(bucket)
    },
    write: async (bucket, rules, changedBy) => {
      if (state.storeFails) throw new Error('gone')
      stored.set(bucket, rules)
      writes.push(`${changedBy} ${rules === undefined ? 'removed' : 'set'} ${bucket}`)
    },
    disabled: (bucket, detail) => disabled.push(`${bucket}: ${detail}`),
    storeFailed: (bucket, detail) => failures.push(`${bucket}: ${detail}`),
  })
  return { handle, endpoint, stored, writes, disabled, failures, state }
}

interface Change {
  readonly target?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly accessKeyId?: string
}

async function signed(method: string, change: Change = {}): Promise<ManagedRequest> {
  const target = change.target ?? '/media?cors'
  const body = change.body ?? (method === 'PUT' ? document : '')
  const digest: Record<string, string> = method === 'PUT' ? { 'content-md5': md5Of(body) } : {}
  const headers = await signedFields({
    method,
    url: `http://s3.example${target}`,
    body,
    headers: { ...digest, ...change.headers },
    ...(change.accessKeyId === undefined ? {} : { accessKeyId: change.accessKeyId }),
  })
  return {
    bucket: 'media',
    method,
    target,
    headers,
    body: Buffer.from(body),
    tls: false,
  }
}

/** Every field and the body, as text. */
function shown(answer: { headers: readonly string[]; body: Buffer }) {
  const fields: Record<string, string> = {}
  for (let i = 0; i < answer.headers.length; i += 2)
    fields[(answer.headers[i] ?? '').toLowerCase()] = answer.headers[i + 1] ?? ''
  return { fields, text: answer.body.toString() }
}

t.test('rules are put, got and deleted as in S3', async t => {
  const { handle, writes, endpoint } = setUp()
  const none = await handle(await signed('GET'))
  t.equal(none.status, 404)
  t.equal(
    shown(none).text,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchCORSConfiguration</Code><Message>The CORS configuration does not exist</Message><BucketName>media</BucketName><RequestId>REQUEST</RequestId><HostId>HOST</HostId></Error>',
  )
  const put = await handle(await signed('PUT'))
  t.strictSame([put.status, put.headers, put.body.length], [200, ['Content-Length', '0'], 0])
  const got = await handle(await signed('GET'))
  t.equal(got.status, 200)
  t.match(shown(got), {
    fields: { 'content-type': 'application/xml', 'content-length': String(got.body.length) },
    text: /<AllowedOrigin>https:\/\/a.example</,
  })
  const removed = await handle(await signed('DELETE'))
  t.strictSame([removed.status, removed.headers, removed.body.length], [204, [], 0])
  t.equal((await handle(await signed('GET'))).s3Code, 'NoSuchCORSConfiguration')
  t.strictSame(writes, ['AKIACALLER set media', 'AKIACALLER removed media'])
  t.equal(endpoint.seen.length, 5, 'the endpoint was asked each time')
})

t.test('the endpoint is asked with the very request', async t => {
  const { handle, endpoint } = setUp()
  const request = await signed('PUT', { target: '/media?cors=' })
  await handle({
    ...request,
    headers: [...request.headers, 'Expect', '100-continue', 'Content-Length', '9', 'Connection', 'keep-alive'],
  })
  t.match(endpoint.seen, [
    { method: 'PUT', target: '/media?cors=', headers: request.headers, body: Buffer.from(document) },
  ])
})

const cases: readonly {
  id: string
  body: string
  expect: { status: number; error_code: string | null; error_message: string | null }
}[] = JSON.parse(readFileSync(new URL('../../fixtures/put-bucket-cors.json', import.meta.url), 'utf8'))
for (const { id, body, expect } of cases) {
  t.test(`PutBucketCors ${id} is answered ${expect.status}`, async t => {
    const { handle, writes } = setUp()
    const answer = await handle(await signed('PUT', { body }))
    t.equal(answer.status, expect.status)
    t.equal(answer.s3Code ?? null, expect.error_code)
    const message = /<Message>(.*)<\/Message>/s.exec(answer.body.toString())?.[1]?.replaceAll('&quot;', '"')
    if (expect.error_message !== null) t.equal(message, expect.error_message)
    t.equal(writes.length, expect.status === 200 ? 1 : 0)
  })
}

const refusals: readonly {
  name: string
  request: () => Promise<ManagedRequest>
  status: number
  code: string
  asked?: number
}[] = [
  {
    name: 'a caller that the endpoint does not know',
    request: () => signed('PUT', { accessKeyId: 'AKIAOTHER' }),
    status: 403,
    code: 'AccessDenied',
    asked: 1,
  },
  {
    name: 'an anonymous caller',
    request: async () => ({ ...(await signed('PUT')), headers: ['Host', 's3.example'] }),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a presigned write',
    request: () => signed('PUT', { target: '/media?cors&X-Amz-Signature=0' }),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: '?cors beside another operation',
    request: () => signed('PUT', { target: '/media?cors&acl' }),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a read of ?cors beside another operation',
    request: () => signed('GET', { target: '/media?acl&cors' }),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a tampered body',
    request: async () => ({ ...(await signed('PUT')), body: Buffer.from(document.replace('GET', 'PUT')) }),
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
  },
  {
    name: 'a body over 64 KiB',
    request: async () => ({ ...(await signed('PUT')), body: undefined }),
    status: 400,
    code: 'MalformedXML',
  },
  {
    name: 'a body without a digest',
    request: async () => signed('PUT', { headers: { 'content-md5': '' } }),
    status: 400,
    code: 'InvalidDigest',
    asked: 1,
  },
  {
    name: 'a body with the digest of another',
    request: () => signed('PUT', { headers: { 'content-md5': md5Of('x') } }),
    status: 400,
    code: 'BadDigest',
    asked: 1,
  },
  { name: 'POST', request: () => signed('POST'), status: 405, code: 'MethodNotAllowed' },
  { name: 'HEAD', request: () => signed('HEAD'), status: 405, code: 'MethodNotAllowed' },
]
for (const { name, request, status, code, asked } of refusals) {
  t.test(`${name} changes nothing and is refused`, async t => {
    const { handle, writes, endpoint } = setUp()
    const answer = await handle(await request())
    t.equal(answer.status, status)
    t.match(answer.body.toString(), `<Code>${code}</Code>`)
    t.strictSame(writes, [])
    t.equal(endpoint.seen.length, asked ?? 0, 'calls of the endpoint')
  })
}

t.test('a presigned read is the endpoint’s to judge', async t => {
  const { handle, endpoint } = setUp()
  endpoint.instead = errorOf(404, 'NoSuchCORSConfiguration')
  t.equal(
    (await handle(await signed('GET', { target: '/media?cors&X-Amz-Signature=0' }))).s3Code,
    'NoSuchCORSConfiguration',
  )
  endpoint.instead = errorOf(403, 'SignatureDoesNotMatch')
  t.equal((await handle(await signed('GET', { target: '/media?cors&X-Amz-Signature=0' }))).status, 403)
})

const unsafe: readonly { name: string; safety: Safety; status: number; code: string }[] = [
  {
    name: 'an endpoint that is not safe',
    safety: { kind: 'unsafe', detail: 'Swift' },
    status: 503,
    code: 'ServiceUnavailable',
  },
  {
    name: 'an endpoint that did not answer',
    safety: { kind: 'unknown', detail: 'timeout' },
    status: 503,
    code: 'ServiceUnavailable',
  },
  { name: 'a bucket that is not there', safety: { kind: 'no-such-bucket' }, status: 404, code: 'NoSuchBucket' },
]
for (const { name, safety, status, code } of unsafe) {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    t.test(`${method} at ${name} is ${status}, and no caller’s request reaches it`, async t => {
      const { handle, endpoint, writes } = setUp(safety)
      const answer = await handle(await signed(method))
      t.strictSame([answer.status, answer.s3Code], [status, code])
      t.equal(fieldValues(answer.headers, 'retry-after')[0], status === 503 ? '1' : undefined)
      t.strictSame([endpoint.seen.length, writes.length], [0, 0])
    })
  }
}

const verdicts: readonly {
  name: string
  method: string
  verdict: TransportAnswer | TransportFailure
  status: number
  disables?: true
}[] = [
  {
    name: '501 without NotImplemented',
    method: 'PUT',
    verdict: { status: 501, headers: [], body: Buffer.from('<html/>') },
    status: 501,
  },
  { name: '501 to a GET', method: 'GET', verdict: errorOf(501, 'NotImplemented'), status: 501 },
  {
    name: '404 NoSuchCORSConfiguration to a PUT',
    method: 'PUT',
    verdict: errorOf(404, 'NoSuchCORSConfiguration'),
    status: 404,
  },
  { name: '404 NoSuchBucket', method: 'DELETE', verdict: errorOf(404, 'NoSuchBucket'), status: 404 },
  { name: '400', method: 'PUT', verdict: errorOf(400, 'RequestTimeTooSkewed'), status: 400 },
  { name: '503', method: 'PUT', verdict: errorOf(503, 'SlowDown'), status: 503 },
  {
    name: '200',
    method: 'PUT',
    verdict: { status: 200, headers: [], body: Buffer.alloc(0) },
    status: 503,
    disables: true,
  },
  {
    name: '304 to a DELETE',
    method: 'DELETE',
    verdict: { status: 304, headers: [], body: Buffer.alloc(0) },
    status: 503,
    disables: true,
  },
  {
    name: '200 to a GET',
    method: 'GET',
    verdict: { status: 200, headers: [], body: Buffer.from(document) },
    status: 503,
    disables: true,
  },
  {
    name: '304 to a GET',
    method: 'GET',
    verdict: { status: 304, headers: [], body: Buffer.alloc(0) },
    status: 503,
    disables: true,
  },
  {
    name: '307',
    method: 'PUT',
    verdict: { status: 307, headers: ['location', 'https://other.example/media?cors'], body: Buffer.alloc(0) },
    status: 307,
  },
  { name: 'no answer', method: 'PUT', verdict: { kind: 'failure', reason: 'network', detail: '' }, status: 502 },
  {
    name: 'no answer in time',
    method: 'PUT',
    verdict: { kind: 'failure', reason: 'timeout', detail: '' },
    status: 504,
  },
]
t.test(
  '501 to a GET is a yes where the probe was answered so, and the request is signed as a PUT has to be',
  async t => {
    const verdict = errorOf(501, 'NotImplemented')
    const safe = setUp({ kind: 'safe', getNotImplemented: true })
    safe.endpoint.instead = verdict
    t.match(await safe.handle(await signed('GET')), { status: 404, s3Code: 'NoSuchCORSConfiguration' })
    const right = await signed('GET')
    const streaming = right.headers.map((value, index) =>
      right.headers[index - 1]?.toLowerCase() === 'x-amz-content-sha256' ? 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' : value,
    )
    t.equal((await safe.handle({ ...right, headers: streaming })).status, 501, 'said of a field, before any signature')
    t.equal((await safe.handle({ ...right, headers: ['Host', 'a'] })).status, 501)
  },
)

for (const { name, method, verdict, status, disables } of verdicts) {
  t.test(`${name} is no yes: ${method} changes nothing`, async t => {
    const { handle, endpoint, writes, disabled } = setUp()
    endpoint.instead = verdict
    t.equal((await handle(await signed(method))).status, status)
    t.strictSame(writes, [])
    t.equal(disabled.length, disables ? 1 : 0)
    endpoint.instead = undefined
    t.equal((await handle(await signed('PUT'))).status, disables ? 503 : 200, 'afterwards')
  })
}

t.test('DELETE that the endpoint takes with 204 removes the stored rules, as long as the bucket is there', async t => {
  const { handle, endpoint, stored, writes, disabled, state } = setUp()
  await handle(await signed('PUT'))
  endpoint.instead = { status: 204, headers: ['x-amz-request-id', 'ITS-OWN'], body: Buffer.alloc(0) }
  state.found = 'unknown'
  t.equal((await handle(await signed('DELETE'))).status, 503, 'nothing is known of the bucket')
  t.equal(stored.get('media')?.length, 1)
  state.found = 'there'
  const removed = await handle(await signed('DELETE'))
  t.strictSame([removed.status, removed.headers, removed.body.length], [204, [], 0])
  t.strictSame(writes, ['AKIACALLER set media', 'AKIACALLER removed media'])
  t.strictSame(disabled, [])
  endpoint.instead = undefined
  t.equal((await handle(await signed('GET'))).status, 404)
})

t.test('DELETE after which the bucket is gone is no success, and no bucket is managed any more', async t => {
  const { handle, endpoint, disabled, state } = setUp()
  endpoint.instead = { status: 204, headers: [], body: Buffer.alloc(0) }
  state.found = 'gone'
  t.equal((await handle(await signed('DELETE'))).status, 503)
  t.match(disabled, [/^media: DELETE \?cors: the endpoint answered 204, and the bucket was gone/])
  endpoint.instead = undefined
  const other = { ...(await signed('GET', { target: '/photos?cors' })), bucket: 'photos' }
  t.equal((await handle(other)).status, 503)
  t.equal(endpoint.seen.length, 1)
})

t.test('DELETE that the endpoint took, and a store that then fails, is 503', async t => {
  const { handle, endpoint, state } = setUp()
  endpoint.instead = { status: 204, headers: [], body: Buffer.alloc(0) }
  state.storeFails = true
  t.equal((await handle(await signed('DELETE'))).status, 503)
})

/** A bucket with stored rules, at an endpoint of this kind, probed for real. */
function setUpModel(model: EndpointModel) {
  const endpoint = createModelledEndpoint(model)
  const stored = new Map<string, readonly CorsRule[] | undefined>([['media', []]])
  const handle = handlerOf({
    safety: createEndpointSafety({
      probe: bucket => probeEndpoint(endpoint.call, bucket),
      now: () => 0,
      mayProbe: () => true,
    }),
    forward: endpoint.forward,
    find: bucket => findBucket(endpoint.call, bucket),
    read: async bucket => stored.get(bucket),
    write: async (bucket, rules) => {
      stored.set(bucket, rules)
    },
    disabled: () => {},
  })
  return { endpoint, stored, handle }
}

const verifying = allModels().filter(({ model }) => model.verifies.length === 4)

t.test('whatever the endpoint is, who is told of a success has had it', async t => {
  const right = { PUT: await signed('PUT'), GET: await signed('GET'), DELETE: await signed('DELETE') }
  const wrong = (request: ManagedRequest): ManagedRequest => ({
    ...request,
    headers: request.headers.map(value => value.replace(/Signature=[0-9a-f]{64}$/, `Signature=${'0'.repeat(64)}`)),
  })
  for (const { name, model } of allModels()) {
    // At once, and after the endpoint has become any other between the probe and the call.
    const isSafe = (await probeEndpoint(createModelledEndpoint(model).call, 'media')).kind === 'safe'
    for (const later of isSafe ? [model, ...verifying.map(row => row.model)] : [model]) {
      for (const method of ['PUT', 'GET', 'DELETE'] as const) {
        for (const isRight of [true, false]) {
          const { endpoint, stored, handle } = setUpModel(model)
          if (later !== model) await handle(right.GET)
          endpoint.model = later
          const before = stored.get('media')
          const { status } = await handle(isRight ? right[method] : wrong(right[method]))
          const after = stored.get('media')
          const done = method === 'PUT' ? after?.length === 1 : method === 'DELETE' ? after === undefined : true
          if (status < 400 && !done) t.fail(`${name}: ${method} was told ${status}`)
          if (status >= 400 && after !== before) t.fail(`${name}: ${method} was told ${status}, and was carried out`)
          // What changes between two calls cannot be found out; what was so at the probe must hold.
          if (later === model && !isRight && after !== before) t.fail(`${name}: a wrong signature changed rules`)
          if (later === model && endpoint.wroteRules) t.fail(`${name}: the endpoint has rules of its own`)
          if (status < 300 && endpoint.buckets.size !== 1)
            t.fail(`${name}: ${method} was told ${status}, the bucket is gone`)
        }
      }
    }
  }
  t.pass('all models')
})

t.test('the endpoint’s refusal is relayed without its CORS fields', async t => {
  const { handle, endpoint } = setUp()
  const verdict = errorOf(403, 'AccessDenied')
  endpoint.instead = {
    ...verdict,
    headers: [...verdict.headers, 'Access-Control-Allow-Origin', '*', 'x-amz-request-id', '7'],
  }
  const answer = await handle(await signed('PUT'))
  t.strictSame(shown(answer).fields, {
    'content-type': 'application/xml',
    'x-amz-request-id': '7',
    'content-length': String(verdict.body.length),
  })
  t.equal(answer.body, verdict.body)
})

t.test('a store that fails is 503, whatever was asked', async t => {
  const { handle, state, failures } = setUp()
  state.storeFails = true
  for (const method of ['GET', 'PUT', 'DELETE']) t.equal((await handle(await signed(method))).status, 503, method)
  t.strictSame(failures, ['media: gone'], 'it is told once')
  state.storeFails = false
  t.equal((await handle(await signed('PUT'))).status, 200)
  state.storeFails = true
  t.equal((await handle(await signed('PUT'))).status, 503)
  t.strictSame(failures, ['media: gone', 'media: gone'], 'and again when it has answered meanwhile')
})

t.test('of those that wait for the endpoint no more are kept than there is memory for', async t => {
  const answers: ((failure: TransportFailure) => void)[] = []
  const handle = handlerOf({
    safety: createEndpointSafety({ probe: async () => ({ kind: 'safe' }), now: () => 0, mayProbe: () => true }),
    forward: () => new Promise(resolve => answers.push(resolve)),
    find: async () => 'there',
    read: async () => undefined,
    write: async () => undefined,
    disabled: () => undefined,
  })
  const request = await signed('PUT')
  const waiting = Array.from({ length: 32 }, () => handle(request))
  while (answers.length < 32) await new Promise(resolve => setImmediate(resolve))
  const refused = await Promise.all([handle(request), handle(await signed('GET'))])
  t.strictSame(
    refused.map(({ status, s3Code }) => [status, s3Code]),
    [
      [503, 'SlowDown'],
      [503, 'SlowDown'],
    ],
  )
  for (const answer of answers) answer({ kind: 'failure', reason: 'timeout', detail: '' } as TransportFailure)
  t.strictSame(
    (await Promise.all(waiting)).map(({ status }) => status),
    waiting.map(() => 504),
  )
  const again = handle(request)
  while (answers.length < 33) await new Promise(resolve => setImmediate(resolve))
  answers[32]?.({ kind: 'failure', reason: 'timeout', detail: '' } as TransportFailure)
  t.equal((await again).status, 504)
})
