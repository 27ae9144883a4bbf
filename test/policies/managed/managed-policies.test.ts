import t from 'tap'
import type { ManagedRequest } from '../../../src/policies/managed/caller-permission.ts'
import { statusOf } from '../../../src/policies/managed/managed-cors-request.ts'
import { createManagedPolicies, type ManagedSource } from '../../../src/policies/managed/managed-policies.ts'
import { createBucketStore } from '../../../src/policies/managed/store/bucket-store.ts'
import type { ManagedDocument } from '../../../src/policies/managed/store/managed-document.ts'
import type { BucketPolicy } from '../../../src/policies/policy-lookup.ts'
import { createFakeBucket, errorOf, type FakeBucket } from '../../fixtures/fake-bucket.ts'
import { createFakeClock, type FakeClock, settled } from '../../fixtures/fake-clock.ts'
import { createFakeEndpoint } from '../../fixtures/fake-endpoint.ts'
import { md5Of, signedFields } from '../../fixtures/signed-request.ts'

const times = { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30, timeoutSeconds: 2 }

function replica(clock: FakeClock, bucket: FakeBucket, change: Partial<ManagedSource> = {}) {
  const changes: ManagedDocument[] = []
  const disabled: string[] = []
  const unusable: string[] = []
  const endpoint = createFakeEndpoint('AKIACALLER')
  const policies = createManagedPolicies(
    {
      store: createBucketStore(bucket.call, { bucket: 'private', prefix: 'cors/', endpointUrl: 'http://minio:9000' }),
      storeName: 'private/cors/',
      probe: async () => ({ kind: 'safe' }),
      find: async () => 'there',
      forward: endpoint.forward,
      times,
      onChange: document => changes.push(document),
      onDisabled: name => disabled.push(name),
      onUnusable: (name, detail) => unusable.push(`${name}: ${detail}`),
      now: clock.now,
      wallClock: () => Date.UTC(2026, 10, 23, 12),
      setTimer: clock.setTimer,
      random: () => 0.5,
      ...change,
    },
    { named: new Map([['media', 'block']]), others: 'headers' },
  )
  return { policies, endpoint, changes, disabled, unusable }
}

async function request(method: string, origin = 'https://a.example', bucket = 'media'): Promise<ManagedRequest> {
  const rule = `<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>${origin}</AllowedOrigin></CORSRule>`
  const body = method === 'PUT' ? `<CORSConfiguration>${rule}</CORSConfiguration>` : ''
  const target = `/${bucket}?cors`
  const headers = await signedFields({
    method,
    url: `http://s3.example${target}`,
    body,
    headers: { 'content-md5': md5Of(body) },
  })
  return { bucket, method, target, headers, body: Buffer.from(body), tls: false }
}

function said(policy: BucketPolicy | undefined): string {
  if (policy === undefined) return 'load first'
  return policy.state.kind === 'rules'
    ? (policy.state.policy.configuration[0]?.allowedOrigins[0] ?? '')
    : policy.state.kind
}

t.test('rules that were put are obeyed at once here, and within freshSeconds by another replica', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  const one = replica(clock, bucket)
  const two = replica(clock, bucket)
  await settled()
  t.equal(said(one.policies.peek('media')), 'none')
  t.equal(statusOf(await one.policies.handle(await request('PUT'))), 200)
  t.match(one.policies.peek('media'), { governed: true, named: true, source: 'managed', enforcement: 'block' })
  t.equal(said(one.policies.peek('media')), 'https://a.example')
  t.equal(said(two.policies.peek('media')), 'none')
  await clock.advance(60_000)
  t.equal(said(two.policies.peek('media')), 'https://a.example')
  await two.policies.handle(await request('DELETE'))
  t.equal(said(two.policies.peek('media')), 'none')
  await clock.advance(60_000)
  t.equal(said(one.policies.peek('media')), 'none')
})

t.test('/buckets says who changed what and when', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  const one = replica(clock, bucket)
  await one.policies.handle(await request('PUT'))
  t.strictSame(one.policies.describe()[0]?.notes, ['rules set by AKIACALLER at 2026-11-23T12:00:00.000Z'])
  t.match(one.changes, [{ bucket: 'media', changedBy: 'AKIACALLER' }])
  const two = replica(clock, bucket)
  await settled()
  t.strictSame(two.policies.describe()[0]?.notes, ['rules set by AKIACALLER at 2026-11-23T12:00:00.000Z'])
  await one.policies.handle(await request('DELETE'))
  t.match(one.policies.describe()[0], { source: 'managed', state: 'none', notes: [/^rules removed by AKIACALLER/] })
})

t.test('interleaved puts of two replicas leave the last one acknowledged, whole', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  const replicas = [replica(clock, bucket), replica(clock, bucket)]
  await settled()
  const order: string[] = []
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const origin = `https://n${i}.example`
      const { policies } = replicas[i % 2] as (typeof replicas)[number]
      const status = statusOf(await policies.handle(await request('PUT', origin)))
      if (status === 200) order.push(origin)
      else t.equal(status, 503)
    }),
  )
  await clock.advance(60_000)
  const stored = bucket.objects.get('private/cors/media.json')?.body.toString() ?? ''
  t.equal(JSON.parse(stored).CORSRules[0].AllowedOrigins[0], order.at(-1))
  for (const { policies } of replicas) t.equal(said(policies.peek('media')), order.at(-1))
})

t.test('a removal of nothing is answered and stores nothing', async t => {
  const bucket = createFakeBucket()
  const { policies, changes } = replica(createFakeClock(), bucket)
  t.equal(statusOf(await policies.handle(await request('DELETE'))), 204)
  t.equal(bucket.objects.size, 0)
  t.strictSame(changes, [])
})

t.test('a store that cannot be read leaves the rules unknown, and is tried again', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  bucket.instead = () => errorOf(500, 'InternalError')
  const { policies } = replica(clock, bucket)
  await settled()
  t.equal(said(policies.peek('media')), 'unknown')
  t.match(policies.describe()[0]?.lastResult, /500 InternalError/)
  t.equal(statusOf(await policies.handle(await request('GET'))), 503)
  bucket.instead = undefined
  await clock.advance(60_000)
  t.equal(said(policies.peek('media')), 'none')
})

t.test('a store whose bucket is missing says so, and what to do, wherever it is asked about', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  bucket.instead = () => errorOf(404, 'NoSuchBucket')
  const { policies, unusable } = replica(clock, bucket)
  await settled()
  const todo =
    'the store: the endpoint has no bucket private; to do: create it, private (aws s3api create-bucket --endpoint-url http://minio:9000 --bucket private), or correct managed.store.bucket'
  t.strictSame(policies.inspect('media').state, { kind: 'unknown', why: `server: ${todo}` })
  t.equal(policies.describe()[0]?.lastResult, `server: ${todo}`)
  t.equal(statusOf(await policies.handle(await request('PUT'))), 503)
  t.equal(statusOf(await policies.handle(await request('GET'))), 503)
  t.strictSame(unusable, [`media: ${todo}`])
})

t.test('a stored document that is not whole gives no rules, and a put goes over it', async t => {
  const clock = createFakeClock()
  const bucket = createFakeBucket()
  bucket.objects.set('private/cors/media.json', { body: Buffer.from('{"Bucket":"me'), etag: '"torn"' })
  const { policies } = replica(clock, bucket)
  await settled()
  t.equal(said(policies.peek('media')), 'unknown')
  t.equal(statusOf(await policies.handle(await request('PUT'))), 200)
  t.equal(said(policies.peek('media')), 'https://a.example')
})

t.test('a write that is overtaken each time is given up', async t => {
  const bucket = createFakeBucket()
  bucket.instead = call => (call.method === 'PUT' ? errorOf(412, 'PreconditionFailed') : undefined)
  const { policies } = replica(createFakeClock(), bucket)
  t.equal(statusOf(await policies.handle(await request('PUT'))), 503)
  t.equal(bucket.calls.filter(call => call.method === 'PUT').length, 10)
})

t.test('an endpoint that is not safe is shown, and one that stores rules itself ends managed', async t => {
  const bucket = createFakeBucket()
  const swift = replica(createFakeClock(), bucket, {
    probe: async () => ({ kind: 'unsafe', detail: 'PUT ?cors with a wrong signature: 501' }),
  })
  await swift.policies.handle(await request('PUT'))
  t.strictSame(swift.policies.describe()[0]?.notes, ['?cors is answered 503: PUT ?cors with a wrong signature: 501'])
  const rgw = replica(createFakeClock(), bucket)
  rgw.endpoint.instead = { status: 200, headers: [], body: Buffer.alloc(0) }
  await rgw.policies.handle(await request('PUT'))
  t.strictSame(rgw.disabled, ['media'])
  t.match(rgw.policies.describe()[0]?.notes, [/it stores rules itself/])
})

t.test('buckets under "*" are managed too, and invented ones hardly probed', async t => {
  let probes = 0
  const bucket = createFakeBucket()
  const { policies } = replica(createFakeClock(), bucket, {
    probe: async () => {
      probes++
      return { kind: 'no-such-bucket' }
    },
  })
  for (let i = 0; i < 50; i++) await policies.handle(await request('PUT', 'https://a.example', `made-up-${i}`))
  t.equal(probes, 5)
  t.match(await policies.load('other'), { named: false, source: 'managed', state: { kind: 'none' } })
})
