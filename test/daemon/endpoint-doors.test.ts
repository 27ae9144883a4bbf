// Real servers behind the proxy: what they serve by another way than the bucket in the first segment of the path, a page is not
// told it may read by the rules of a bucket that it names.

import { setTimeout as delay } from 'node:timers/promises'
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { createClient } from './cors-requests.ts'

t.setTimeout(300_000)

const origin = 'https://app.example'
const rules = `{ CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }] }`

/** Two buckets that everyone may read: the page may read what is in `open-media`. */
async function fill(server: S3Endpoint): Promise<void> {
  const client = createClient(server, server.endpoint, 'path')
  for (const Bucket of ['open-media', 'secret-media']) {
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: Bucket }))
    const Resource = [`arn:aws:s3:::${Bucket}/*`]
    const statement = { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  }
  client.destroy()
}

/** `STATUS BODY-OR-CODE [CORS]` of a GET with an Origin. */
async function ask(proxy: ProxyProcess, host: string, target: string): Promise<string> {
  const { status, headers, body } = await sendHttp({
    url: `${proxy.url}${target}`,
    headers: { Host: host, Origin: origin },
  })
  const text = /<Code>(\w+)<\/Code>/.exec(String(body))?.[1] ?? String(body)
  const allowed = Object.keys(headers).some(name => name.startsWith('access-control-'))
  return `${status} ${text}${allowed ? ' CORS' : ''}`
}

async function serve(t: Test, start: () => Promise<S3Endpoint>): Promise<S3Endpoint> {
  const server = await start()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await fill(server)
  return server
}

async function proxyFor(t: Test, text: string): Promise<ProxyProcess> {
  const proxy = await startProxy(text)
  t.teardown(() => proxy.stop('SIGINT'))
  return proxy
}

async function untilRead(proxy: ProxyProcess, reading: string): Promise<void> {
  const said = new RegExp(`"event":"host_reading".*"reading":"${reading}"`)
  while (!said.test(proxy.logs())) await delay(20)
}

const withoutRgw = skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw)
const withoutMinio = skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)

t.test("Ceph RGW's other ways to a bucket", { skip: withoutRgw }, async t => {
  const server = await serve(t, () => startRgw('localhost'))
  const all = `upstream:\n  url: ${server.endpoint}\nbuckets:\n  "*": ${rules}\n`
  const ways = [
    '/swift/v1/secret-media/k',
    '/%73wift/v1/secret-media/k',
    '/%73%77%69%66%74/v1.0/secret-media/k',
    '/:secret-media/k',
    '/%3Asecret-media/k',
  ]
  const refusing = await proxyFor(t, all)
  const forwarding = await proxyFor(t, `unknownPaths: forward\n${all}`)
  for (const way of ways) {
    const { status, body } = await sendHttp({ url: `${server.endpoint}${way}`, headers: { Host: 'localhost' } })
    t.equal(`${status} ${body}`, '200 secret-media', `${way} is served by RGW itself`)
    t.equal(await ask(refusing, '127.0.0.1', way), '403 AccessDenied', way)
    t.equal(await ask(forwarding, 'localhost', way), '200 secret-media', `${way}, forwarded without CORS`)
  }
  for (const way of ['/swift/info', '/auth/v1.0', '/admin/usage'])
    t.equal(await ask(refusing, '127.0.0.1', way), '403 AccessDenied', way)
  t.equal(await ask(refusing, '127.0.0.1', '/swift%2Fv1/secret-media/k'), '400 InvalidURI')
  t.equal(await ask(refusing, '127.0.0.1', '//swift/v1/secret-media/k'), '400 InvalidURI')
  t.match(refusing.logs(), /"event":"unknown_path".*"path":"swift"/)
})

for (const { name, skip, start } of [
  { name: 'Ceph RGW', skip: withoutRgw, start: startRgw },
  { name: 'MinIO', skip: withoutMinio, start: startMinio },
]) {
  const named = (server: S3Endpoint) =>
    `upstream:\n  url: ${server.endpoint.replace('127.0.0.1', 'localhost')}\nbuckets:\n  open-media: ${rules}\n  secret-media: { from: none }\n`
  const under = 'open-media.localhost'

  t.test(`${name} that takes no bucket from a Host`, { skip }, async t => {
    const server = await serve(t, () => start(''))
    const { body } = await sendHttp({ url: `${server.endpoint}/secret-media/k`, headers: { Host: under } })
    t.equal(String(body), 'secret-media', 'it reads the path alone')
    const proxy = await proxyFor(t, named(server))
    t.equal(await ask(proxy, under, '/secret-media/k'), '400 InvalidURI', 'before it was asked, or after')
    await untilRead(proxy, 'path')
    t.equal(await ask(proxy, under, '/secret-media/k'), '400 InvalidURI')
    t.equal(await ask(proxy, under, '/open-media/k'), '200 open-media CORS', 'both readings allow')
    t.equal(await ask(proxy, 'localhost', '/open-media/k'), '200 open-media CORS')
    t.equal(await ask(proxy, 'localhost', '/secret-media/k'), '200 secret-media')
  })

  t.test(`${name} that takes the bucket from a Host`, { skip }, async t => {
    const server = await serve(t, () => start('localhost'))
    const proxy = await proxyFor(t, named(server))
    await untilRead(proxy, 'virtual')
    t.equal(await ask(proxy, under, '/k'), '200 open-media CORS')
    t.equal(await ask(proxy, 'secret-media.localhost', '/k'), '200 secret-media')
    t.match(await ask(proxy, under, '/secret-media/k'), /^40[34] \w+ CORS$/, 'a key that open-media does not have')
    t.equal(await ask(proxy, under, '/minio/health/live'), '403 AccessDenied')
  })
}

t.test('Ceph RGW that takes a whole Host for the bucket', { skip: withoutRgw }, async t => {
  const server = await serve(t, () => startRgw('s3.localhost'))
  const client = createClient(server, server.endpoint, 'path')
  for (const Bucket of ['open-media.files.example', 'files.example', 'xn--media']) {
    await client.send(new CreateBucketCommand({ Bucket, ACL: 'public-read' }))
    for (const Key of ['k', 'open-media/k'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Bucket, ACL: 'public-read' }))
  }
  client.destroy()
  const upstream = `upstream:\n  url: ${server.endpoint}\nvirtualHosts: [files.example]\n`
  const proxy = await proxyFor(t, `${upstream}buckets:\n  open-media: ${rules}\n`)
  await untilRead(proxy, 'other')
  t.equal(await ask(proxy, 'open-media.files.example', '/k'), '200 open-media.files.example')
  t.equal(await ask(proxy, 'open-media.files.example', '/open-media/k'), '200 open-media.files.example')
  t.equal(await ask(proxy, 'files.example', '/open-media/k'), '400 InvalidURI')
  t.equal(await ask(proxy, 'xn--media', '/open-media/k'), '400 InvalidURI')
  // Of such an upstream no name is to be asked about; RGW still takes every label for a bucket.
  const addressed = await proxyFor(t, `upstream:\n  url: ${server.endpoint}\nbuckets:\n  open-media: ${rules}\n`)
  for (const moment of ['before it was asked, or after', 'after']) {
    for (const host of ['secret-media', 'SECRET-media', 'secret-media.', 'secret-media:8080', 'xn--media'])
      t.equal(await ask(addressed, host, '/open-media/k'), '400 InvalidURI', `${host}, ${moment}`)
    await delay(300)
  }
  t.equal(await ask(addressed, '127.0.0.1', '/open-media/k'), '200 open-media CORS')
})

t.test('MinIO that takes no label for a bucket', { skip: withoutMinio }, async t => {
  const server = await serve(t, () => startMinio('s3.localhost'))
  const proxy = await proxyFor(t, `upstream:\n  url: ${server.endpoint}\nbuckets:\n  open-media: ${rules}\n`)
  while ((await ask(proxy, 'localhost', '/open-media/k')) === '400 InvalidURI') await delay(20)
  t.equal(await ask(proxy, 'localhost', '/open-media/k'), '200 open-media CORS', 'once it was asked')
  t.equal(await ask(proxy, 'secret-media', '/open-media/k'), '200 open-media CORS', 'as MinIO reads it')
})
