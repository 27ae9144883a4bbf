import t from 'tap'
import { createBucketStore } from '../../../../src/policies/managed/store/bucket-store.ts'
import type { ManagedDocument } from '../../../../src/policies/managed/store/managed-document.ts'
import { UnreadableDocument } from '../../../../src/policies/managed/store/rule-store.ts'
import { createFakeBucket, errorOf } from '../../../fixtures/fake-bucket.ts'

const document = (changedBy: string): ManagedDocument => ({
  bucket: 'media',
  rules: undefined,
  changedBy,
  changedAt: '2026-11-23T12:00:00.000Z',
})
const place = { bucket: 'private', prefix: 'cors/', endpointUrl: 'http://minio:9000' }

t.test('what was written is read by every replica', async t => {
  const fake = createFakeBucket()
  const store = createBucketStore(fake.call, place)
  t.strictSame(await store.read('media'), { document: undefined, version: undefined })
  t.equal(await store.replace(document('one'), undefined), true)
  t.strictSame([...fake.objects.keys()], ['private/cors/media.json'])
  t.same(await createBucketStore(fake.call, place).read('media'), { document: document('one'), version: '"1"' })
})

t.test('a write that was overtaken changes nothing', async t => {
  const fake = createFakeBucket()
  const store = createBucketStore(fake.call, place)
  await store.replace(document('one'), undefined)
  const { version } = await store.read('media')
  t.equal(await store.replace(document('two'), version), true)
  t.equal(await store.replace(document('late'), version), false)
  t.equal(await store.replace(document('first, it thinks'), undefined), false)
  t.match(await store.read('media'), { document: { changedBy: 'two' } })
  fake.objects.clear()
  t.equal(await store.replace(document('late'), version), false, 'nor one whose version was deleted')
})

t.test('two conditional writes at once are a conflict', async t => {
  const fake = createFakeBucket()
  fake.instead = call => (call.method === 'PUT' ? errorOf(409, 'ConditionalRequestConflict') : undefined)
  t.equal(await createBucketStore(fake.call, place).replace(document('one'), undefined), false)
})

t.test('an endpoint without conditional writes is written to all the same, and told of no condition again', async t => {
  const fake = createFakeBucket()
  fake.unconditional = true
  const store = createBucketStore(fake.call, place)
  t.equal(await store.replace(document('one'), undefined), true)
  t.equal(await store.replace(document('two'), '"1"'), true)
  t.equal(fake.calls.length, 3)
})

t.test('an endpoint that compares versions without their quotes is understood', async t => {
  const fake = createFakeBucket()
  fake.unquoted = true
  const store = createBucketStore(fake.call, place)
  await store.replace(document('one'), undefined)
  const { version } = await store.read('media')
  t.equal(await store.replace(document('two'), version), true)
  t.equal(await store.replace(document('late'), version), false)
  t.match(await store.read('media'), { document: { changedBy: 'two' } })
})

const failures: readonly {
  name: string
  instead: NonNullable<ReturnType<typeof createFakeBucket>['instead']>
  message: RegExp
}[] = [
  {
    name: 'is missing',
    instead: () => errorOf(404, 'NoSuchBucket'),
    message:
      /^the store: the endpoint has no bucket private; to do: create it, private \(aws s3api create-bucket --endpoint-url http:\/\/minio:9000 --bucket private\)/,
  },
  { name: 'refuses', instead: () => errorOf(403, 'AccessDenied'), message: /auth: 403/ },
  { name: 'fails', instead: () => errorOf(500, 'InternalError'), message: /500 InternalError/ },
  {
    name: 'does not answer',
    instead: () => ({ kind: 'failure', reason: 'timeout', detail: 'no answer' }),
    message: /timeout: no answer/,
  },
  {
    name: 'is not S3',
    instead: () => ({ status: 404, headers: [], body: Buffer.from('<html/>') }),
    message: /malformed/,
  },
]
for (const { name, instead, message } of failures) {
  t.test(`a store that ${name} is a failure, never "nothing stored"`, async t => {
    const fake = createFakeBucket()
    fake.instead = instead
    const store = createBucketStore(fake.call, place)
    await t.rejects(store.read('media'), { message })
    await t.rejects(store.replace(document('one'), undefined), { message })
  })
}

t.test('an object that is no document is unreadable, and its version known', async t => {
  const fake = createFakeBucket()
  fake.objects.set('private/cors/media.json', { body: Buffer.from('{'), etag: '"x"' })
  const error = await createBucketStore(fake.call, place)
    .read('media')
    .catch(error => error)
  t.ok(error instanceof UnreadableDocument)
  t.equal(error.version, '"x"')
})
