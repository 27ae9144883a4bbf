// `?cors` of managed buckets over sockets, through the whole process: what S3 answers to a caller with the right.

import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { checksumAlgorithms, checksumOf } from '../../src/s3/cors-operation/checksum.ts'
import { openHttp2 } from '../fixtures/http2-client.ts'
import {
  type Answered,
  type Call,
  callManagedHttp2,
  elementsOf,
  ruleFor,
  signCall,
} from '../fixtures/managed-caller.ts'
import type { ProxyProcess } from '../fixtures/proxy-process.ts'
import { openRaw, raw } from '../fixtures/raw-client.ts'
import { md5Of } from '../fixtures/signed-request.ts'
import { isOwn, setUp } from './managed-setup.ts'

t.setTimeout(180_000)

function corsFields(answer: Answered): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(answer.fields).filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  )
}

const cases: readonly {
  id: string
  body: string
  expect: { status: number; error_code: string | null; error_message: string | null }
}[] = JSON.parse(readFileSync(new URL('../fixtures/put-bucket-cors.json', import.meta.url), 'utf8'))

const caseBuckets = cases.map((_, index) => `case-${String(index).padStart(2, '0')}`)

async function putEveryCase(t: Test, call: (call: Call) => Promise<Answered>): Promise<void> {
  for (const [index, { id, body, expect }] of cases.entries()) {
    const bucket = caseBuckets[index] ?? ''
    await t.test(`${id} is answered ${expect.status}`, async t => {
      const put = await call({ method: 'PUT', target: `/${bucket}?cors`, body })
      t.equal(put.status, expect.status)
      t.equal(put.code ?? null, expect.error_code)
      if (expect.error_message !== null) t.equal(put.message, expect.error_message)
      isOwn(t, put)
      const got = await call({ method: 'GET', target: `/${bucket}?cors` })
      isOwn(t, got)
      if (expect.status !== 200) {
        t.equal(got.status, 404, 'nothing was stored')
        return
      }
      t.strictSame([put.body, put.fields['content-length']], ['', ['0']], 'an empty body')
      t.equal(got.status, 200)
      t.strictSame(elementsOf(got.body), elementsOf(body), 'what was put, in its order and its casing')
    })
  }
  await t.test('the table is whole', async t => t.equal(cases.length, 31))
}

t.test('PutBucketCors is answered as S3 answers it', async t => {
  const { call } = await setUp(t, caseBuckets)
  await putEveryCase(t, call)
})

t.test('PutBucketCors is answered so over HTTP/2', async t => {
  const { proxy } = await setUp(
    t,
    caseBuckets,
    'tls:\n  certFile: tls.crt\n  keyFile: tls.key\nlog: { access: true }\n',
  )
  const session = await openHttp2(t, proxy.port)
  await putEveryCase(t, call => callManagedHttp2(session, proxy.url.replace('http:', 'https:'), call))
  await proxy.stop('SIGTERM')
  const spoken = new Set(proxy.logs().match(/(?<="protocol":")[^"]+/g))
  t.strictSame([...spoken], ['HTTP/2.0'], 'what was spoken')
})

t.test('a bucket without rules is NoSuchCORSConfiguration, byte for byte', async t => {
  const { call } = await setUp(t, ['media'])
  const answer = await call({ method: 'GET', target: '/media?cors' })
  const [id] = answer.fields['x-amz-request-id'] ?? []
  const [host] = answer.fields['x-amz-id-2'] ?? []
  t.equal(answer.status, 404)
  t.equal(
    answer.body,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchCORSConfiguration</Code><Message>The CORS configuration does not exist</Message><BucketName>media</BucketName><RequestId>${id}</RequestId><HostId>${host}</HostId></Error>`,
  )
})

t.test('digests of the body', async t => {
  const { call } = await setUp(t, ['media'])
  const body = ruleFor('https://a.example')
  const checksums = Object.fromEntries(
    checksumAlgorithms.map(name => [`x-amz-checksum-${name}`, checksumOf(name, Buffer.from(body))]),
  )
  const wrong = md5Of('something else')
  const table: readonly { name: string; headers: Record<string, string>; status: number; code?: string }[] = [
    { name: 'Content-MD5', headers: { 'content-md5': md5Of(body) }, status: 200 },
    ...Object.entries(checksums).map(([name, value]) => ({ name, headers: { [name]: value }, status: 200 })),
    { name: 'Content-MD5 and a checksum', headers: { 'content-md5': md5Of(body), ...checksums }, status: 200 },
    { name: 'no digest', headers: {}, status: 400, code: 'InvalidRequest' },
    {
      name: 'only the name of one',
      headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
      status: 400,
      code: 'InvalidRequest',
    },
    { name: 'Content-MD5 of something else', headers: { 'content-md5': wrong }, status: 400, code: 'BadDigest' },
    { name: 'Content-MD5 that is none', headers: { 'content-md5': 'x' }, status: 400, code: 'InvalidDigest' },
    {
      name: 'a checksum of something else beside the right Content-MD5',
      headers: { 'content-md5': md5Of(body), 'x-amz-checksum-crc32': checksumOf('crc32', Buffer.from('x')) },
      status: 400,
      code: 'BadDigest',
    },
    { name: 'a checksum that is none', headers: { 'x-amz-checksum-sha256': 'x' }, status: 400, code: 'InvalidRequest' },
  ]
  for (const { name, headers, status, code } of table) {
    t.test(`${name}: ${status}`, async t => {
      await call({ method: 'DELETE', target: '/media?cors' })
      const put = await call({ method: 'PUT', target: '/media?cors', body, digest: false, headers })
      t.strictSame([put.status, put.code], [status, code])
      isOwn(t, put)
      t.equal((await call({ method: 'GET', target: '/media?cors' })).status, status === 200 ? 200 : 404)
    })
  }
  t.equal(
    (await call({ method: 'PUT', target: '/media?cors', body, digest: false })).message,
    'Missing required header for this request: Content-MD5',
  )
})

/** A body of exactly so many bytes. */
function bodyOf(bytes: number): string {
  const [start = '', end = ''] = ruleFor('https://a.example').split('</CORSConfiguration>')
  const rest = '</CORSConfiguration>'
  return `${start}${' '.repeat(bytes - start.length - end.length - rest.length)}${rest}`
}

async function requestHead(proxy: ProxyProcess, body: string, fields: Readonly<Record<string, string>>) {
  const signed = await signCall(proxy.url, { method: 'PUT', target: '/media?cors', body })
  const lines = Object.entries({ ...signed, ...fields }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `PUT /media?cors HTTP/1.1\r\n${lines.join('')}\r\n`
}

t.test('64 KB are read, one byte more is not', async t => {
  const { proxy, call, forwarded } = await setUp(t, ['media'])
  const limit = 64 * 1024
  await t.test('64 KB are taken', async t => {
    t.equal((await call({ method: 'PUT', target: '/media?cors', body: bodyOf(limit) })).status, 200)
  })
  await call({ method: 'DELETE', target: '/media?cors' })
  const tooLong = bodyOf(limit + 1)
  await t.test('one byte more is refused and not forwarded', async t => {
    const { result, count } = await forwarded(() => call({ method: 'PUT', target: '/media?cors', body: tooLong }))
    t.strictSame([result.status, result.code, count], [400, 'MalformedXML', 0])
    t.strictSame(result.fields.connection, ['close'], 'the rest is not read')
    isOwn(t, result)
  })
  await t.test('so is one byte more in chunks', async t => {
    const head = await requestHead(proxy, tooLong, { 'Transfer-Encoding': 'chunked' })
    const { text } = await raw(proxy.port, `${head}${tooLong.length.toString(16)}\r\n${tooLong}\r\n0\r\n\r\n`, 5000)
    t.match(text, /^HTTP\/1\.1 400 .*<Code>MalformedXML<\/Code>/s)
  })
  await t.test('chunks that are not too long are taken', async t => {
    const body = ruleFor('https://chunked.example')
    const head = await requestHead(proxy, body, { 'Transfer-Encoding': 'chunked', Connection: 'close' })
    const { text } = await raw(proxy.port, `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, 5000)
    t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    t.match((await call({ method: 'GET', target: '/media?cors' })).body, 'https://chunked.example')
  })
  await t.test('a client that waits for 100 gets it, and then its answer', async t => {
    const body = ruleFor('https://expecting.example')
    const client = await openRaw(proxy.port)
    await client.write(
      await requestHead(proxy, body, { Expect: '100-continue', 'Content-Length': String(body.length) }),
    )
    await client.until(({ text }) => text.includes('\r\n\r\n'))
    t.equal(client.text, 'HTTP/1.1 100 Continue\r\n\r\n')
    await client.write(body)
    await client.until(({ text }) => text.includes('HTTP/1.1 200 OK'))
    client.destroy()
    t.match((await call({ method: 'GET', target: '/media?cors' })).body, 'https://expecting.example')
  })
  await t.test('a client that waits with too much to send is refused at once', async t => {
    const client = await openRaw(proxy.port)
    await client.write(
      await requestHead(proxy, tooLong, { Expect: '100-continue', 'Content-Length': String(tooLong.length) }),
    )
    await client.until(({ ended }) => ended !== undefined, 5000)
    client.destroy()
    t.match(client.text, /^HTTP\/1\.1 400 .*<Code>MalformedXML<\/Code>/s)
  })
  await t.test('a client that leaves in the middle changes nothing', async t => {
    const body = ruleFor('https://left.example')
    const { count } = await forwarded(async () => {
      const client = await openRaw(proxy.port)
      await client.write(await requestHead(proxy, body, { 'Content-Length': String(body.length) }))
      await client.write(body.slice(0, 100))
      client.reset()
      await new Promise(resolve => setTimeout(resolve, 200))
    })
    t.equal(count, 0)
    t.match((await call({ method: 'GET', target: '/media?cors' })).body, 'https://expecting.example')
  })
})

t.test('order and casing of every list are kept', async t => {
  const { call } = await setUp(t, ['media'])
  const body =
    '<s:CORSConfiguration xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:CORSRule>' +
    '<s:ExposeHeader>x-AMZ-Request-Id</s:ExposeHeader><s:ExposeHeader>ETag</s:ExposeHeader><s:MaxAgeSeconds>0</s:MaxAgeSeconds>' +
    '<s:AllowedOrigin>https://B.example</s:AllowedOrigin><s:AllowedOrigin>https://a.example:443/</s:AllowedOrigin>' +
    '<s:AllowedMethod>PUT</s:AllowedMethod><s:AllowedMethod>GET</s:AllowedMethod>' +
    '<s:AllowedHeader>X-Amz-*</s:AllowedHeader><s:AllowedHeader>authorization</s:AllowedHeader><s:ID>B &amp; A</s:ID>' +
    '</s:CORSRule><s:CORSRule><s:AllowedOrigin></s:AllowedOrigin><s:AllowedMethod>HEAD</s:AllowedMethod></s:CORSRule></s:CORSConfiguration>'
  t.equal((await call({ method: 'PUT', target: '/media?cors', body })).status, 200)
  const got = await call({ method: 'GET', target: '/media?cors' })
  t.strictSame(elementsOf(got.body), elementsOf(body.replaceAll(/<(\/?)s:/g, '<$1')))
  t.match(
    got.body,
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<CORSConfiguration xmlns="http:\/\/s3.amazonaws.com\/doc\/2006-03-01\/">/,
  )
})

t.test('the answer to a change has the CORS fields of the rules that it replaces', async t => {
  const { call } = await setUp(t, ['media'])
  const put = (origin: string, by: string, more: Partial<Call> = {}) =>
    call({ method: 'PUT', target: '/media?cors', body: ruleFor(origin), headers: { origin: by }, ...more })
  const vary = ['Origin, Access-Control-Request-Headers, Access-Control-Request-Method']
  const allowed = (origin: string) => ({
    'access-control-allow-origin': [origin],
    'access-control-allow-methods': ['GET, PUT, DELETE'],
    'access-control-allow-credentials': ['true'],
    vary: ['Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
  })
  t.strictSame(corsFields(await put('https://a.example', 'https://a.example')), { vary }, 'there were none')
  t.strictSame(corsFields(await put('https://b.example', 'https://a.example')), allowed('https://a.example'))
  t.strictSame(corsFields(await put('https://b.example', 'https://a.example')), { vary }, 'replaced at once')
  const forged = { account: { accessKeyId: 'AKIACALLER', secretAccessKey: 'wrong' } }
  const refused = await put('https://c.example', 'https://b.example', forged)
  t.equal(refused.status, 403)
  t.strictSame(corsFields(refused), allowed('https://b.example'), 'a refusal of the endpoint, without its own CORS')
  const stranger = await put('https://c.example', 'https://evil.example', forged)
  t.strictSame(corsFields(stranger), { vary }, 'nothing of the endpoint’s own CORS')
  const got = await call({ method: 'GET', target: '/media?cors', headers: { origin: 'https://b.example' } })
  t.strictSame(corsFields(got), allowed('https://b.example'))
  const remove = () => call({ method: 'DELETE', target: '/media?cors', headers: { origin: 'https://b.example' } })
  const removed = await remove()
  t.strictSame([removed.status, removed.body, corsFields(removed)], [204, '', allowed('https://b.example')])
  t.strictSame(corsFields(await remove()), { vary }, 'there are none any more')
})

t.test('rules are removed with 204, there or not', async t => {
  const { call } = await setUp(t, ['media'])
  const remove = () => call({ method: 'DELETE', target: '/media?cors' })
  const statuses = async () => {
    const answer = await remove()
    isOwn(t, answer)
    return [answer.status, answer.body, answer.fields['content-length']]
  }
  t.strictSame(await statuses(), [204, '', undefined])
  await call({ method: 'PUT', target: '/media?cors', body: ruleFor('https://a.example') })
  t.strictSame(await statuses(), [204, '', undefined])
  t.strictSame(await statuses(), [204, '', undefined])
  t.equal((await call({ method: 'GET', target: '/media?cors' })).code, 'NoSuchCORSConfiguration')
})

t.test('a bucket that is not there is NoSuchBucket, and no caller’s request reaches the endpoint', async t => {
  const { call, forwarded } = await setUp(t, ['media', 'missing'], '', ['media'])
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    const body = method === 'PUT' ? ruleFor('https://a.example') : ''
    const { result, count } = await forwarded(() => call({ method, target: '/missing?cors', body }))
    t.strictSame([result.status, result.code, count], [404, 'NoSuchBucket', 0], method)
    t.match(result.body, '<BucketName>missing</BucketName>')
    isOwn(t, result)
  }
})
