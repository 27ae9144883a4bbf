import t from 'tap'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { fieldValues } from '../../../src/http/field-values.ts'
import { OutgoingFields } from '../../../src/proxy/client/outgoing-fields.ts'
import {
  appendCors,
  type ResponseCors,
  relayedFields,
  ungovernedCors,
} from '../../../src/proxy/exchange/relayed-fields.ts'
import { newRecord } from '../../../src/proxy/request/request-record.ts'
import type { ResponseHead } from '../../../src/proxy/upstream/response/response-head.ts'
import { fieldLines } from '../../fixtures/field-lines.ts'
import { flatFields } from '../../fixtures/outgoing-fields.ts'

const policy = compilePolicy([
  {
    allowedOrigins: ['https://app.example'],
    allowedMethods: ['GET'],
    allowedHeaders: [],
    exposeHeaders: ['ETag'],
    maxAgeSeconds: 60,
  },
])
const request = parseCorsRequest('GET', 'https://app.example', undefined, undefined)
const allowed: ResponseCors = {
  passes: false,
  governed: true,
  rule: policy.rules[0],
  request: 'kind' in request ? undefined : request,
  varyAlways: true,
  noStore: false,
  unconditional: false,
}
const denied: ResponseCors = { ...ungovernedCors, governed: true, varyAlways: true }
const deniedMatched: ResponseCors = { ...denied, varyAlways: false }
const unknown: ResponseCors = { ...denied, noStore: true, unconditional: true }
const reported: ResponseCors = { ...ungovernedCors, passes: true, governed: true }
const ours = [
  'Access-Control-Allow-Origin',
  'https://app.example',
  'Access-Control-Allow-Methods',
  'GET',
  'Access-Control-Expose-Headers',
  'ETag',
  'Access-Control-Max-Age',
  '60',
  'Access-Control-Allow-Credentials',
  'true',
]
const three = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

function head(fields: readonly string[], statusCode = 200): ResponseHead {
  return {
    statusCode,
    reason: 'OK',
    minorVersion: 1,
    fields: fieldLines(fields.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${fields[index + 1]}\r\n`] : []))),
    contentLength: Number(fieldValues(fields, 'content-length')[0] ?? -1),
    chunked: false,
    closes: false,
    keepAliveTimeoutSeconds: -1,
  }
}

const cases: readonly {
  name: string
  fields: readonly string[]
  cors: ResponseCors
  status?: number
  expected: readonly string[]
}[] = [
  {
    name: 'end-to-end fields keep case, order and repetition',
    fields: ['x-AMZ-Meta-K', 'a', 'Set-Cookie', '1', 'Set-Cookie', '2', 'ETag', '"x"'],
    cors: ungovernedCors,
    expected: ['x-AMZ-Meta-K', 'a', 'Set-Cookie', '1', 'Set-Cookie', '2', 'ETag', '"x"'],
  },
  {
    name: 'connection-specific fields go no further',
    fields: [
      'Connection',
      'close',
      'Keep-Alive',
      'timeout=1',
      'Transfer-Encoding',
      'chunked',
      'Trailer',
      'X',
      'TE',
      'x',
    ].concat(['Upgrade', 'h2c', 'Proxy-Authenticate', 'Basic', 'Proxy-Connection', 'close', 'HTTP2-Settings', 'x']),
    cors: ungovernedCors,
    expected: [],
  },
  {
    name: 'a nominated field goes no further, a protected one stays',
    fields: ['Connection', 'close, ETag, X-Hop, content-length', 'ETag', '"x"', 'X-Hop', '1', 'Content-Length', '2'],
    cors: ungovernedCors,
    expected: ['ETag', '"x"', 'Content-Length', '2'],
  },
  {
    name: 'a 204 has no Content-Length',
    fields: ['Content-Length', '0', 'ETag', '"x"'],
    cors: ungovernedCors,
    status: 204,
    expected: ['ETag', '"x"'],
  },
  {
    name: 'the endpoint’s own CORS is dropped, in any case, of no bucket too',
    fields: ['ACCESS-Control-Allow-Origin', '*', 'access-control-anything', '1', 'Vary', 'Origin'],
    cors: ungovernedCors,
    expected: ['Vary', 'Origin'],
  },
  {
    name: 'and S3’s is set instead, once',
    fields: [
      'Access-Control-Allow-Origin',
      '*',
      'Access-Control-Allow-Origin',
      'https://evil.example',
      'Vary',
      'Origin',
    ],
    cors: allowed,
    expected: [...ours, 'Vary', three],
  },
  {
    name: 'other members of Vary stay, in order',
    fields: ['Vary', 'Accept-Encoding, Origin', 'Vary', 'X-Other'],
    cors: allowed,
    expected: [...ours, 'Vary', `Accept-Encoding, X-Other, ${three}`],
  },
  {
    name: 'Vary: * stays alone',
    fields: ['Vary', 'Origin, *'],
    cors: allowed,
    expected: [...ours, 'Vary', '*'],
  },
  {
    name: 'a denied response varies as an allowed one does',
    fields: ['Vary', 'Accept-Encoding', 'Vary', 'Origin'],
    cors: denied,
    expected: ['Vary', `Accept-Encoding, ${three}`],
  },
  {
    name: 'an answer made while rules are unknown is not to be kept, whatever the endpoint says, and to whom',
    fields: ['Cache-Control', 'public', 'cache-control', 'max-age=31536000', 'Expires', 'Thu, 01 Jan 2099 00:00:00 GMT']
      .concat(['Pragma', 'x', 'X-Accel-Expires', '31536000', 'Surrogate-Control', 'max-age=1', 'Edge-Control', 'x'])
      .concat(['CDN-Cache-Control', 'max-age=1', 'Cloudflare-CDN-Cache-Control', 'max-age=1', 'ETag', '"x"']),
    cors: unknown,
    expected: ['ETag', '"x"', 'Cache-Control', 'no-store', 'Vary', three],
  },
  {
    name: 'with matched, too, an answer made while rules are unknown is not to be kept',
    fields: ['Cache-Control', 'max-age=31536000', 'Vary', 'Origin'],
    cors: { ...unknown, varyAlways: false },
    expected: ['Cache-Control', 'no-store'],
  },
  {
    name: 'an answer under known rules is kept as long as the endpoint says',
    fields: ['Cache-Control', 'max-age=31536000', 'X-Accel-Expires', '1'],
    cors: denied,
    expected: ['Cache-Control', 'max-age=31536000', 'X-Accel-Expires', '1', 'Vary', three],
  },
  {
    name: 'a denied response says nothing with matched',
    fields: ['Vary', 'Origin'],
    cors: deniedMatched,
    expected: [],
  },
  {
    name: 'report passes everything',
    fields: ['Access-Control-Allow-Origin', '*', 'Vary', 'Origin'],
    cors: reported,
    expected: ['Access-Control-Allow-Origin', '*', 'Vary', 'Origin'],
  },
]
for (const { name, fields, cors, status, expected } of cases) {
  t.test(name, async t => {
    t.strictSame(flatFields(relayedFields(head(fields, status), cors, newRecord('GET', '/', undefined, 0))), expected)
  })
}

t.test('the record learns what the endpoint would have allowed, and its request id', async t => {
  const fields = ['Access-Control-Allow-Origin', '*', 'x-amz-request-id', 'ABC']
  const stripped = newRecord('GET', '/', undefined, 0)
  relayedFields(head(fields), denied, stripped)
  t.match(stripped, { strippedCorsFields: true, upstreamAllowOrigin: undefined, requestId: 'ABC' })
  const passed = newRecord('GET', '/', undefined, 0)
  relayedFields(head(fields), reported, passed)
  t.match(passed, { strippedCorsFields: false, upstreamAllowOrigin: '*' })
})

t.test('an answer of our own gets the same fields', async t => {
  const own = new OutgoingFields()
  appendCors(own, allowed, undefined)
  t.strictSame(flatFields(own), [...ours, 'Vary', three])
})
