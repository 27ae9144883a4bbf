// `?cors` of managed buckets over sockets, through the whole process: what changes nothing, and what never reaches the endpoint.

import t from 'tap'
import { checksumOf } from '../../src/s3/cors-operation/checksum.ts'
import { sendHttp } from '../clients/http-request.ts'
import { type Call, elementsOf, ruleFor, signCall } from '../fixtures/managed-caller.ts'
import { readerAccount } from '../fixtures/minio-endpoint.ts'
import { raw } from '../fixtures/raw-client.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { md5Of } from '../fixtures/signed-request.ts'
import { adminBuckets, isOwn, setUp } from './managed-setup.ts'

t.setTimeout(180_000)

const unsignedHash = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
const streamingHash = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
const trailerHash = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }
const replacement = ruleFor('https://evil.example')

function withField(name: string, change: (value: string) => string) {
  return (fields: Record<string, string>) => ({ ...fields, [name]: change(fields[name] ?? '') })
}

const withoutSignature = ({ Host }: Record<string, string>) => ({ Host: Host ?? '', 'content-md5': md5Of(replacement) })
const presigned =
  '&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIACALLER%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=00'

/** Requests that change nothing; `reaches`: the endpoint is asked, and says no. */
const refusals: readonly (Partial<Call> & {
  readonly name: string
  readonly status: number
  readonly code?: string
  readonly reaches?: true
})[] = [
  { name: 'PUT ?cors&acl', target: '/media?cors&acl', status: 403, code: 'AccessDenied' },
  { name: 'PUT ?acl&cors', target: '/media?acl&cors', status: 403, code: 'AccessDenied' },
  { name: 'DELETE ?cors&policy', method: 'DELETE', target: '/media?cors&policy', status: 403, code: 'AccessDenied' },
  { name: 'GET ?cors&acl', method: 'GET', target: '/media?cors&acl', status: 403, code: 'AccessDenied' },
  { name: 'PUT ?cors=x', target: '/media?cors=x', status: 403, code: 'AccessDenied' },
  { name: 'PUT ?CORS', target: '/media?CORS', status: 403, code: 'AccessDenied' },
  { name: 'PUT with an encoded ?cors', target: '/media?c%6Frs', status: 403, code: 'AccessDenied' },
  { name: 'PUT ?x;cors', target: '/media?x;cors', status: 403, code: 'AccessDenied' },
  { name: 'PUT ?cors&cors', target: '/media?cors&cors', status: 403, code: 'AccessDenied' },
  {
    name: 'a presigned PUT',
    target: `/media?cors${presigned}`,
    tamper: withoutSignature,
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a presigned DELETE',
    method: 'DELETE',
    target: `/media?cors${presigned}`,
    tamper: withoutSignature,
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a presigned GET with a wrong signature',
    method: 'GET',
    target: `/media?cors${presigned}`,
    tamper: withoutSignature,
    status: 403,
    code: 'SignatureDoesNotMatch',
    reaches: true,
  },
  {
    name: 'SigV2 in a field',
    tamper: fields => ({ ...withoutSignature(fields), authorization: 'AWS AKIACALLER:bm90IG9uZQ==' }),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'SigV2 in the query',
    target: '/media?cors&AWSAccessKeyId=AKIACALLER&Expires=9999999999&Signature=x',
    tamper: withoutSignature,
    status: 403,
    code: 'AccessDenied',
  },
  { name: 'an anonymous PUT', tamper: withoutSignature, status: 403, code: 'AccessDenied' },
  { name: 'an anonymous DELETE', method: 'DELETE', tamper: withoutSignature, status: 403, code: 'AccessDenied' },
  { name: 'a streaming payload', headers: streamingHash, status: 403, code: 'AccessDenied' },
  { name: 'a streaming payload without signature', headers: trailerHash, status: 403, code: 'AccessDenied' },
  {
    name: 'UNSIGNED-PAYLOAD with a signed Content-MD5, over plain HTTP',
    headers: unsignedHash,
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a tampered body',
    body: ruleFor('https://a.example'),
    sentBody: replacement,
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
  },
  {
    name: 'a DELETE with a body that was not signed',
    method: 'DELETE',
    sentBody: 'x',
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
  },
  {
    name: 'a hash that is not signed',
    tamper: withField('authorization', value => value.replace(';x-amz-content-sha256', '')),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a Host that is not signed',
    tamper: withField('authorization', value => value.replace('host;', '')),
    status: 403,
    code: 'AccessDenied',
  },
  {
    name: 'a wrong secret',
    account: { accessKeyId: 'AKIACALLER', secretAccessKey: 'wrong' },
    status: 403,
    code: 'SignatureDoesNotMatch',
    reaches: true,
  },
  {
    name: 'a DELETE with a wrong secret',
    method: 'DELETE',
    account: { accessKeyId: 'AKIACALLER', secretAccessKey: 'wrong' },
    status: 403,
    code: 'SignatureDoesNotMatch',
    reaches: true,
  },
  {
    name: 'an unknown key',
    account: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' },
    status: 403,
    code: 'InvalidAccessKeyId',
    reaches: true,
  },
  { name: 'a caller who may only read', account: readerAccount, status: 403, code: 'AccessDenied', reaches: true },
  { name: 'POST', method: 'POST', status: 405, code: 'MethodNotAllowed' },
  { name: 'HEAD', method: 'HEAD', status: 405 },
]

t.test('requests that change nothing', async t => {
  const { call, forwarded, endpoint, proxy } = await setUp(t, ['media'])
  await call({ method: 'PUT', target: '/media?cors', body: ruleFor('https://good.example') })
  for (const { name, status, code, reaches, ...change } of refusals) {
    await t.test(`${name} is refused with ${status}`, async t => {
      const method = change.method ?? 'PUT'
      const body = method === 'PUT' ? replacement : ''
      const { result, count } = await forwarded(() => call({ target: '/media?cors', body, ...change, method }))
      t.strictSame([result.status, result.code], [status, code])
      t.equal(count, reaches ? 1 : 0, 'calls at the endpoint')
      if (reaches) t.strictSame(result.fields['x-amz-request-id'], ['OF-THE-ENDPOINT'], 'the endpoint’s own words')
      else if (method !== 'HEAD') isOwn(t, result)
      const got = await call({ method: 'GET', target: '/media?cors' })
      t.strictSame(elementsOf(got.body), elementsOf(ruleFor('https://good.example')), 'the rules are as they were')
    })
  }
  await t.test('two Authorization fields are refused', async t => {
    const fields = await signCall(proxy.url, { method: 'PUT', target: '/media?cors', body: replacement })
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `PUT /media?cors HTTP/1.1\r\n${lines.join('')}Authorization: AWS a:b\r\nContent-Length: ${replacement.length}\r\n\r\n`
    t.match((await raw(proxy.port, head + replacement, 2000)).text, /^HTTP\/1\.1 400 /)
  })
  t.strictSame(
    [...new Set(endpoint.ofCallers().map(({ method, target }) => `${method} ${target.split('&')[0]}`))].sort(),
    ['DELETE /media?cors', 'GET /media?cors', 'PUT /media?cors'],
    'nothing else of callers has reached the endpoint',
  )
})

t.test('a Host that is not configured is no way past the proxy', async t => {
  const { call, forwarded } = await setUp(t, ['media'])
  const withHost = (Host: string) => (fields: Record<string, string>) => ({ ...fields, Host })
  for (const target of ['/media?cors', '/?cors', '/media/?c%6Frs=', '/media?acl&cors']) {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const { result, count } = await forwarded(() =>
        call({ method, target, tamper: withHost('media.s3.unknown.example') }),
      )
      t.strictSame([result.status, result.code, count], [403, 'AccessDenied', 0], `${method} ${target}`)
    }
  }
  const object = await call({ method: 'GET', target: '/media/key?cors', tamper: withHost('unknown.example') })
  t.equal(object.code, 'SignatureDoesNotMatch', 'an object’s own parameters are the endpoint’s business')
})

t.test('?cors= is ?cors, and a presigned or anonymous read is the endpoint’s to judge', async t => {
  const { call } = await setUp(t, ['media'])
  t.equal((await call({ method: 'PUT', target: '/media?cors=', body: ruleFor('https://a.example') })).status, 200)
  t.equal((await call({ method: 'GET', target: '/media?cors=' })).status, 200)
  const anonymous = ({ Host }: Record<string, string>) => ({ Host: Host ?? '' })
  t.match((await call({ method: 'GET', target: '/media?cors', tamper: anonymous })).body, 'https://a.example')
  t.equal((await call({ method: 'DELETE', target: '/media/?cors=' })).status, 204, 'with a slash behind the bucket')
  t.equal((await call({ method: 'GET', target: '/media?cors' })).status, 404)
})

t.test('UNSIGNED-PAYLOAD over our own TLS', async t => {
  const { call, forwarded } = await setUp(t, ['media'], 'tls:\n  certFile: tls.crt\n  keyFile: tls.key\n')
  const body = ruleFor('https://a.example')
  const crc = checksumOf('crc32', Buffer.from(body))
  const unsigned = (name: string) => withField('authorization', value => value.replace(new RegExp(`${name};`), ''))
  const table: readonly (Partial<Call> & { name: string; status: number; code?: string; count: number })[] = [
    { name: 'with a signed Content-MD5', headers: unsignedHash, status: 200, count: 1 },
    {
      name: 'with a signed checksum',
      headers: { ...unsignedHash, 'x-amz-checksum-crc32': crc },
      digest: false,
      status: 200,
      count: 1,
    },
    {
      name: 'with a Content-MD5 that is not signed',
      headers: unsignedHash,
      tamper: unsigned('content-md5'),
      status: 403,
      code: 'AccessDenied',
      count: 0,
    },
    { name: 'without a digest', headers: unsignedHash, digest: false, status: 403, code: 'AccessDenied', count: 0 },
    {
      name: 'with a tampered body',
      headers: unsignedHash,
      sentBody: replacement,
      status: 400,
      code: 'BadDigest',
      count: 0,
    },
    { name: 'streaming', headers: trailerHash, status: 403, code: 'AccessDenied', count: 0 },
    { name: 'a signed hash', status: 200, count: 1 },
  ]
  for (const { name, status, code, count, ...change } of table) {
    await t.test(`${name}: ${status}`, async t => {
      await call({ method: 'DELETE', target: '/media?cors' })
      const asked = await forwarded(() => call({ method: 'PUT', target: '/media?cors', body, ...change }))
      t.strictSame([asked.result.status, asked.result.code, asked.count], [status, code, count])
      t.equal((await call({ method: 'GET', target: '/media?cors' })).status, status === 200 ? 200 : 404)
    })
  }
})

t.test('the endpoint judges the very request, and sees who it comes from', async t => {
  const { call, endpoint } = await setUp(t, ['media'], 'virtualHosts: [s3.example]\n')
  const body = ruleFor('https://a.example')
  const spoofed = { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.2', forwarded: 'for=10.0.0.3' }
  const put = await call({
    method: 'PUT',
    target: '/media?cors',
    body,
    tamper: fields => ({ ...fields, ...spoofed, 'User-Agent': 'a-client/1' }),
  })
  t.equal(put.status, 200)
  const seen = endpoint.ofCallers().at(-1)
  if (seen === undefined) throw new Error('not asked')
  t.equal(String(seen.body), body)
  t.strictSame(fieldValues(seen, 'x-forwarded-for'), ['127.0.0.1'], 'what a client says of itself is not believed')
  t.strictSame([fieldValues(seen, 'x-real-ip'), fieldValues(seen, 'forwarded')], [[], []])
  t.strictSame(fieldValues(seen, 'user-agent'), ['a-client/1'])
  const signed = await call({ method: 'PUT', target: '/media?cors', body, headers: { 'x-forwarded-for': '10.0.0.1' } })
  t.equal(signed.status, 200, 'a field that was signed is left as it is')
  t.strictSame(fieldValues(endpoint.ofCallers().at(-1) ?? seen, 'x-forwarded-for'), ['10.0.0.1'])
})

t.test('an endpoint that is not safe to ask is not asked for any caller', async t => {
  for (const kind of ['old-minio', 'swift', 'stores'] as const) {
    await t.test(kind, async t => {
      const { call, endpoint, forwarded, proxy } = await setUp(t, ['media'])
      endpoint.kind = kind
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const body = method === 'PUT' ? ruleFor('https://a.example') : ''
        const { result, count } = await forwarded(() => call({ method, target: '/media?cors', body }))
        t.strictSame([result.status, result.code, count], [503, 'ServiceUnavailable', 0], method)
        t.strictSame(result.fields['retry-after'], ['1'])
      }
      t.ok(endpoint.buckets.has('media'), 'the bucket is still there')
      t.match((await adminBuckets(proxy))[0]?.notes?.join(), /\?cors is answered 503: (?:PUT|GET) \?cors/)
      const object = await sendHttp({ url: `${proxy.url}/media/key` })
      t.equal(object.status, 404, 'everything else goes on')
    })
  }
  await t.test('one that turns out to store rules itself', async t => {
    const { call, endpoint, forwarded, proxy } = await setUp(t, ['media'])
    const put = () => call({ method: 'PUT', target: '/media?cors', body: ruleFor('https://a.example') })
    t.equal((await put()).status, 200)
    endpoint.kind = 'stores'
    const taken = await put()
    t.strictSame([taken.status, taken.code, taken.fields.server], [503, 'ServiceUnavailable', undefined], 'no success')
    const { result, count } = await forwarded(put)
    t.strictSame([result.status, count], [503, 0], 'managed no more')
    t.match(proxy.logs(), /managed_disabled/)
    t.match((await adminBuckets(proxy))[0]?.notes?.join(), /so it stores rules itself/)
  })
})
