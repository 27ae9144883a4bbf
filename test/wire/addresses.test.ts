// Host, request-target and the bucket: the one that is decided on is the one that the endpoint will use, from the bytes that
// are forwarded.

import t from 'tap'
import { corsFields, errorCode, readResponse } from '../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy, webBucket } from '../fixtures/test-proxy.ts'
import { assertWell } from '../fixtures/well-being.ts'

const canary = 'GET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n'
const get = (target: string, host: string, fields = '') =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`
const closing = 'Connection: close\r\n'
const refused: { name: string; bytes: string; status?: number }[] = [
  { name: 'two Host lines', bytes: get('/web/k', 'a\r\nHost: evil') },
  { name: 'one Host twice', bytes: get('/web/k', 'a\r\nHost: a') },
  ...[
    'a/b',
    'bad host',
    'a, b',
    'a,b',
    'u@a',
    'u@a:99999',
    'a:99999',
    'a:0',
    'a:x',
    'a:',
    '\xe9',
    'a%2eb',
    '',
    '[::1',
    'a]',
    'a;b',
    'a..b',
    '.a',
    'a\\b',
    '"a"',
  ].map(host => ({ name: `Host ${JSON.stringify(host)}`, bytes: get('/web/k', host) })),
  { name: 'no Host', bytes: 'GET /web/k HTTP/1.1\r\nX: y\r\n\r\n' },
  { name: 'no Host in HTTP/1.0', bytes: 'GET /web/k HTTP/1.0\r\nX: y\r\n\r\n' },
  ...['/web/..', '/web/../other/b', '/web/%2e%2e/a', '/web/a/..%2f../b'].map(target => ({
    name: target,
    bytes: get(target, 'a'),
  })),
  ...['/web%2Fk', '/web%5Ck', '/web%00', '/%2e%2e/web/k', '/./web', '/../web/k', '//web/k', '/\\web', '/w%zz/k'].map(
    target => ({ name: `${target}`, bytes: get(target, 'a') }),
  ),
  { name: 'a fragment', bytes: get('/web/k#/../private', 'a') },
  ...['*', 'web/k', '*/x', 'http://a/web/k', 'ftp://a/web/k', 'http://evil/web/k', 'a:80', '?x'].map(target => ({
    name: `request-target ${target}`,
    bytes: get(target, 'a'),
  })),
  { name: 'OPTIONS *', bytes: `OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n` },
  ...['/web/\x00', '/web/\t', '/web/\x80', '/web/\xff', '/web/ k', '/web/\x7f'].map(target => ({
    name: `${JSON.stringify(target)}`,
    bytes: get(target, 'a'),
  })),
  { name: 'a target of 8193 bytes', bytes: get(`/web/${'k'.repeat(8188)}`, 'a'), status: 414 },
  { name: 'a target of 20 KB', bytes: get(`/web/${'k'.repeat(20_000)}`, 'a'), status: 414 },
  { name: 'a target of 70 KB', bytes: get(`/web/${'k'.repeat(70_000)}`, 'a'), status: 431 },
]

t.test('what names no bucket for certain is refused, and opens nothing', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const { name, bytes, status = 400 } of refused) {
    t.test(name, async t => {
      const response = readResponse(await proxy.send(t, bytes + canary))
      t.equal(response.status, status)
      t.ok(errorCode(response))
      t.strictSame(response.values('connection'), ['close'])
      t.strictSame(corsFields(response), [])
      await assertWell(t, proxy, upstream)
    })
  }
  t.test('nothing but the good requests went up', async t => {
    t.strictSame([...new Set(upstream.requests.map(({ target }) => target))], ['/web/good'])
  })
})

const keys = [
  '/web//',
  '/web/a//b',
  '/web/a/../b',
  '/web/a/%2e%2e/b',
  '/web/./a',
  '/web/a%2Fb',
  '/web/%zz',
  '/web/%',
  '/web/a+b%20c',
  '/web/"[|]^`{}<>\\',
  "/web/'(1)",
  '/web/=@:;,&$!*~',
  '/web/%E2%82%AC/',
  '/web',
  '/web/',
  '/web?list-type=2',
  '/web/k?X-Amz-Signature=abc&a=%2F+b&&c',
  '/web/k?',
  '/web/k??a=?',
  '/web/k?a=1&a=2&A=&=&%3D',
  '/web/k?versionId=null&response-content-disposition=%22x%22',
  `/web/${'%41'.repeat(1024)}`,
  `/web/${'k'.repeat(8187)}`,
]

t.test('the request-target goes up byte for byte, and its bucket is decided on', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const target of keys) {
    const response = readResponse(await proxy.send(t, get(target, 'a', closing)))
    t.equal(response.status, 200, target)
    t.equal(upstream.requests.at(-1)?.target, target)
    t.strictSame(response.values('access-control-allow-origin'), [goodOrigin], target)
  }
  await assertWell(t, proxy, upstream)
})

t.test('a percent-encoded bucket is decoded once, and forwarded as it came', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const [target, allowed] of [
    ['/%77eb/k', true],
    ['/w%65%62/k', true],
    ['/%2577eb/k', false],
    ['/WEB/k', false],
  ] as const) {
    const response = readResponse(await proxy.send(t, get(target, 'a', closing)))
    t.equal(corsFields(response).length > 0, allowed, target)
    t.equal(upstream.requests.at(-1)?.target, target)
  }
  await assertWell(t, proxy, upstream)
})

t.test('the bucket is read as the endpoint reads it, in path or Host', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {
    virtualHosts: ['s3.local', 'eu.s3.local'],
    hosts: ['path.example.com'],
    buckets: { ...webBucket, 'a.b': webBucket.web },
  })
  const cases: [host: string, target: string, status: number, bucket: string | undefined][] = [
    ['web.s3.local', '/other/key', 200, 'web'],
    ['other.s3.local', '/web/key', 200, 'other'],
    ['s3.local', '/web/key', 200, 'web'],
    ['s3.local:9000', '/web/key', 200, 'web'],
    ['web.s3.local:9000', '/key', 200, 'web'],
    ['a.b.s3.local', '/key', 200, 'a.b'],
    ['web.eu.s3.local', '/key', 200, 'web'],
    ['eu.s3.local', '/web/key', 200, 'web'],
    ['path.example.com', '/web/key', 200, 'web'],
    ['127.0.0.1:80', '/web/key', 200, 'web'],
    ['[::1]:80', '/web/key', 200, 'web'],
    ['localhost', '/web/key', 200, 'web'],
    ['minio.s3.local', '/web/key', 200, undefined],
    ['stranger.example.com', '/web/key', 200, undefined],
    ['WEB.s3.local', '/key', 400, undefined],
    ['web.s3.local.', '/key', 400, undefined],
  ]
  for (const [host, target, status, bucket] of cases) {
    const records = proxy.records.length
    const response = readResponse(await proxy.send(t, get(target, host, closing)))
    t.equal(response.status, status, host)
    await proxy.until(({ records: all }) => all.length > records)
    t.equal(proxy.records.at(-1)?.bucket, bucket, host)
    t.equal(corsFields(response).length > 0, bucket === 'web' || bucket === 'a.b', host)
    if (status !== 200) continue
    t.strictSame(fieldValues(upstream.requests.at(-1) ?? { fields: [] }, 'host'), [host], 'as the client signed it')
    t.equal(upstream.requests.at(-1)?.target, target)
  }
  t.ok(proxy.warnings.every(({ event, detail }) => event === 'unknown_host' && detail.host === 'stranger.example.com'))
  await assertWell(t, proxy, upstream)
})

t.test('names that are no buckets, or properties of objects, have no rules and no faults', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const long = 'b'.repeat(64)
  for (const name of [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'ab',
    long,
    'A_B',
    'a..b',
    '-x',
    '10.0.0.1',
  ]) {
    const response = readResponse(await proxy.send(t, get(`/${name}/k`, 'a', closing)))
    t.equal(response.status, 200, name)
    t.strictSame(corsFields(response), [], name)
    t.strictSame(response.values('vary'), [], name)
  }
  await assertWell(t, proxy, upstream)
})

t.test('what claims another address is never asked', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { virtualHosts: ['s3.local'] })
  const claims =
    'X-Forwarded-Host: web.s3.local\r\nX-Forwarded-Uri: /web/k\r\nX-Forwarded-Prefix: /web\r\nX-Original-URL: /web/k\r\n' +
    'X-Rewrite-URL: /web/k\r\nForwarded: host=web.s3.local\r\nX-HTTP-Method-Override: PUT\r\n'
  const response = readResponse(await proxy.send(t, get('/other/k', 'a', claims + closing)))
  t.equal(response.status, 200)
  t.strictSame(corsFields(response), [])
  t.equal((await proxy.record('/other/k')).bucket, 'other')
  await assertWell(t, proxy, upstream)
})

t.test('requests of no bucket are forwarded without CORS, or refused', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { buckets: { '*': webBucket.web } })
  for (const target of ['/', '/?x-id=ListBuckets']) {
    const response = readResponse(await proxy.send(t, get(target, 'a', closing)))
    t.equal(response.status, 200)
    t.strictSame(corsFields(response), [], target)
    t.equal(upstream.requests.at(-1)?.target, target)
  }
  for (const target of ['/minio/health/live', '/minio/admin/v3/info']) {
    const before = upstream.requests.length
    const response = readResponse(await proxy.send(t, get(target, 'a', closing)))
    t.equal(response.status, 403, 'a path that MinIO takes for no bucket is refused')
    t.strictSame(corsFields(response), [], target)
    t.equal(upstream.requests.length, before)
  }
  await assertWell(t, proxy, upstream)
})

t.test('host: rewrite sends the authority of upstream.url, with the bucket before it where Host named it', async t => {
  const upstream = await startRecordingUpstream(t)
  const url = upstream.url.replace('127.0.0.1', 'localhost')
  const proxy = await startTestProxy(t, url, { upstream: { host: 'rewrite' }, virtualHosts: ['s3.local'] })
  const authority = new URL(url).host
  for (const [host, sent, bucket] of [
    ['a', authority, 'web'],
    ['stranger.example.com', authority, 'web'],
    ['cdn.s3.local', `cdn.${authority}`, 'cdn'],
  ] as const) {
    const records = proxy.records.length
    t.equal(readResponse(await proxy.send(t, get('/web/k', host, closing))).status, 200)
    await proxy.until(({ records: all }) => all.length > records)
    t.equal(proxy.records.at(-1)?.bucket, bucket)
    t.strictSame(
      fieldValues(
        upstream.requests.filter(({ head }) => !head.includes('s3-cors-proxy-')).at(-1) ?? { fields: [] },
        'host',
      ),
      [sent],
    )
  }
  await assertWell(t, proxy, upstream)
})
