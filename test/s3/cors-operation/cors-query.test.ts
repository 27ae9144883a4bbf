import t from 'tap'
import { type CorsQuery, corsQuery, isCorsOperation } from '../../../src/s3/cors-operation/cors-query.ts'

const cases: readonly { target: string; expected: CorsQuery }[] = [
  { target: '/media', expected: 'none' },
  { target: '/media?', expected: 'none' },
  { target: '/media?acl', expected: 'none' },
  { target: '/media?prefix=cors', expected: 'none' },
  { target: '/media?cors', expected: 'exact' },
  { target: '/media?cors=', expected: 'exact' },
  { target: '/media?cors=1', expected: 'mixed' },
  { target: '/media?cors&acl', expected: 'mixed' },
  { target: '/media?acl&cors', expected: 'mixed' },
  { target: '/media?cors&x-id=PutBucketCors', expected: 'exact' },
  { target: '/media?x-id=DeleteBucketCors&cors=', expected: 'exact' },
  { target: '/media?cors&x-id=DeleteBucket', expected: 'mixed' },
  { target: '/media?c%6Frs&x-id=PutBucketCors', expected: 'mixed' },
  { target: '/media?cors%00', expected: 'mixed' },
  { target: '/media?cors&', expected: 'mixed' },
  { target: '/media?cors&cors', expected: 'mixed' },
  { target: '/media?%63ors', expected: 'mixed' },
  { target: '/media?CORS', expected: 'mixed' },
  { target: '/media?+cors', expected: 'mixed' },
  { target: '/media?acl;cors', expected: 'mixed' },
  { target: '/media?%C2%A0cors', expected: 'mixed' },
  { target: '/media?%&%f&%ff&%zz', expected: 'none' },
  { target: '/media?cors&%', expected: 'mixed' },
  { target: '/media?cors?', expected: 'mixed' },
  { target: '/media??cors', expected: 'mixed' },
  { target: '/media?acl?cors', expected: 'mixed' },
  // Something in front of the endpoint may decode first.
  { target: '/media?%2563ors', expected: 'mixed' },
  { target: '/media?acl%26cors', expected: 'mixed' },
  { target: '/media?a%253Bcors%3D1', expected: 'mixed' },
  { target: '/media?acl%26scors=1', expected: 'none' },
  { target: '/media?cors&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0', expected: 'presigned' },
  { target: '/media?X-Amz-Signature=0&cors=', expected: 'presigned' },
  { target: '/media?cors&X-Amz-Signature=0&acl', expected: 'mixed' },
  { target: '/media?cors&cors&X-Amz-Signature=0', expected: 'mixed' },
]
for (const { target, expected } of cases) {
  t.test(`${target} is ${expected}`, async t => t.equal(corsQuery(target), expected))
}

const operations: readonly { target: string; object?: boolean; style?: 'path' | 'virtual'; is: boolean }[] = [
  { target: '/media?cors', is: true },
  { target: '/media/?cors=', is: true },
  { target: '/media?%63ors', is: true },
  { target: '/media?cors&acl', is: true },
  { target: '/media?cors&x-id=PutBucketCors', is: true },
  { target: '/media?acl', is: false },
  { target: '/media', is: false },
  { target: '/media/cors', object: true, style: 'path', is: false },
  { target: '/media/key?cors', object: true, is: false },
  { target: '/media/key?cors', object: true, style: 'path', is: false },
  { target: '/key?cors', object: true, style: 'virtual', is: false },
  { target: '/media//?cors', object: true, style: 'path', is: true },
  { target: '/media/.?cors', object: true, style: 'path', is: true },
  { target: '/media/%2F%2e?cors', object: true, style: 'path', is: true },
  { target: '/media/%5c?cors', object: true, style: 'path', is: true },
  { target: '//?cors', object: true, style: 'virtual', is: true },
  { target: '/./?cors', object: true, style: 'virtual', is: true },
  { target: '/media/x/..?cors', object: true, style: 'path', is: true },
  { target: '/media/x%2f%2e%2e/?cors', object: true, style: 'path', is: true },
  { target: '/media/;x?cors', object: true, style: 'path', is: true },
  { target: '/;?cors', object: true, style: 'virtual', is: true },
  { target: '/media/%20?cors', object: true, style: 'path', is: true },
  { target: '/media/x/../y?cors', object: true, style: 'path', is: false },
  { target: '/media/.x?cors', object: true, style: 'path', is: false },
]
for (const { target, object = false, style, is } of operations) {
  t.test(`${target}, ${style ?? 'any'}, is ${is ? '' : 'not '}an operation on the bucket's rules`, async t => {
    t.equal(isCorsOperation(target, object, style), is)
  })
}

t.test('a query of more parameters than any operation has may be about cors, and is read no further', async t => {
  t.equal(corsQuery(`/media?${'a&'.repeat(127)}`), 'none')
  t.equal(corsQuery(`/media?${'a&'.repeat(128)}`), 'mixed')
  t.equal(corsQuery(`/media?${'%&'.repeat(8000)}`), 'mixed')
})
