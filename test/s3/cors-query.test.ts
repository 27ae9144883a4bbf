import t from 'tap'
import { type CorsQuery, corsQuery } from '../../src/s3/cors-query.ts'

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
  { target: '/media?cors&', expected: 'mixed' },
  { target: '/media?cors&cors', expected: 'mixed' },
  { target: '/media?%63ors', expected: 'mixed' },
  { target: '/media?CORS', expected: 'mixed' },
  { target: '/media?+cors', expected: 'mixed' },
  { target: '/media?acl;cors', expected: 'mixed' },
  { target: '/media?cors&%', expected: 'mixed' },
  { target: '/media?cors?', expected: 'none' },
  { target: '/media?cors&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0', expected: 'presigned' },
  { target: '/media?X-Amz-Signature=0&cors=', expected: 'presigned' },
  { target: '/media?cors&X-Amz-Signature=0&acl', expected: 'mixed' },
  { target: '/media?cors&cors&X-Amz-Signature=0', expected: 'mixed' },
]
for (const { target, expected } of cases) {
  t.test(`${target} is ${expected}`, async t => t.equal(corsQuery(target), expected))
}
