import t from 'tap'
import { matchesNothing, readStoredRules } from '../../../src/cors/parsing/stored-rules.ts'
import { findBucket, probeBucket, probeEndpoint } from '../../../src/policies/managed/endpoint-probe.ts'
import { parseCorsConfigurationXml } from '../../../src/s3/cors-operation/cors-configuration-xml.ts'
import { readPutBucketCors } from '../../../src/s3/cors-operation/put-bucket-cors.ts'
import type { TransportAnswer } from '../../../src/s3/endpoint/endpoint-transport.ts'
import type { S3Call } from '../../../src/s3/endpoint/s3-call.ts'
import { errorOf } from '../../fixtures/fake-bucket.ts'
import { allMethods, allModels, createModelledEndpoint } from '../../fixtures/modelled-endpoint.ts'

const ok: TransportAnswer = { status: 200, headers: [], body: Buffer.alloc(0) }
const noContent: TransportAnswer = { ...ok, status: 204 }
const notImplemented = errorOf(501, 'NotImplemented')
const mismatch = errorOf(403, 'SignatureDoesNotMatch')
const denied = errorOf(403, 'AccessDenied')

/** Answers by `METHOD`, `METHOD spoiled`, `METHOD absent` and `METHOD absent spoiled`; the rest as MinIO. */
type Answers = Readonly<Record<string, TransportAnswer>>

const minio: Answers = {
  HEAD: ok,
  LIST: ok,
  PUT: notImplemented,
  'PUT spoiled': mismatch,
  GET: errorOf(404, 'NoSuchCORSConfiguration'),
  'GET spoiled': mismatch,
  'DELETE absent spoiled': mismatch,
  'DELETE absent': errorOf(404, 'NoSuchBucket'),
  'DELETE spoiled': mismatch,
}

function nameOf(call: S3Call): string {
  const name = call.query === 'list-type=2&max-keys=1' ? 'LIST' : call.method
  return `${name}${call.bucket === 'media' ? '' : ' absent'}${call.spoilSignature ? ' spoiled' : ''}`
}

const probes: readonly { name: string; answers?: Answers; safety: object; last: string }[] = [
  { name: 'MinIO since RELEASE.2024-08-17', safety: { kind: 'safe' }, last: 'DELETE spoiled' },
  {
    name: 'MinIO before, which takes PUT ?cors for CreateBucket',
    answers: { PUT: errorOf(409, 'BucketAlreadyOwnedByYou') },
    safety: { kind: 'unsafe', detail: /409 BucketAlreadyOwnedByYou/ },
    last: 'PUT',
  },
  {
    name: 'MinIO before, which creates the bucket anew',
    answers: { PUT: ok },
    safety: { kind: 'unsafe' },
    last: 'PUT',
  },
  {
    name: 'an endpoint that says 501 to a PUT before it looks at the signature',
    answers: { 'PUT spoiled': notImplemented },
    safety: { kind: 'unsafe', detail: /^PUT \?cors with a wrong signature: 501/ },
    last: 'PUT spoiled',
  },
  {
    name: 'Swift, which says 501 before it looks at any signature',
    answers: { GET: notImplemented, 'GET spoiled': notImplemented },
    safety: { kind: 'unsafe', detail: /^GET \?cors with a wrong signature: 501/ },
    last: 'GET spoiled',
  },
  {
    name: 'an endpoint that verifies signatures and knows none of the three',
    answers: { GET: notImplemented, 'DELETE absent': notImplemented },
    safety: { kind: 'safe', getNotImplemented: true },
    last: 'DELETE spoiled',
  },
  {
    name: 'a key that the endpoint does not know, which it says with 404',
    answers: { HEAD: { ...ok, status: 404 }, LIST: errorOf(404, 'XAdminUserNotFound') },
    safety: { kind: 'unknown', detail: "the endpoint refuses the proxy's own key: 404 XAdminUserNotFound" },
    last: 'LIST',
  },
  {
    name: 'an endpoint that takes PutBucketCors',
    answers: { PUT: errorOf(400, 'MalformedXML') },
    safety: { kind: 'unsafe', detail: /400 MalformedXML/ },
    last: 'PUT',
  },
  {
    name: 'a 501 that is not of S3',
    answers: { PUT: { status: 501, headers: [], body: Buffer.from('<html/>') } },
    safety: { kind: 'unsafe' },
    last: 'PUT',
  },
  {
    name: 'an endpoint that lists the bucket for GET ?cors',
    answers: { GET: { ...ok, body: Buffer.from('<ListBucketResult/>') } },
    safety: {
      kind: 'unsafe',
      detail: 'GET ?cors: 200, where only 404 NoSuchCORSConfiguration or 501 NotImplemented is safe',
    },
    last: 'GET',
  },
  {
    name: 'an endpoint that does not verify GET ?cors',
    answers: { 'GET spoiled': errorOf(404, 'NoSuchCORSConfiguration') },
    safety: { kind: 'unsafe', detail: /^GET \?cors with a wrong signature: 404/ },
    last: 'GET spoiled',
  },
  {
    name: 'an endpoint that does not verify DELETE ?cors: the bucket itself is not tried',
    answers: { 'DELETE absent spoiled': errorOf(404, 'NoSuchBucket') },
    safety: { kind: 'unsafe', detail: /^DELETE \?cors of a made-up bucket with a wrong signature: 404/ },
    last: 'DELETE absent spoiled',
  },
  {
    name: 'an endpoint that takes DELETE of anything',
    answers: { 'DELETE absent': noContent },
    safety: { kind: 'unsafe', detail: /^DELETE \?cors of a made-up bucket: 204/ },
    last: 'DELETE absent',
  },
  {
    name: 'an endpoint that refuses every DELETE in one and the same way',
    answers: { 'DELETE absent': denied, 'DELETE absent spoiled': denied },
    safety: { kind: 'unsafe', detail: /^DELETE \?cors of a made-up bucket: 403 AccessDenied/ },
    last: 'DELETE absent',
  },
  {
    name: 'an endpoint that verifies DELETE ?cors of some buckets',
    answers: { 'DELETE spoiled': noContent },
    safety: { kind: 'unsafe', detail: /^DELETE \?cors with a wrong signature: 204/ },
    last: 'DELETE spoiled',
  },
  {
    name: 'an endpoint whose DELETE ?cors is 501 for every bucket',
    answers: { 'DELETE absent': notImplemented },
    safety: { kind: 'safe' },
    last: 'DELETE spoiled',
  },
  {
    name: 'MinIO, with a key for this bucket alone',
    answers: { 'DELETE absent': denied },
    safety: { kind: 'safe' },
    last: 'DELETE spoiled',
  },
  {
    name: 'a bucket that is not there',
    answers: { HEAD: { ...ok, status: 404 }, LIST: errorOf(404, 'NoSuchBucket') },
    safety: { kind: 'no-such-bucket' },
    last: 'LIST',
  },
  {
    name: 'a 404 that is not of S3, such as that of a load balancer',
    answers: { HEAD: { ...ok, status: 404 }, LIST: { ...ok, status: 404 } },
    safety: { kind: 'unknown', detail: 'HEAD of the bucket: 404, its list: 404' },
    last: 'LIST',
  },
  {
    name: 'a key that may not see the bucket',
    answers: { HEAD: { ...ok, status: 403 }, LIST: denied },
    safety: {
      kind: 'forbidden',
      detail: "the proxy's own key is not allowed s3:ListBucket on media: 403 AccessDenied",
    },
    last: 'LIST',
  },
  {
    name: 'a key that may not see the bucket, which the endpoint then calls missing',
    answers: { HEAD: { ...ok, status: 404 }, LIST: denied },
    safety: { kind: 'forbidden', detail: /is not allowed s3:ListBucket/ },
    last: 'LIST',
  },
  {
    name: 'a key that the endpoint does not know',
    answers: { HEAD: { ...ok, status: 403 }, LIST: errorOf(403, 'InvalidAccessKeyId') },
    safety: { kind: 'unknown', detail: "the endpoint refuses the proxy's own key: 403 InvalidAccessKeyId" },
    last: 'LIST',
  },
  {
    name: 'a key that may not put rules',
    answers: { PUT: denied },
    safety: {
      kind: 'forbidden',
      detail: "the proxy's own key is not allowed s3:PutBucketCORS on media: 403 AccessDenied",
    },
    last: 'PUT',
  },
  {
    name: 'a key that may not get rules',
    answers: { GET: denied },
    safety: {
      kind: 'forbidden',
      detail: "the proxy's own key is not allowed s3:GetBucketCORS on media: 403 AccessDenied",
    },
    last: 'GET',
  },
  {
    name: 'a key with the wrong secret',
    answers: { GET: mismatch },
    safety: { kind: 'unknown', detail: "the endpoint refuses the proxy's own key: 403 SignatureDoesNotMatch" },
    last: 'GET',
  },
]
for (const { name, answers, safety, last } of probes) {
  t.test(`a probe of ${name}`, async t => {
    const seen: S3Call[] = []
    const result = await probeEndpoint(async call => {
      seen.push(call)
      return { ...minio, ...answers }[nameOf(call)] ?? errorOf(500, 'NotExpected')
    }, 'media')
    t.match(result, safety)
    t.equal(seen.map(nameOf).at(-1), last, 'the last call')
    for (const call of seen) {
      if (call.method === 'PUT') {
        t.equal(call.query, 'cors')
        const body = call.body ?? Buffer.alloc(0)
        const read = parseCorsConfigurationXml(body.toString(), { strict: true })
        t.ok(read.rules, 'whole and well formed')
        t.match(readPutBucketCors(['Content-MD5', call.headers?.['content-md5'] ?? ''], body), {
          error: { code: 'InvalidRequest', message: /Unsupported method is PROBE/ },
        })
        const { rules } = readStoredRules(read.rules ?? [])
        t.ok(rules.every(matchesNothing), 'and what takes it has a rule that matches nothing')
        t.ok(
          seen.some(({ method }) => method === 'GET'),
          'after GET said that there are no rules',
        )
      }
      if (call.method !== 'DELETE') continue
      t.equal(call.query, 'cors')
      t.ok(call.spoilSignature || call.bucket !== 'media', 'no DELETE that is rightly signed is for a real bucket')
      if (call.bucket !== 'media') t.match(call.bucket, /^s3cors-probe-[0-9a-f]{32}$/)
    }
  })
}

for (const failing of [1, 2, 3, 4, 5, 6, 7, 8]) {
  t.test(`a probe whose call ${failing} has no answer is unknown`, async t => {
    let count = 0
    const result = await probeEndpoint(async call => {
      if (++count === failing) return { kind: 'failure', reason: 'timeout', detail: 'no answer' }
      return minio[nameOf(call)] ?? notImplemented
    }, 'media')
    t.strictSame(result, { kind: 'unknown', detail: 'timeout: no answer' })
  })
}

t.test('no probe destroys, makes or changes anything, and safe is only who verifies all it is asked', async t => {
  for (const { name, model } of allModels()) {
    const endpoint = createModelledEndpoint(model)
    const { kind } = await probeEndpoint(endpoint.call, 'media')
    t.strictSame([...endpoint.buckets], ['media'], name)
    const isSafe =
      model.put === 'not-implemented' &&
      model.get !== 'list' &&
      model.delete !== 'method-not-allowed' &&
      allMethods.every(method => model.verifies.includes(method))
    t.equal(kind, isSafe ? 'safe' : 'unsafe', name)
  }
})

t.test('whether a bucket is there is not taken from a 404 alone', async t => {
  const asked = (head: number, list: TransportAnswer) => async (call: S3Call) =>
    call.method === 'HEAD' ? { ...ok, status: head } : list
  t.equal(await findBucket(asked(200, ok), 'media'), 'there')
  t.equal(await findBucket(asked(404, errorOf(404, 'NoSuchBucket')), 'media'), 'gone')
  t.equal(await findBucket(asked(404, denied), 'media'), 'unknown')
  t.equal(await findBucket(asked(404, ok), 'media'), 'unknown')
  t.equal(await probeBucket(asked(200, ok), 'media'), undefined)
  t.match(await probeBucket(async () => ({ kind: 'failure', reason: 'dns', detail: 'no name' }), 'media'), {
    kind: 'unknown',
    detail: 'dns: no name',
  })
})
