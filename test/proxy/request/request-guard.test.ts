import t from 'tap'
import {
  type GuardedRequest,
  guardRequest,
  isRejection,
  type RequestHead,
} from '../../../src/proxy/request/request-guard.ts'

const limits = { targetBytes: 64, fields: 20 }

/** A head as Node hands it over; Host is added unless the case brings its own. */
function head(fields: readonly (readonly [string, string])[], changes: Partial<RequestHead> = {}): RequestHead {
  const withHost = fields.some(([name]) => name.toLowerCase() === 'host') ? fields : [['Host', 's3.example'], ...fields]
  return { method: 'GET', url: '/media/key', httpVersion: '1.1', rawHeaders: withHost.flat(), ...changes }
}

function guard(request: RequestHead): GuardedRequest | number {
  const result = guardRequest(request, limits)
  return isRejection(result) ? result.error.status : result
}

t.test('the lines to forward are the end-to-end fields as they came', async t => {
  const guarded = guardRequest(
    head([
      ['hOsT', 'S3.example:8080'],
      ['X-Amz-Meta-K', ' two  spaces'],
      ['x-amz-meta-k', 'again'],
      ['Origin', 'https://app.example'],
      ['Connection', 'close, X-Hop'],
      ['X-Hop', 'gone'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic eA=='],
      ['TE', 'trailers'],
      ['Trailer', 'X-T'],
      ['HTTP2-Settings', 'AA'],
      ['Upgrade', 'h2c'],
      ['Content-Length', '5'],
      ['X-Forwarded-For', '192.0.2.1'],
      ['Authorization', 'AWS4-HMAC-SHA256 …'],
      ['X-Obs', '\xe9'],
    ]),
    limits,
  )
  t.notOk(isRejection(guarded))
  t.strictSame(guarded, {
    method: 'GET',
    target: '/media/key',
    host: 'S3.example:8080',
    origin: 'https://app.example',
    requestMethod: undefined,
    requestHeaders: undefined,
    lines:
      'X-Amz-Meta-K:  two  spaces\r\nx-amz-meta-k: again\r\nOrigin: https://app.example\r\n' +
      'Authorization: AWS4-HMAC-SHA256 …\r\nX-Obs: \xe9\r\n',
    forwardedFields: ['X-Forwarded-For', '192.0.2.1'],
    authorization: 'AWS4-HMAC-SHA256 …',
    contentLength: '5',
    chunked: false,
    upgrade: true,
  })
})

t.test('what rules are asked about is read, several lists in order', async t => {
  const guarded = guard(
    head([
      ['Access-Control-Request-Method', 'PUT'],
      ['Access-Control-Request-Headers', 'a'],
      ['access-control-request-headers', 'b'],
    ]),
  )
  t.match(guarded, { requestMethod: 'PUT', requestHeaders: ['a', 'b'] })
})

for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS']) {
  t.test(`${method} passes`, async t => {
    t.match(guard(head([], { method })), { method })
  })
}

const singletons = [
  'Host',
  'Origin',
  'Access-Control-Request-Method',
  'Authorization',
  'Content-Length',
  'Transfer-Encoding',
  'Expect',
  'Content-Type',
  'Range',
  'X-Amz-Date',
  'X-Amz-Content-Sha256',
]
for (const name of singletons) {
  t.test(`${name} twice is refused, in any case and with the same value`, async t => {
    const value = name === 'Content-Length' ? '5' : name === 'Transfer-Encoding' ? 'chunked' : 'a'
    t.equal(
      guard(
        head([
          [name, value],
          [name.toUpperCase(), value],
        ]),
      ),
      400,
    )
  })
}

const refused: readonly { name: string; request: RequestHead; status: number }[] = [
  ...['TRACE', 'CONNECT', 'PATCH', 'PROPFIND', 'get', ''].map(method => ({
    name: `the method "${method}"`,
    request: head([], { method }),
    status: 405,
  })),
  // 2.0 is that of a stream; in the request line of a connection it is refused before.
  ...['0.9', '1.2', '9.9'].map(httpVersion => ({
    name: `HTTP/${httpVersion}`,
    request: head([], { httpVersion }),
    status: 505,
  })),
  { name: 'no Host', request: head([], { rawHeaders: [] }), status: 400 },
  {
    name: 'no Host in HTTP/1.0',
    request: head([], { rawHeaders: [], httpVersion: '1.0' }),
    status: 400,
  },
  { name: 'a target over the limit', request: head([], { url: `/${'a'.repeat(64)}` }), status: 414 },
  {
    name: 'more field lines than the limit',
    request: head(Array.from({ length: 20 }, (_, i) => [`X-${i}`, ''] as const)),
    status: 431,
  },
  { name: 'Transfer-Encoding ",chunked"', request: head([['Transfer-Encoding', ',chunked']]), status: 400 },
  { name: 'an empty Transfer-Encoding', request: head([['Transfer-Encoding', '']]), status: 400 },
  ...['gzip, chunked', 'chunked, gzip', 'identity', 'xchunked', '"chunked"', 'chunked;q=1', 'chunked, chunked'].map(
    coding => ({
      name: `Transfer-Encoding "${coding}"`,
      request: head([['Transfer-Encoding', coding]]),
      status: 501,
    }),
  ),
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    request: head([['Transfer-Encoding', 'chunked']], { httpVersion: '1.0' }),
    status: 400,
  },
  {
    name: 'Content-Length beside Transfer-Encoding',
    request: head([
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
    ]),
    status: 400,
  },
  ...['9007199254740993', '+5', '-1', '5, 5', '0x5', '5 ', ''].map(length => ({
    name: `Content-Length "${length}"`,
    request: head([['Content-Length', length]]),
    status: 400,
  })),
  ...['Authorization', 'origin', 'HOST', 'Content-Length', 'Transfer-Encoding', 'Range', 'If-Match', 'x-amz-date'].map(
    option => ({
      name: `Connection nominates ${option}`,
      request: head([['Connection', `close, ${option}`]]),
      status: 400,
    }),
  ),
  ...[
    'X-Forwarded-For',
    'Forwarded',
    'Cookie',
    'Expect',
    'Accept-Encoding',
    'Access-Control-Request-Method',
    'x_y',
  ].map(option => ({
    name: `Connection nominates ${option}`,
    request: head([['Connection', option]]),
    status: 400,
  })),
  {
    name: 'Connection with more options than any client sends',
    request: head([['Connection', Array.from({ length: 11 }, (_, i) => `x${i}`).join(',')]]),
    status: 400,
  },
  ...[
    'Content_Length',
    'TRANSFER_ENCODING',
    'x_amz_date',
    'If_None_Match',
    'if-modified_since',
    'X-Amz_Content-Sha256',
    'Access_Control_Request_Method',
    'x_amz_acl',
    'Access-Control-Request_Headers',
  ].map(name => ({ name: `the field ${name}`, request: head([[name, '1']]), status: 400 })),
  { name: 'a field name that is no token', request: head([['bad name', '1']]), status: 400 },
]
for (const { name, request, status } of refused) {
  t.test(`${name} is refused with ${status}`, async t => {
    t.equal(guard(request), status)
  })
}

const passing: readonly { name: string; fields: readonly (readonly [string, string])[]; lines: string }[] = [
  {
    name: 'an underscore in metadata',
    fields: [['x-amz-meta-original_filename', 'a']],
    lines: 'x-amz-meta-original_filename: a\r\n',
  },
  { name: 'an underscore in a name of no meaning', fields: [['X_Custom', 'a']], lines: 'X_Custom: a\r\n' },
  { name: '__proto__ as a field', fields: [['__proto__', 'x']], lines: '__proto__: x\r\n' },
  { name: 'constructor as a field', fields: [['constructor', 'x']], lines: 'constructor: x\r\n' },
  { name: 'what folds to X-Forwarded-For is dropped, and', fields: [['X_Forwarded-For', 'a']], lines: '' },
  { name: 'what folds to True-Client-IP is dropped, and', fields: [['TRUE_CLIENT_IP', 'a']], lines: '' },
  { name: 'what only looks like X-Real-IP', fields: [['X_Real_IPs', 'a']], lines: 'X_Real_IPs: a\r\n' },
  { name: 'Connection with empty elements', fields: [['Connection', ' , close,,keep-alive']], lines: '' },
  { name: 'an unknown Expect', fields: [['Expect', '']], lines: 'Expect: \r\n' },
]
for (const { name, fields, lines } of passing) {
  t.test(`${name} passes`, async t => {
    t.match(guard(head(fields)), { lines })
  })
}

t.test('chunked in any case is chunked', async t => {
  t.match(guard(head([['Transfer-Encoding', 'CHUNKED']])), { chunked: true, contentLength: undefined })
})

t.test('Expect of a 1.0 client is not forwarded', async t => {
  t.match(guard(head([['Expect', '100-continue']], { httpVersion: '1.0' })), { lines: '' })
})
