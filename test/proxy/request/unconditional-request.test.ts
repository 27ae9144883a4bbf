import t from 'tap'
import { guardRequest, isRejection } from '../../../src/proxy/request/request-guard.ts'
import { unconditionalRequest } from '../../../src/proxy/request/unconditional-request.ts'

const sigv4 = (signed: string) =>
  `AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request, SignedHeaders=${signed}, Signature=${'0'.repeat(64)}`

const cases: readonly {
  name: string
  method?: string
  target?: string
  fields: readonly string[]
  /** As they came, where absent. */
  expected?: string
}[] = [
  {
    name: 'the conditions that a 304 answers are left out, in any case and every line',
    fields: ['IF-None-Match', '"a"', 'Origin', 'https://a', 'if-none-match', '"b"', 'If-Modified-Since', 'x', 'A', 'b'],
    expected: 'Origin: https://a\r\nA: b\r\n',
  },
  { name: 'of a HEAD too', method: 'HEAD', fields: ['If-None-Match', '"a"', 'A', 'b'], expected: 'A: b\r\n' },
  { name: 'a conditional write stays conditional', method: 'PUT', fields: ['If-None-Match', '*'] },
  {
    name: 'conditions that a 412 or a 200 answers stay',
    fields: ['If-Match', '"a"', 'If-Range', '"a"', 'If-Unmodified-Since', 'x'],
  },
  { name: 'a value that looks like a condition is none', fields: ['X-A', 'if-none-match: 1'] },
  { name: 'no field, no condition', fields: [] },
  {
    name: 'what Authorization signs stays, the rest goes',
    fields: ['If-None-Match', '"a"', 'If-Modified-Since', 'x', 'Authorization', sigv4('host;if-none-match;x-amz-date')],
    expected: `If-None-Match: "a"\r\nAuthorization: ${sigv4('host;if-none-match;x-amz-date')}\r\n`,
  },
  {
    name: 'what Authorization does not sign goes',
    fields: ['If-None-Match', '"a"', 'Authorization', sigv4('host;x-amz-date')],
    expected: `Authorization: ${sigv4('host;x-amz-date')}\r\n`,
  },
  {
    name: 'what a presigned URL signs stays',
    target: '/b/k?X-Amz-SignedHeaders=host%3Bif-none-match&X-Amz-Signature=0',
    fields: ['If-None-Match', '"a"'],
  },
  {
    name: 'what a presigned URL does not sign goes',
    target: '/b/k?X-Amz-SignedHeaders=host&X-Amz-Signature=0&if-none-match',
    fields: ['If-None-Match', '"a"'],
    expected: '',
  },
]
for (const { name, method = 'GET', target = '/b/k', fields, expected } of cases) {
  t.test(name, async t => {
    const guarded = guardRequest(
      { method, url: target, httpVersion: '1.1', rawHeaders: ['Host', 'a', ...fields] },
      { targetBytes: 1000, fields: 100 },
    )
    if (isRejection(guarded)) throw new Error(guarded.detail)
    const unconditional = unconditionalRequest(guarded)
    t.strictSame(unconditional, { ...guarded, lines: expected ?? guarded.lines })
    if (expected === undefined) t.equal(unconditional, guarded)
  })
}
