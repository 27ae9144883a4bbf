import t from 'tap'
import { createEndpointSafety, probeEndpoint, type Safety } from '../../../src/policies/managed/endpoint-safety.ts'
import type { TransportAnswer } from '../../../src/s3/endpoint-transport.ts'
import type { S3Call } from '../../../src/s3/s3-call.ts'
import { errorOf } from '../../fixtures/fake-bucket.ts'

const ok: TransportAnswer = { status: 200, headers: {}, body: Buffer.alloc(0) }
const notImplemented = errorOf(501, 'NotImplemented')
const mismatch = errorOf(403, 'SignatureDoesNotMatch')

const probes: readonly {
  name: string
  head?: TransportAnswer
  signed?: TransportAnswer
  spoiled?: TransportAnswer
  safety: object
  calls: number
}[] = [
  { name: 'MinIO since RELEASE.2024-08-17', safety: { kind: 'safe' }, calls: 3 },
  {
    name: 'MinIO before, which takes PUT ?cors for CreateBucket',
    signed: errorOf(409, 'BucketAlreadyOwnedByYou'),
    safety: { kind: 'unsafe', detail: /409 BucketAlreadyOwnedByYou/ },
    calls: 2,
  },
  { name: 'MinIO before, which creates the bucket anew', signed: ok, safety: { kind: 'unsafe' }, calls: 2 },
  {
    name: 'Swift, which says 501 before it looks at the signature',
    spoiled: notImplemented,
    safety: { kind: 'unsafe', detail: /wrong signature: 501/ },
    calls: 3,
  },
  {
    name: 'an endpoint that takes PutBucketCors',
    signed: errorOf(400, 'MalformedXML'),
    safety: { kind: 'unsafe', detail: /400 MalformedXML/ },
    calls: 2,
  },
  {
    name: 'a 501 that is not of S3',
    signed: { status: 501, headers: {}, body: Buffer.from('<html/>') },
    safety: { kind: 'unsafe' },
    calls: 2,
  },
  { name: 'our own credentials refused', signed: mismatch, safety: { kind: 'unsafe' }, calls: 2 },
  { name: 'a bucket that is not there', head: { ...ok, status: 404 }, safety: { kind: 'no-such-bucket' }, calls: 1 },
  {
    name: 'a bucket that we may not see',
    head: { ...ok, status: 403 },
    safety: { kind: 'unknown', detail: 'HEAD of the bucket: 403' },
    calls: 1,
  },
]
for (const { name, head = ok, signed = notImplemented, spoiled = mismatch, safety, calls } of probes) {
  t.test(`a probe of ${name}`, async t => {
    const seen: S3Call[] = []
    const result = await probeEndpoint(async call => {
      seen.push(call)
      return call.method === 'HEAD' ? head : call.spoilSignature ? spoiled : signed
    }, 'media')
    t.match(result, safety)
    t.equal(seen.length, calls)
    t.equal(
      seen.every(call => call.method !== 'PUT' || (call.query === 'cors' && call.body?.toString() === 'probe')),
      true,
    )
  })
}

for (const failing of [1, 2, 3]) {
  t.test(`a probe whose call ${failing} has no answer is unknown`, async t => {
    let count = 0
    const result = await probeEndpoint(async call => {
      if (++count === failing) return { kind: 'failure', reason: 'timeout', detail: 'no answer' }
      return call.method === 'HEAD' ? ok : notImplemented
    }, 'media')
    t.strictSame(result, { kind: 'unknown', detail: 'timeout: no answer' })
  })
}

function setUp(results: readonly Safety[], mayProbe: (bucket: string) => boolean = () => true) {
  const state = { at: 0, probes: 0 }
  const safety = createEndpointSafety({
    probe: async () => results[Math.min(state.probes++, results.length - 1)] ?? { kind: 'safe' },
    now: () => state.at,
    mayProbe,
  })
  return { safety, state }
}

t.test('an endpoint is probed before the first call, once for all who wait, and hourly', async t => {
  const { safety, state } = setUp([{ kind: 'safe' }])
  t.equal(safety.peek('media'), undefined)
  await Promise.all([safety.check('media'), safety.check('media')])
  state.at += 3_599_999
  await safety.check('media')
  t.equal(state.probes, 1)
  state.at += 1
  await safety.check('media')
  t.equal(state.probes, 2)
})

t.test('an endpoint that is unsafe is asked again after a minute, one that did not answer after seconds', async t => {
  const { safety, state } = setUp([{ kind: 'unsafe', detail: '' }, { kind: 'unknown', detail: '' }, { kind: 'safe' }])
  t.match(await safety.check('media'), { kind: 'unsafe' })
  state.at += 59_999
  t.match(await safety.check('media'), { kind: 'unsafe' })
  state.at += 1
  t.match(await safety.check('media'), { kind: 'unknown' })
  state.at += 5000
  t.match(await safety.check('media'), { kind: 'safe' })
})

t.test('a bucket that was disabled stays so', async t => {
  const { safety, state } = setUp([{ kind: 'safe' }])
  const running = safety.check('media')
  safety.disable('media', 'it stores rules itself')
  t.match(await running, { kind: 'unsafe', detail: 'it stores rules itself' })
  state.at += 1e12
  t.match(await safety.check('media'), { kind: 'unsafe' })
})

t.test('K188 a flood of names is not probed', async t => {
  let budget = 3
  const { safety, state } = setUp([{ kind: 'no-such-bucket' }], () => budget-- > 0)
  for (let i = 0; i < 100; i++) await safety.check(`made-up-${i}`)
  t.equal(state.probes, 3)
})

t.test('memory is bounded, and what was disabled is kept', async t => {
  const { safety } = setUp([{ kind: 'safe' }])
  safety.disable('kept', 'x')
  for (let i = 0; i < 10_050; i++) await safety.check(`bucket-${i}`)
  t.match(safety.peek('kept'), { kind: 'unsafe' })
  t.equal(safety.peek('bucket-0'), undefined)
  t.match(safety.peek('bucket-10049'), { kind: 'safe' })
})

t.test('a probe that rejects is unknown', async t => {
  const safety = createEndpointSafety({
    probe: () => Promise.reject(new Error('boom')),
    now: () => 0,
    mayProbe: () => true,
  })
  t.match(await safety.check('media'), { kind: 'unknown' })
})
