import t from 'tap'
import type { CorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { appendCorsFields, corsVary } from '../../../src/cors/decision/response-fields.ts'
import { policyOf, type WrittenRule } from '../../fixtures/cors-policy.ts'

const origin = 'https://a.example'

const cases: { name: string; rule: WrittenRule; headerNames: string[]; expected: string[] }[] = [
  {
    name: 'an exact origin is echoed, with credentials',
    rule: { AllowedOrigins: [origin], AllowedMethods: ['GET'] },
    headerNames: [],
    expected: [
      'Access-Control-Allow-Origin',
      origin,
      'Access-Control-Allow-Methods',
      'GET',
      'Access-Control-Allow-Credentials',
      'true',
    ],
  },
  {
    name: 'an origin that a wildcard matches is echoed, with credentials',
    rule: { AllowedOrigins: ['https://*'], AllowedMethods: ['GET'] },
    headerNames: [],
    expected: [
      'Access-Control-Allow-Origin',
      origin,
      'Access-Control-Allow-Methods',
      'GET',
      'Access-Control-Allow-Credentials',
      'true',
    ],
  },
  {
    name: '* is answered with *, never with credentials, even beside the exact origin',
    rule: { AllowedOrigins: [origin, '*'], AllowedMethods: ['GET'] },
    headerNames: [],
    expected: ['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Methods', 'GET'],
  },
  {
    name: 'all fields come in the order of S3',
    rule: {
      AllowedOrigins: [origin],
      AllowedMethods: ['PUT', 'POST', 'DELETE', 'GET'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag', 'x-amz-Meta-K'],
      MaxAgeSeconds: 3000,
    },
    headerNames: ['authorization', 'x-b', 'x-b'],
    expected: [
      'Access-Control-Allow-Origin',
      origin,
      'Access-Control-Allow-Methods',
      'PUT, POST, DELETE, GET',
      'Access-Control-Allow-Headers',
      'authorization, x-b, x-b',
      'Access-Control-Expose-Headers',
      'ETag, x-amz-Meta-K',
      'Access-Control-Max-Age',
      '3000',
      'Access-Control-Allow-Credentials',
      'true',
    ],
  },
  {
    name: 'MaxAgeSeconds 0 is sent (Q6)',
    rule: { AllowedOrigins: ['*'], AllowedMethods: ['GET'], MaxAgeSeconds: 0 },
    headerNames: [],
    expected: [
      'Access-Control-Allow-Origin',
      '*',
      'Access-Control-Allow-Methods',
      'GET',
      'Access-Control-Max-Age',
      '0',
    ],
  },
  {
    name: 'a negative MaxAgeSeconds is sent as it is (Q6)',
    rule: { AllowedOrigins: ['*'], AllowedMethods: ['GET'], MaxAgeSeconds: -100 },
    headerNames: [],
    expected: [
      'Access-Control-Allow-Origin',
      '*',
      'Access-Control-Allow-Methods',
      'GET',
      'Access-Control-Max-Age',
      '-100',
    ],
  },
]

for (const { name, rule, headerNames, expected } of cases) {
  t.test(name, async t => {
    const [compiled] = policyOf(rule).rules
    if (compiled === undefined) throw new Error('no rule')
    const request: CorsRequest = { origin, method: 'GET', headerNames }
    const into = ['Date', 'today']
    appendCorsFields(into, compiled, request)
    t.strictSame(into, ['Date', 'today', ...expected], 'appended to what is there')
    const again: string[] = []
    appendCorsFields(again, compiled, request)
    t.strictSame(again, expected, 'the same a second time')
  })
}

t.test('Vary is the one of S3, byte for byte', async t => {
  t.equal(corsVary, 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method')
})
