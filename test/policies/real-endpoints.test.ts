// What real endpoints answer to the proxy's own questions.

import t, { type Test } from 'tap'
import { probeEndpoint } from '../../src/policies/managed/endpoint-probe.ts'
import { createBucketStore } from '../../src/policies/managed/store/bucket-store.ts'
import type { ManagedDocument } from '../../src/policies/managed/store/managed-document.ts'
import { createTransport } from '../../src/s3/endpoint/endpoint-transport.ts'
import { createGetBucketCors } from '../../src/s3/endpoint/get-bucket-cors.ts'
import { createListBuckets } from '../../src/s3/endpoint/list-buckets.ts'
import { createS3Caller, type S3Call } from '../../src/s3/endpoint/s3-call.ts'
import { md5Of } from '../fixtures/signed-request.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { findSwift, howToGetSwift, startSwift } from '../servers/swift.ts'

t.setTimeout(300_000)

async function setUp(t: Test, start: () => Promise<S3Endpoint>) {
  const server = await start()
  t.teardown(() => server.stop())
  const url = new URL(server.endpoint)
  const transport = createTransport({
    url: { protocol: 'http:', hostname: url.hostname, port: Number(url.port) },
    timeoutMs: 10_000,
  })
  t.teardown(() => transport.close())
  const as = (secretAccessKey: string) =>
    createS3Caller({
      transport,
      protocol: 'http:',
      region: server.region,
      addressing: 'path',
      credentials: async () => ({ accessKeyId: server.accessKeyId, secretAccessKey }),
    })
  const call = as(server.secretAccessKey)
  for (const bucket of ['media', 'private'])
    t.match(await call({ method: 'PUT', bucket, maxBodyBytes: 65_536 }), { status: /20[01]/ })
  return { call, stranger: as('wrong-secret') }
}

const document = (changedBy: string): ManagedDocument => ({
  bucket: 'media',
  rules: undefined,
  changedBy,
  changedAt: '',
})

/** For messages. */
const endpointUrl = 'http://127.0.0.1:9000'

async function keepsDocuments(t: Test, call: ReturnType<typeof createS3Caller>) {
  const store = createBucketStore(call, { bucket: 'private', prefix: 'cors/', endpointUrl })
  t.strictSame(await store.read('media'), { document: undefined, version: undefined })
  t.equal(await store.replace(document('one'), undefined), true)
  t.equal(await store.replace(document('one again'), undefined), false)
  const { version } = await store.read('media')
  t.equal(await store.replace(document('two'), version), true)
  t.equal(await store.replace(document('late'), version), false)
  t.match(await store.read('media'), { document: { changedBy: 'two' } })
  await t.rejects(createBucketStore(call, { bucket: 'not-there', prefix: '', endpointUrl }).read('media'), {
    message: /the endpoint has no bucket not-there; to do: create it/,
  })
}

const limits = { timeout: 120_000 }

t.test(
  'MinIO has no rules, is safe to ask, and keeps documents',
  { skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio), ...limits },
  async t => {
    const { call, stranger } = await setUp(t, startMinio)
    t.strictSame(await createGetBucketCors(call)('media'), { kind: 'none', unsupported: false })
    t.strictSame(await createGetBucketCors(call)('not-there'), { kind: 'no-such-bucket' })
    t.match(await createGetBucketCors(stranger)('media'), { kind: 'failure', reason: 'auth' })
    t.strictSame(await createListBuckets(call)(), { kind: 'buckets', names: new Set(['media', 'private']) })
    t.strictSame(await probeEndpoint(call, 'media'), { kind: 'safe' })
    t.strictSame(await probeEndpoint(call, 'not-there'), { kind: 'no-such-bucket' })
    await keepsDocuments(t, call)
  },
)

t.test(
  'RGW gives its own rules, and a probe leaves them alone',
  { skip: skipWithout('RGW', findRgw() !== undefined, howToGetRgw), ...limits },
  async t => {
    const { call, stranger } = await setUp(t, startRgw)
    const getBucketCors = createGetBucketCors(call)
    t.strictSame(await getBucketCors('media'), { kind: 'none', unsupported: false })
    t.strictSame(await getBucketCors('not-there'), { kind: 'no-such-bucket' })
    t.match(await createGetBucketCors(stranger)('media'), { kind: 'failure', reason: 'auth' })
    t.strictSame(await createListBuckets(call)(), { kind: 'buckets', names: new Set(['media', 'private']) })
    const rule =
      '<CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://*.example</AllowedOrigin><AllowedHeader>*</AllowedHeader></CORSRule>'
    const body = `<CORSConfiguration>${rule}</CORSConfiguration>`
    const put: S3Call = {
      method: 'PUT',
      bucket: 'media',
      query: 'cors',
      headers: { 'content-md5': md5Of(body) },
      body: Buffer.from(body),
      maxBodyBytes: 65_536,
    }
    t.match(await call(put), { status: 200 })
    const rules = {
      kind: 'rules',
      rules: [{ allowedOrigins: ['https://*.example'], allowedMethods: ['PUT'], allowedHeaders: ['*'] }],
    }
    t.match(await getBucketCors('media'), rules)
    t.match(await probeEndpoint(call, 'media'), { kind: 'unsafe' })
    t.match(await getBucketCors('media'), rules)
    await keepsDocuments(t, call)
  },
)

t.test(
  'Swift knows no rules and is not safe to ask',
  { skip: skipWithout('Swift', findSwift() !== undefined, howToGetSwift), ...limits },
  async t => {
    const { call } = await setUp(t, startSwift)
    t.strictSame(await createGetBucketCors(call)('media'), {
      kind: 'none',
      unsupported: true,
      said: '501 NotImplemented',
      endpointWide: true,
    })
    t.match(await probeEndpoint(call, 'media'), { kind: 'unsafe', detail: /wrong signature: 501/ })
  },
)
