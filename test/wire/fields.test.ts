// Fields, connection-specific ones, and the limits of a head.

import t from 'tap'
import { corsFields, errorCode, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr } from '../fixtures/well-being.ts'

const get = (fields: string) => `GET /web/k HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const closing = 'Connection: close\r\n'

t.test('connection-specific fields and what Connection nominates go no further', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const kept = 'X-B: 2\r\nAccept: */*\r\nX-b: 3\r\nUser-Agent:  two  spaces\r\nX-Empty:\r\nX-Amz-Meta-a: \xe4\xff\r\n'
  const dropped =
    'Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: X-T\r\nUpgrade: h2c\r\n' +
    'Proxy-Authorization: Basic x\r\nHTTP2-Settings: AAMAAABk\r\nX-A: 1\r\nx-a: 2\r\n'
  const response = readResponse(
    await proxy.send(t, get(`Connection: close, X-A\r\nconnection: Upgrade\r\n${dropped}${kept}`)),
  )
  t.equal(response.status, 200)
  t.equal(
    upstream.requests[0]?.head,
    'GET /web/k HTTP/1.1\r\nHost: a\r\nX-B: 2\r\nAccept: */*\r\nX-b: 3\r\nUser-Agent: two  spaces\r\nX-Empty: \r\n' +
      'X-Amz-Meta-a: \xe4\xff\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n',
    'case, order, repetition and obs-text as they came',
  )
  await assertWell(t, proxy, upstream)
})

const refused: { name: string; fields: string; status?: number }[] = [
  ...[
    'Authorization',
    'Origin',
    'Host',
    'Content-Length',
    'Range',
    'x-amz-date',
    'X-Amz-Meta-a',
    'If-Match',
    'If-None-Match',
    'Cookie',
    'Access-Control-Request-Method',
    'X-Forwarded-For',
    'Content-Type',
    'Expect',
  ].map(name => ({
    name: `Connection nominates ${name}`,
    fields: `Connection: close, ${name}\r\n${name}: x\r\n`,
  })),
  { name: 'in a second line', fields: 'Connection: close\r\nConnection: x, origin\r\n' },
  { name: 'eleven options', fields: `Connection: ${'abcdefghijk'.split('').join(',')}\r\n` },
  { name: 'behind empty ones', fields: `Connection: ${','.repeat(20)}Origin\r\n` },
  ...[
    'Origin',
    'Access-Control-Request-Method',
    'Authorization',
    'Content-Type',
    'Range',
    'X-Amz-Date',
    'x-amz-content-sha256',
    'Expect',
  ].map(name => ({
    name: `${name} twice`,
    fields: `${name}: a\r\n${name.toLowerCase()}: a\r\n`,
  })),
  ...[
    'X_Amz_Date',
    'x-amz_date',
    'Content_Length',
    'Transfer_Encoding',
    'Access_Control_Request_Method',
    'Access-Control-Request_Headers',
    'Content_length',
    'X_AMZ_ACL',
    'x-amz_meta',
  ].map(name => ({ name: `${name}`, fields: `${name}: x\r\n` })),
  { name: 'a head of 70 KB', fields: `X-A: ${'a'.repeat(70_000)}\r\n`, status: 431 },
  { name: '2000 tiny fields', fields: 'X: 1\r\n'.repeat(2000), status: 431 },
  { name: '20000 tiny fields', fields: 'X: 1\r\n'.repeat(20_000), status: 431 },
]

t.test('what is ambiguous is refused, and opens nothing', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const { name, fields, status = 400 } of refused) {
    t.test(name, async t => {
      const response = readResponse(await proxy.send(t, get(fields)))
      t.equal(response.status, status)
      t.ok(errorCode(response))
      t.strictSame(response.values('connection'), ['close'])
      t.strictSame(corsFields(response), [])
      await assertWell(t, proxy, upstream)
    })
  }
  t.test('nothing but the good requests went up', async t => {
    t.strictSame([...new Set(upstream.requests.map(({ target }) => target))], ['/web/good'])
  })
})

t.test('what is not ambiguous is forwarded as it came', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const [name, lines] of [
    ['If-Match twice', ['If-Match: "a"', 'If-Match: "b"']],
    ['fields that may repeat', ['Accept: a', 'Accept: b', 'Cookie: a=1', 'Cookie: b=2']],
    ['a user metadata name with an underscore', ['x-amz-meta-original_filename: a', 'X_Custom: 1', '_: 2']],
    ['names that are properties of objects', ['__proto__: x', 'constructor: y', 'toString: z', 'hasOwnProperty: 1']],
    ['a head of 60 KB', [`X-A: ${'a'.repeat(60_000)}`]],
    ['400 fields', Array.from({ length: 400 }, (_, index) => `X-${index}: 1`)],
    ['obs-text', ['X-A: \xff\xa0\x80']],
    ['an overriding method', ['X-HTTP-Method-Override: DELETE', 'Max-Forwards: 0']],
  ] as const) {
    t.test(name, async t => {
      const response = readResponse(await proxy.send(t, get(lines.map(line => `${line}\r\n`).join('') + closing)))
      t.equal(response.status, 200)
      const sent = upstream.requests.at(-1)?.head.split('\r\n').slice(2, -3)
      t.strictSame(sent, lines)
      t.equal(({} as Record<string, unknown>).x, undefined)
      await assertWell(t, proxy, upstream)
    })
  }
})

t.test('an origin of obs-text is a string like any other, and is not echoed anew', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {
    buckets: { web: { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }] } },
  })
  const response = readResponse(await proxy.send(t, get(`Origin: https://\xff\xa0\r\n${closing}`)))
  t.strictSame(response.values('access-control-allow-origin'), ['*'])
  t.strictSame(fieldValues(upstream.requests[0] ?? { fields: [] }, 'origin'), ['https://\xff\xa0'])
  await assertWell(t, proxy, upstream)
})

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
t.test(
  'connection-specific fields of the endpoint are dropped, and what it nominates but for what is protected',
  async t => {
    const upstream = await startFaultUpstream(t, (connection, request) => [
      write(
        request?.target === '/web/k'
          ? `${ok}Connection: close, ETag, X-Drop, Content-Length\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nTE: x\r\n` +
              'Trailer: X-T\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nETag: "e"\r\nX-Drop: 1\r\nX-Keep: 1\r\nx-keep: 2\r\n\r\nok'
          : String(answerOk(request as never, connection)),
      ),
    ])
    const proxy = await startTestProxy(t, upstream.url)
    const client = await proxy.open(t)
    await client.write(get('') + get(closing))
    await client.until(({ ended }) => ended !== undefined)
    const [first, second] = readResponses(client.text)
    t.strictSame(
      first?.fields.filter(([name]) => name !== 'Date'),
      [
        ['ETag', '"e"'],
        ['X-Keep', '1'],
        ['x-keep', '2'],
        ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
        // Framing is written anew.
        ['Content-Length', '2'],
        ['Connection', 'keep-alive'],
        ['Keep-Alive', 'timeout=75'],
      ],
    )
    t.equal(second?.status, 200, 'the client connection is not the endpoint’s to close')
    t.equal(upstream.connections.length, 2, 'the endpoint’s own is closed')
    client.destroy()
    await assertWell(t, proxy, upstream)
  },
)

t.test('who the client is', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const claims = 'X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.2\r\nForwarded: for=192.0.2.3\r\n'
  const signed =
    `Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-real-ip, Signature=${'0'.repeat(64)}\r\n` +
    'X-Amz-Date: 20260101T000000Z\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n'
  const halfSigned = signed.replace('aws4_request', 'aws4')
  const folded = 'X_Forwarded_For: 192.0.2.1\r\nX-Forwarded_For: 192.0.2.1\r\nX-Cluster-Client-Ip: 192.0.2.1\r\n'
  for (const [name, settings, fields, sent] of [
    ['replace', {}, claims, ['X-Forwarded-For: 127.0.0.1']],
    [
      'replace, but for what is signed',
      {},
      claims + signed,
      [...signed.trimEnd().split('\r\n'), 'X-Real-IP: 192.0.2.2', 'X-Forwarded-For: 127.0.0.1'],
    ],
    [
      'replace, where the signature is not whole',
      {},
      claims + halfSigned,
      [...halfSigned.trimEnd().split('\r\n'), 'X-Forwarded-For: 127.0.0.1'],
    ],
    ['replace, in every spelling', {}, folded, ['X-Forwarded-For: 127.0.0.1']],
    [
      'append for a stranger replaces',
      { forwardedFor: 'append', trustedProxies: ['192.0.2.0/24'] },
      claims,
      ['X-Forwarded-For: 127.0.0.1'],
    ],
    [
      'append behind a trusted proxy',
      { forwardedFor: 'append', trustedProxies: ['127.0.0.0/8'] },
      claims,
      ['X-Real-IP: 192.0.2.1', 'X-Forwarded-For: 192.0.2.1, 127.0.0.1'],
    ],
    ['preserve', { forwardedFor: 'preserve' }, claims, claims.trimEnd().split('\r\n')],
    ['preserve, but for underscores', { forwardedFor: 'preserve' }, folded, ['X-Cluster-Client-Ip: 192.0.2.1']],
  ] as const) {
    proxy.apply(settings)
    t.equal(readResponse(await proxy.send(t, get(fields + closing))).status, 200)
    t.strictSame(upstream.requests.at(-1)?.head.split('\r\n').slice(2, -2), sent, name)
    await assertWell(t, proxy, upstream)
  }
})

t.test('the console is told who the client is as the endpoint is', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { console: { host: 'console.example', url: upstream.url } })
  const fields =
    'X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\nX-Real-IP: 192.0.2.2\r\nForwarded: for=192.0.2.3\r\n' +
    `True-Client-IP: 192.0.2.4\r\nContent-Length: 02\r\n${closing}\r\n`
  const bytes = `POST /api HTTP/1.1\r\nHost: console.example\r\n${fields}hi`
  t.equal(readResponse(await proxy.send(t, bytes)).status, 200)
  const [request = { fields: [] }] = upstream.requests
  t.strictSame(fieldValues(request, 'x-forwarded-for'), ['127.0.0.1'])
  t.strictSame(fieldValues(request, 'content-length'), ['2'])
  for (const name of ['x_forwarded_for', 'x-real-ip', 'forwarded', 'true-client-ip']) {
    t.strictSame(fieldValues(request, name), [], name)
  }
})

t.test('a proxy that is its own endpoint ends the loop by its bounds', async t => {
  // Without Via there is no hop count; the pool and its queue are what ends it.
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {
    upstream: { connections: 8, queue: 2, queueSeconds: 0.3 },
  })
  proxy.apply({ upstream: { connections: 8, queue: 2, queueSeconds: 0.3 } }, `http://127.0.0.1:${proxy.port}`)
  const response = readResponse(await proxy.send(t, get(closing)))
  t.equal(response.status, 503)
  await proxy.until(({ inFlight }) => inFlight === 0)
  t.ok(proxy.started < 20)
  proxy.apply({}, upstream.url)
  await assertWell(t, proxy, upstream)
})

t.test('an error of the proxy repeats nothing of the request unescaped, and tells nothing of the endpoint', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr((_request, { socket }) => void socket.destroy()),
  })
  const proxy = await startTestProxy(t, upstream.url)
  for (const bytes of [
    'GET /web/%3Cscript%3E?a=<b>&amp; HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: <&\xff>\r\nConnection: close\r\n\r\n`,
    `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: <script>\r\nConnection: close\r\n\r\n`,
  ]) {
    const response = readResponse(await proxy.send(t, bytes))
    t.ok(response.status >= 400)
    t.strictSame(response.values('content-type'), ['application/xml'])
    t.strictSame(response.values('x-content-type-options'), ['nosniff'])
    t.strictSame(response.values('server'), [])
    t.notMatch(response.body, /<script|<b>|<&|127\.0\.0\.1|node:|\bat /)
    t.match(response.body, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error><Code>\w+<\/Code>.*<\/Error>$/)
  }
  await assertWell(t, proxy, upstream)
})
