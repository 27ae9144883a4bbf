// Requests of HTTP/2, frame by frame: what an endpoint could read in two ways is refused, and what is forwarded is forwarded as it
// came. The rows are those that requests of HTTP/1.1 have in `framing`, `addresses`, `fields`, `expectations` and `pass-through`, as
// far as they have a meaning here; what HTTP/2 alone has is in `http2`.

import t, { type Test } from 'tap'
import { startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { type FrameAnswer, FrameAnswers } from '../fixtures/frame-answers.ts'
import { FrameClient, fieldBlock, flags, frame, frameTypes, requestFields } from '../fixtures/http2-frames.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues, type ReceivedRequest } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy, type TestProxy, webBucket } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const tls = { tls: true }
const isOldNode = Number(process.versions.node.split('.')[0]) < 24
const noRequest: Pick<ReceivedRequest, 'fields'> = { fields: [] }

/** A connection whose streams are asked one after another. */
class Asker {
  readonly client: FrameClient
  readonly #answers: FrameAnswers
  #stream = -1

  constructor(client: FrameClient) {
    this.client = client
    this.#answers = new FrameAnswers(client)
  }

  /** Sends fields, pseudo-fields included; content undefined: the request ends with its head. */
  ask(fields: readonly string[], content?: string): Promise<FrameAnswer> {
    this.#stream += 2
    this.client.headers(this.#stream, fields, content === undefined)
    if (content !== undefined) this.client.data(this.#stream, content, true)
    return this.#answers.of(this.#stream)
  }

  get(target: string, authority: string, ...fields: readonly string[]): Promise<FrameAnswer> {
    return this.ask(requestFields('GET', target, authority, 'origin', goodOrigin, ...fields))
  }
}

async function open(t: Test, proxy: TestProxy): Promise<Asker> {
  const client = await FrameClient.open(proxy.port)
  t.teardown(() => client.close())
  return new Asker(client)
}

const corsOf = ({ fields }: FrameAnswer) => fields.filter(([name]) => name.startsWith('access-control-'))

interface Refused {
  readonly name: string
  readonly fields: readonly string[]
  readonly content?: string
  /** Of the answer; absent: nghttp2 or the proxy may also take it for malformed, and reset the stream. */
  readonly status?: number
}

const of = (target: string, authority: string, ...fields: readonly string[]) =>
  requestFields('GET', target, authority, ...fields)
const web = (...fields: readonly string[]) => of('/web/k', 'a', ...fields)
const put = (...fields: readonly string[]) => requestFields('PUT', '/web/k', 'a', ...fields)
const withoutAuthority = (...fields: readonly string[]) => [
  ...[':method', 'GET', ':scheme', 'https', ':path', '/web/k'],
  ...fields,
]

const badHosts = ['a/b', 'bad host', 'a, b', 'a,b', 'u@a', 'u@a:99999', 'a:99999', 'a:0', 'a:x', 'a:', '\xe9', 'a%2eb']
badHosts.push('', '[::1', 'a]', 'a;b', 'a..b', '.a', 'a\\b', '"a"')

const refused: readonly Refused[] = [
  { name: 'two Host fields', fields: withoutAuthority('host', 'a', 'host', 'b') },
  { name: 'Host twice beside :authority', fields: web('host', 'a', 'host', 'a') },
  ...badHosts.map(host => ({ name: `:authority ${JSON.stringify(host)}`, fields: of('/web/k', host) })),
  ...badHosts.map(host => ({ name: `Host alone ${JSON.stringify(host)}`, fields: withoutAuthority('host', host) })),
  ...['/web/..', '/web/../other/b', '/web/%2e%2e/a', '/web/a/..%2f../b'].map(target => ({
    name: target,
    fields: of(target, 'a'),
    status: 400,
  })),
  ...['/web%2Fk', '/web%5Ck', '/web%00', '/%2e%2e/web/k', '/./web', '/../web/k', '//web/k', '/\\web', '/w%zz/k'].map(
    target => ({ name: target, fields: of(target, 'a'), status: 400 }),
  ),
  { name: 'a fragment', fields: of('/web/k#/../private', 'a'), status: 400 },
  ...['*', 'web/k', '*/x', 'http://a/web/k', 'ftp://a/web/k', 'a:80', '?x', ''].map(target => ({
    name: `request-target ${target}`,
    fields: of(target, 'a'),
  })),
  { name: 'OPTIONS *', fields: requestFields('OPTIONS', '*', 'a') },
  ...['/web/\x00', '/web/\t', '/web/\x80', '/web/\xff', '/web/ k', '/web/\x7f'].map(target => ({
    name: JSON.stringify(target),
    fields: of(target, 'a'),
  })),
  { name: 'a target of 8193 bytes', fields: of(`/web/${'k'.repeat(8188)}`, 'a'), status: 414 },
  { name: 'a target of 14 KB', fields: of(`/web/${'k'.repeat(14_000)}`, 'a'), status: 414 },
  ...['TRACE', 'PATCH', 'PROPFIND', 'get', 'PRI'].map(method => ({
    name: `the method ${method}`,
    fields: requestFields(method, '/web/k', 'a'),
  })),
  ...['origin', 'access-control-request-method', 'authorization', 'content-type', 'range', 'x-amz-date', 'expect'].map(
    name => ({ name: `${name} twice`, fields: web(name, 'a', name, 'a') }),
  ),
  ...['x_amz_date', 'x-amz_date', 'content_length', 'transfer_encoding', 'access_control_request_method'].map(name => ({
    name,
    fields: web(name, 'x'),
    status: 400,
  })),
  ...[',chunked', 'gzip, chunked', 'chunked', 'identity'].map(value => ({
    name: `Transfer-Encoding ${value}`,
    fields: put('transfer-encoding', value),
    content: 'abc',
  })),
  ...['3, 3', '-3', '+3', '0x3', '3 ', '9007199254740993', ''].map(value => ({
    name: `Content-Length ${JSON.stringify(value)}`,
    fields: put('content-length', value),
    content: 'abc',
  })),
  { name: 'two lengths', fields: put('content-length', '3', 'content-length', '4'), content: 'abc' },
  { name: 'a length, and no content', fields: put('content-length', '3') },
]

t.test('what an endpoint could read in two ways is refused, and opens nothing', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  for (const { name, fields, content, status } of refused) {
    t.test(name, async t => {
      const asker = await open(t, proxy)
      const answer = await asker.ask(fields, content)
      if (answer.status === 0 && status === undefined) t.equal(answer.outcome, 'RST_STREAM 1')
      else {
        t.ok(
          status === undefined ? [400, 405, 501].includes(answer.status) : answer.status === status,
          `${answer.status}`,
        )
        t.equal(answer.outcome, 'end')
        t.match(answer.body, /<Code>\w+<\/Code>/)
        t.strictSame(corsOf(answer), [])
      }
      t.equal((await asker.ask(of(goodTarget, 'a'))).body, 'ok', 'the connection goes on')
    })
  }
  t.test('nothing but the good requests went up', async t => {
    t.strictSame([...new Set(upstream.requests.map(({ target }) => target))], [goodTarget])
    await assertWell(t, proxy, upstream)
  })
})

t.test('a head beyond the limits is refused, and the connection goes on or ends', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  for (const [name, count, bytes] of [
    ['a head of 70 KB', 70, 1000],
    ['1000 fields', 1000, 1],
  ] as const) {
    const asker = await open(t, proxy)
    const fields = Array.from({ length: count }, (_, index) => [`x-${index}`, 'v'.repeat(bytes)]).flat()
    const block = fieldBlock(web(...fields))
    for (let at = 0; at < block.length; at += 16_000) {
      const isLast = at + 16_000 >= block.length
      const type = at === 0 ? frameTypes.headers : frameTypes.continuation
      const set = (isLast ? flags.endHeaders : 0) | (at === 0 ? flags.endStream : 0)
      asker.client.send(frame(type, set, 1, block.subarray(at, at + 16_000)))
    }
    const { outcome } = await new FrameAnswers(asker.client).of(1)
    t.match(outcome, /^(RST_STREAM|GOAWAY) 11$|^closed$/, name)
    asker.client.close()
  }
  t.equal(upstream.requests.length, 0)
  await assertWell(t, proxy, upstream)
})

const keys = ['/web//', '/web/a//b', '/web/a/../b', '/web/a/%2e%2e/b', '/web/./a', '/web/a%2Fb', '/web/%zz', '/web/%']
keys.push('/web/a+b%20c', '/web/"[|]^`{}<>\\', "/web/'(1)", '/web/=@:;,&$!*~', '/web/%E2%82%AC/', '/web', '/web/')
keys.push('/web?list-type=2', '/web/k?X-Amz-Signature=abc&a=%2F+b&&c', '/web/k?', '/web/k??a=?')
keys.push('/web/k?a=1&a=2&A=&=&%3D', `/web/${'%41'.repeat(1024)}`, `/web/${'k'.repeat(8187)}`)

t.test('the request-target goes up byte for byte, and its bucket is decided on', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  for (const target of keys) {
    const answer = await asker.get(target, 'a')
    t.strictSame([answer.status, answer.outcome, upstream.requests.at(-1)?.target], [200, 'end', target])
    t.strictSame(answer.values('access-control-allow-origin'), [goodOrigin], target)
  }
  for (const [target, allowed] of [
    ['/%77eb/k', true],
    ['/w%65%62/k', true],
    ['/%2577eb/k', false],
    ['/WEB/k', false],
    // Names of properties, and names that cannot be buckets.
    ...['constructor', '__proto__', 'ab', 'b'.repeat(64), 'a..b', '10.0.0.1'].map(
      name => [`/${name}/k`, false] as const,
    ),
  ] as const) {
    const answer = await asker.get(target, 'a')
    t.strictSame([corsOf(answer).length > 0, upstream.requests.at(-1)?.target], [allowed, target])
  }
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('the bucket is read as the endpoint reads it, in path or authority', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(
    t,
    upstream.url,
    {
      virtualHosts: ['s3.local', 'eu.s3.local'],
      hosts: ['path.example.com'],
      buckets: { ...webBucket, 'a.b': webBucket.web },
    },
    tls,
  )
  const asker = await open(t, proxy)
  for (const [host, target, status, bucket] of [
    ['web.s3.local', '/other/key', 200, 'web'],
    ['other.s3.local', '/web/key', 200, 'other'],
    ['s3.local:9000', '/web/key', 200, 'web'],
    ['a.b.s3.local', '/key', 200, 'a.b'],
    ['web.eu.s3.local', '/key', 200, 'web'],
    ['path.example.com', '/web/key', 200, 'web'],
    ['PATH.example.com', '/web/key', 200, 'web'],
    ['[::1]:80', '/web/key', 200, 'web'],
    ['minio.s3.local', '/web/key', 200, undefined],
    ['WEB.s3.local', '/key', 400, undefined],
    ['web.s3.local.', '/key', 400, undefined],
  ] as const) {
    for (const fields of [
      of(target, host, 'origin', goodOrigin),
      of(target, host, 'origin', goodOrigin, 'host', host),
      [':method', 'GET', ':scheme', 'https', ':path', target, 'host', host, 'origin', goodOrigin],
    ]) {
      const records = proxy.records.length
      const answer = await asker.ask(fields)
      t.equal(answer.status, status, host)
      await proxy.until(({ records: all }) => all.length > records)
      t.equal(proxy.records.at(-1)?.bucket, bucket, host)
      t.equal(corsOf(answer).length > 0, bucket === 'web' || bucket === 'a.b', host)
      if (status === 200) t.strictSame(fieldValues(upstream.requests.at(-1) ?? noRequest, 'host'), [host], 'as it came')
    }
  }
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('what claims another address, or another method, is never asked', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { virtualHosts: ['s3.local'] }, tls)
  const claims = ['x-forwarded-host', 'web.s3.local', 'x-forwarded-uri', '/web/k', 'x-original-url', '/web/k']
  claims.push('x-rewrite-url', '/web/k', 'forwarded', 'host=web.s3.local', 'x-http-method-override', 'PUT')
  const asker = await open(t, proxy)
  const answer = await asker.get('/other/k', 'a', ...claims)
  t.strictSame([answer.status, corsOf(answer)], [200, []])
  const record = await proxy.record('/other/k')
  t.strictSame([record.bucket, record.method], ['other', 'GET'])
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

/** The lines that went up, without Host and who the client is. */
const linesOf = (request: ReceivedRequest | undefined) =>
  (request?.fields ?? [])
    .map(([name, value]) => `${name}: ${value}`)
    .filter(line => !/^(host|x-forwarded-for):/i.test(line))

t.test('what is not ambiguous is forwarded as it came, and what is about one connection is not', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  const cases: readonly (readonly [name: string, sent: readonly string[], arrived?: readonly string[]])[] = [
    ['If-Match twice', ['if-match: "a"', 'if-match: "b"']],
    ['fields that may repeat, in their order', ['accept: a', 'x-b: 2', 'accept: b', 'x-b: 3']],
    ['pieces of a cookie, joined', ['cookie: a=1', 'cookie: b=2'], ['cookie: a=1; b=2']],
    ['a user metadata name with an underscore', ['x-amz-meta-original_filename: a', 'x_custom: 1', '_: 2']],
    ['names that are properties of objects', ['__proto__: x', 'constructor: y', 'tostring: z', 'hasownproperty: 1']],
    ['a head of 15 KB', [`x-a: ${'a'.repeat(15_000)}`]],
    ['400 fields', Array.from({ length: 400 }, (_, index) => `x-${index}: 1`)],
    ['obs-text', ['x-a: \xff\xa0\x80']],
    ['an empty value, and blanks within one', ['x-empty: ', 'user-agent: two  spaces']],
    ['TE: trailers', ['te: trailers', 'x-a: 1'], ['x-a: 1']],
    [
      'fields of a proxy and of an upgrade',
      ['trailer: x-t', 'proxy-authorization: Basic x', 'http2-settings: AAMAAABk'],
      [],
    ],
  ]
  for (const [name, sent, arrived = sent] of cases) {
    const fields = sent.flatMap(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
    t.equal((await asker.ask(web(...fields))).status, 200, name)
    t.strictSame(linesOf(upstream.requests.at(-1)), arrived, name)
  }
  t.equal(({} as Record<string, unknown>).x, undefined)
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('who the client is', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  const claims = ['x-forwarded-for', '192.0.2.1', 'x-real-ip', '192.0.2.2', 'forwarded', 'for=192.0.2.3']
  for (const [name, settings, fields, sent] of [
    ['replace', {}, claims, ['X-Forwarded-For: 127.0.0.1']],
    ['replace, in every spelling', {}, ['x_forwarded_for', '192.0.2.1'], ['X-Forwarded-For: 127.0.0.1']],
    [
      'append behind a trusted proxy',
      { forwardedFor: 'append', trustedProxies: ['127.0.0.0/8'] },
      claims,
      ['X-Real-IP: 192.0.2.1', 'X-Forwarded-For: 192.0.2.1, 127.0.0.1'],
    ],
    [
      'preserve',
      { forwardedFor: 'preserve' },
      claims,
      ['x-forwarded-for: 192.0.2.1', 'x-real-ip: 192.0.2.2', 'forwarded: for=192.0.2.3'],
    ],
  ] as const) {
    proxy.apply(settings)
    t.equal((await asker.ask(web(...fields))).status, 200)
    const lines = upstream.requests.at(-1)?.fields.map(([field, value]) => `${field}: ${value}`)
    t.strictSame(lines?.slice(1), sent, name)
  }
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('content is framed as it came, and is one request', async t => {
  const hidden = 'GET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n'
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    for (const [lines, content, framing] of [
      [[], `0\r\n\r\n${hidden}`, 'chunked'],
      [['content-length', `${hidden.length}`], hidden, 'length'],
      [['content-length', `00${hidden.length}`], hidden, 'length'],
      [['content-length', '0'], undefined, 'length'],
      [[], undefined, method === 'PUT' || method === 'POST' ? 'length' : 'none'],
    ] as const) {
      const answer = await asker.ask(requestFields(method, '/web/k', 'a', ...lines), content)
      t.strictSame([answer.status, answer.outcome], [200, 'end'])
      const request = upstream.requests.at(-1)
      const length = framing === 'length' ? [String(content?.length ?? 0)] : []
      const seen = [
        request?.method,
        request?.framing,
        request?.body.toString(),
        fieldValues(request ?? noRequest, 'content-length'),
      ]
      t.strictSame(seen, [method, framing, content ?? '', length], `${method} ${lines}`)
    }
  }
  t.equal(upstream.requests.length, 25)
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('a request in pieces of any size is waited for', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  // nghttp2 takes a head in few frames alone; that of Node 22 counts one that comes in pieces for as many.
  const block = fieldBlock(put('content-length', '5'))
  const cuts = isOldNode ? [0, block.length] : [0, 1, 2, block.length - 1, block.length]
  const bytes = Buffer.concat([
    ...cuts.slice(1).map((end, index) => {
      const [type, set] = [
        index === 0 ? frameTypes.headers : frameTypes.continuation,
        end === block.length ? flags.endHeaders : 0,
      ]
      return frame(type, set, 1, block.subarray(cuts[index], end))
    }),
    ...[...'hell'].map(letter => frame(frameTypes.data, 0, 1, Buffer.from(letter))),
    frame(frameTypes.data, flags.endStream | flags.padded, 1, Buffer.from('\x03o\0\0\0')),
  ])
  // The client acknowledges the settings of the proxy, which may not come between two octets of a frame.
  await asker.client.until(frames => frames.find(({ type, flags: set }) => type === frameTypes.settings && set === 0))
  for (const octet of bytes) {
    asker.client.send(Buffer.of(octet))
    await new Promise(resolve => setImmediate(resolve))
  }
  const answer = await new FrameAnswers(asker.client).of(1)
  t.strictSame([answer.outcome, answer.status, upstream.requests[0]?.body.toString()], ['end', 200, 'hello'])
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('Expect', async t => {
  const denied = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied'
  const expecting = put('expect', '100-continue', 'content-length', '5')
  const start = async (t: Test, answer: string) => {
    const upstream = await startFaultUpstream(t, (_connection, request) =>
      request?.target === goodTarget ? [write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')] : [write(answer)],
    )
    return { upstream, proxy: await startTestProxy(t, upstream.url, {}, tls) }
  }
  await t.test('a refusal reaches the client before it sends its content, which is no request', async t => {
    const { upstream, proxy } = await start(t, denied)
    const asker = await open(t, proxy)
    asker.client.headers(1, expecting, false)
    const answer = await new FrameAnswers(asker.client).of(1)
    t.strictSame([answer.status, answer.body, answer.informational], [403, 'denied', []])
    asker.client.data(1, 'GET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n', true)
    asker.client.headers(3, of(goodTarget, 'a'), true)
    t.equal(await asker.client.outcome(3), 'end')
    asker.client.close()
    t.strictSame(fieldValues(upstream.requests[0] ?? noRequest, 'expect'), ['100-continue'])
    t.equal(upstream.requests[0]?.bodyBytes, 0)
    t.notOk(upstream.requests.some(({ target }) => target === '/web/canary'))
    await assertWell(t, proxy, upstream)
  })
  await t.test('an endpoint that says nothing is asked for nothing longer than a second', async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const asker = await open(t, proxy)
    const begun = performance.now()
    asker.client.headers(1, expecting, false)
    await asker.client.until(frames => frames.find(({ type }) => type === frameTypes.headers))
    t.ok(performance.now() - begun >= 950)
    asker.client.data(1, 'hello', true)
    const answer = await new FrameAnswers(asker.client).of(1)
    t.strictSame([answer.status, answer.informational], [200, [100]])
    t.equal(upstream.requests[0]?.body.toString(), 'hello')
    asker.client.close()
    await assertWell(t, proxy, upstream)
  })
  await t.test('a client that leaves while it waits is one abort', async t => {
    const { upstream, proxy } = await start(t, '')
    const asker = await open(t, proxy)
    asker.client.headers(1, expecting, false)
    await upstream.until(({ requests }) => requests.length === 1)
    asker.client.reset(1, 8)
    t.match(await proxy.record('/web/k'), { clientAborted: true, status: 0, upstreamFailure: undefined })
    await upstream.until(({ open: count }) => count === 0)
    t.equal(upstream.requests[0]?.complete, false)
    asker.client.close()
    await assertWell(t, proxy, upstream)
  })
  await t.test('another expectation is S3’s business', async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const asker = await open(t, proxy)
    const answer = await asker.ask(put('expect', 'foo'), 'hi')
    t.strictSame([answer.status, answer.informational], [200, []])
    t.strictSame(fieldValues(upstream.requests[0] ?? noRequest, 'expect'), ['foo'])
    asker.client.close()
    await assertWell(t, proxy, upstream)
  })
})

t.test('trailers of a request are dropped, whatever they are', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  for (const [index, trailers] of [
    ['x-amz-checksum-crc32', 'AAAAAA=='],
    ['host', 'evil', 'authorization', 'x', 'origin', 'https://evil.example'],
    ['cookie', 'a=b', '__proto__', 'x'],
  ].entries()) {
    const stream = 1 + 2 * index
    asker.client.headers(stream, put(), false)
    asker.client.data(stream, 'abc', false)
    asker.client.headers(stream, trailers, true)
    t.equal(await asker.client.outcome(stream), 'end')
    const request = upstream.requests.at(-1)
    t.strictSame(
      [request?.body.toString(), request?.trailers, linesOf(request)],
      ['abc', [], ['Transfer-Encoding: chunked']],
    )
  }
  asker.client.close()
  await assertWell(t, proxy, upstream)
})

t.test('an error of the proxy repeats nothing of the request unescaped, and tells nothing of the endpoint', async t => {
  const upstream = await startRecordingUpstream(t, { answer: goodOr((_request, { socket }) => void socket.destroy()) })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const asker = await open(t, proxy)
  const asks = ['origin', goodOrigin, 'access-control-request-method']
  for (const fields of [
    of('/web/%3Cscript%3E?a=<b>&amp;', 'a'),
    requestFields('OPTIONS', '/web/k', 'a', ...asks, '<&\xff>'),
    requestFields('OPTIONS', '/web/k', 'a', ...asks, 'GET', 'access-control-request-headers', '<script>'),
  ]) {
    const answer = await asker.ask(fields)
    t.ok(answer.status >= 400)
    t.strictSame(answer.values('content-type'), ['application/xml'])
    t.strictSame([answer.values('x-content-type-options'), answer.values('server')], [['nosniff'], []])
    t.notMatch(answer.body, /<script|<b>|<&|127\.0\.0\.1|node:|\bat /)
    t.match(answer.body, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error><Code>\w+<\/Code>.*<\/Error>$/)
  }
  asker.client.close()
  await assertWell(t, proxy, upstream)
})
