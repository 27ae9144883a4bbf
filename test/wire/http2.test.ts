// HTTP/2 at the level of frames: what is refused, what is cut, what a stream may cost its neighbours.

import type { ClientHttp2Session } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { drain } from '../../src/daemon/process/drain.ts'
import { fin, rst, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { askHttp2, openHttp2 } from '../fixtures/http2-client.ts'
import {
  errorPayload,
  FrameClient,
  fieldBlock,
  flags,
  frame,
  frameTypes,
  requestFields,
} from '../fixtures/http2-frames.ts'
import { localhostCertificate } from '../fixtures/localhost-certificate.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const tls = { tls: true }
const isOldNode = Number(process.versions.node.split('.')[0]) < 24

t.setTimeout(120_000)

function sendBadPadding(client: FrameClient): void {
  client.send(frame(frameTypes.data, flags.padded, 1, Buffer.of(9, 1)))
}

/** The payload of a GOAWAY. */
const internalError = Buffer.of(0, 0, 0, 0, 0, 0, 0, 2)

async function open(t: Test, proxy: TestProxy, options?: Parameters<typeof FrameClient.open>[1]): Promise<FrameClient> {
  const client = await FrameClient.open(proxy.port, options)
  t.teardown(() => client.close())
  return client
}

const get = (client: FrameClient, stream: number, target = goodTarget) =>
  client.headers(stream, requestFields('GET', target, 'a'), true)

function ask(
  session: ClientHttp2Session,
  method: string,
  target: string,
  fields: Readonly<Record<string, string>> = {},
) {
  return askHttp2(session, { method, target, authority: 'a', fields: Object.entries(fields) })
}

t.test('what RFC 9113 calls malformed resets the stream, and nothing of it goes up', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const good = requestFields('GET', '/web/k', 'a')
  const pseudo = (changes: Readonly<Record<string, string | undefined>>) =>
    Object.entries({ ':method': 'GET', ':scheme': 'https', ':path': '/web/k', ':authority': 'a', ...changes })
      .filter(([, value]) => value !== undefined)
      .flatMap(([name, value]) => [name, value ?? ''])
  // nghttp2 resets a stream by itself, and Node tells of none of these; `counted` are those that it lets pass.
  const cases: readonly (readonly [name: string, fields: readonly string[], counted?: 'counted'])[] = [
    ['a name in upper case', [...good, 'X-A', '1']],
    ['Connection', [...good, 'connection', 'x-a']],
    ['Keep-Alive', [...good, 'keep-alive', 'timeout=5']],
    ['Proxy-Connection', [...good, 'proxy-connection', 'close']],
    ['Transfer-Encoding', [...good, 'transfer-encoding', 'chunked']],
    ['Upgrade', [...good, 'upgrade', 'websocket']],
    ['TE other than trailers', [...good, 'te', 'gzip']],
    ['no :method', pseudo({ ':method': undefined })],
    ['no :scheme', pseudo({ ':scheme': undefined })],
    ['no :path', pseudo({ ':path': undefined })],
    ['a pseudo-field twice', [...good, ':path', '/web/other']],
    ['a pseudo-field after a field', ['x-a', '1', ...good]],
    ['an unknown pseudo-field', [':version', '1', ...good]],
    ['a pseudo-field of responses', [':status', '200', ...good]],
    ['CONNECT', [':method', 'CONNECT', ':authority', 'a:443']],
    ['extended CONNECT', [':protocol', 'websocket', ...pseudo({ ':method': 'CONNECT' })]],
    ['another scheme', pseudo({ ':scheme': 'http' }), 'counted'],
    ['an absolute-form target', pseudo({ ':path': 'https://a/web/k' })],
    ['an empty target', pseudo({ ':path': '' })],
    ['* for GET', pseudo({ ':path': '*' })],
    ['a target with a space', pseudo({ ':path': '/web/a b' })],
    ['a target with a control character', pseudo({ ':path': '/web/a\tb' })],
    ['a Host that is not the authority', [...good, 'host', 'b'], 'counted'],
    ['no authority', pseudo({ ':authority': undefined })],
    ['two lengths', [...pseudo({ ':method': 'PUT' }), 'content-length', '1', 'content-length', '2']],
    ['a value that begins with a space', [...good, 'if-none-match', ' "a"'], 'counted'],
    ['a value that ends with a tab', [...good, 'if-none-match', '"a"\t'], 'counted'],
    ['a length with a sign', [...pseudo({ ':method': 'PUT' }), 'content-length', '+1']],
  ]
  for (const [name, fields, counted] of cases) {
    await t.test(name, async t => {
      const before = proxy.records.length
      const client = await open(t, proxy)
      client.headers(1, fields, true)
      t.equal(await client.outcome(1), 'RST_STREAM 1')
      t.match(
        proxy.records.slice(before),
        counted === undefined
          ? []
          : [
              {
                kind: 'rejected',
                protocol: 'HTTP/2.0',
                method: 'GET',
                target: '/web/k',
                status: 0,
                errorCode: 'BadRequest',
              },
            ],
      )
      get(client, 3)
      t.equal(await client.outcome(3), 'end', 'the connection goes on')
      client.close()
    })
  }
  t.strictSame(
    upstream.requests.filter(({ target }) => target !== goodTarget),
    [],
  )
  await assertWell(t, proxy, upstream, { idle: 256 })
})

t.test('a connection that ends because its frames are wrong is counted once', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { headersSeconds: 1, keepAliveSeconds: 1 } }, tls)
  const whole = requestFields('GET', '/web/silent', 'a')
  // Node 22 tells of some of them alone.
  const cases: readonly (readonly [name: string, send: (client: FrameClient) => void, toldByOldNode?: 'told'])[] = [
    ['no HTTP/2', client => client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    [
      'a window that grows by nothing',
      client => client.send(frame(frameTypes.windowUpdate, 0, 0, errorPayload(0))),
      'told',
    ],
    ['a stream of even number', client => client.headers(2, whole, true), 'told'],
    ['a field block that is none', client => client.send(frame(frameTypes.headers, 5, 1, Buffer.alloc(8, 0xff)))],
    ['DATA of no stream', client => client.data(1, 'x', true)],
    [
      'an unfinished field block, and another frame',
      client => {
        client.send(frame(frameTypes.headers, 0, 1, fieldBlock(whole)), frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
      },
    ],
  ]
  for (const [name, send, toldByOldNode] of cases) {
    await t.test(name, async t => {
      const before = proxy.records.length
      const client = await open(t, proxy)
      send(client)
      t.match((await client.outcome(1)) ?? 'closed', /^(GOAWAY|closed)/)
      client.close()
      await proxy.until(async one => (await one.connections()) === 0)
      const of = { kind: 'rejected', protocol: 'HTTP/2.0', method: '', target: '', status: 0 }
      const told = { ...of, connectionEnd: 'protocol_error', peerAddress: '127.0.0.1' }
      t.match(proxy.records.slice(before), isOldNode && toldByOldNode === undefined ? [] : [told])
    })
  }
  await t.test('a connection that breaks is no fault', async t => {
    const before = proxy.records.length
    const client = await open(t, proxy)
    client.send(frame(frameTypes.goAway, 0, 0, internalError))
    client.close()
    await proxy.until(async one => (await one.connections()) === 0)
    t.equal(proxy.records.length, before)
  })
  t.strictSame(upstream.requests, [])
})

t.test('a field whose name or value cannot be one is taken out before anything is decided', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  const fields = ['x y', '1', 'x-line', 'a\nb', 'x-control', 'a\u0001b', 'x-good', 'é']
  client.headers(1, requestFields('GET', '/web/k', 'a', ...fields), true)
  t.equal(await client.outcome(1), 'end')
  const names = upstream.requests[0]?.fields.map(([name, value]) => `${name}: ${value}`) ?? []
  t.strictSame(
    names.filter(line => /^x[ -](?!f)/.test(line)),
    ['x-good: \u00e9'],
  )
})

t.test('an upload that is cut reaches the endpoint as cut', async t => {
  const cuts: readonly {
    readonly name: string
    readonly fields?: readonly string[]
    readonly cut: (client: FrameClient) => void | Promise<void>
  }[] = [
    ...[0, 2, 8].map(code => ({ name: `RST_STREAM ${code}`, cut: (client: FrameClient) => client.reset(1, code) })),
    { name: 'GOAWAY and the end', cut: client => client.socket.end(frame(frameTypes.goAway, 0, 0, Buffer.alloc(8))) },
    { name: 'the end of TCP', cut: client => client.socket.destroy() },
    { name: 'GOAWAY with an error', cut: client => client.send(frame(frameTypes.goAway, 0, 0, internalError)) },
    {
      name: 'trailers with a pseudo-field',
      cut: client => client.headers(1, [':path', '/web/other'], true),
    },
    { name: 'trailers that frame content', cut: client => client.headers(1, ['transfer-encoding', 'chunked'], true) },
    { name: 'trailers that are not the end', cut: client => client.headers(1, ['x-a', '1'], false) },
    // Node 22 goes on as if nothing had happened, until a limit ends the upload.
    ...(isOldNode ? [] : [{ name: 'padding longer than its frame', cut: sendBadPadding }]),
    { name: 'less than announced', fields: ['content-length', '9'], cut: client => client.data(1, 'x', true) },
    {
      name: 'less than announced, and trailers',
      fields: ['content-length', '9'],
      cut: client => client.headers(1, ['x-a', '1'], true),
    },
    {
      name: 'more than announced',
      fields: ['content-length', '4'],
      cut: client => client.data(1, 'xyz', true),
    },
    // The endpoint takes what is as long as announced for whole: it must not have it before the stream has ended.
    ...[
      ['and more', (client: FrameClient) => client.data(1, 'x', true)] as const,
      ['and a reset', (client: FrameClient) => client.reset(1, 0)] as const,
      [
        'and trailers that announce another length',
        (client: FrameClient) => client.headers(1, ['content-length', '9'], true),
      ] as const,
      ['and the end of TCP', (client: FrameClient) => client.socket.destroy()] as const,
    ].map(([name, cut]) => ({
      name: `as much as announced, ${name}`,
      fields: ['content-length', '4'],
      cut: async (client: FrameClient) => {
        client.data(1, 'd', false)
        await delay(100)
        cut(client)
      },
    })),
  ]
  for (const { name, fields = [], cut } of cuts) {
    await t.test(name, async t => {
      const upstream = await startRecordingUpstream(t)
      const proxy = await startTestProxy(t, upstream.url, {}, tls)
      const client = await open(t, proxy)
      client.headers(1, requestFields('PUT', '/web/k', 'a', ...fields), false)
      client.data(1, 'abc', false)
      await upstream.until(({ requests }) => requests[0]?.bodyBytes === 3)
      await cut(client)
      const record = await proxy.record('/web/k')
      t.strictSame([record.clientAborted, record.status], [true, 0])
      await upstream.until(({ open: count }) => count === 0)
      t.equal(upstream.requests[0]?.complete, false)
      t.notMatch(upstream.connections[0]?.received, /\r\n0\r\n/, 'no last chunk')
      client.close()
      await assertWell(t, proxy, upstream)
    })
  }
})

t.test('a request that announced no content goes up when it has ended', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  const fields = requestFields('PUT', '/web/k', 'a', 'content-length', '0')
  client.headers(1, fields, false)
  client.headers(3, fields, false)
  get(client, 5)
  t.equal(await client.outcome(5), 'end')
  t.equal(upstream.requests.length, 1)
  client.data(1, '', true)
  t.equal(await client.outcome(1), 'end')
  t.strictSame([upstream.requests[1]?.complete, upstream.requests[1]?.framing], [true, 'length'])
  client.data(3, 'x', true)
  t.match(await client.outcome(3), /^(RST_STREAM 1|GOAWAY 2)$/)
  client.close()
  await assertWell(t, proxy, upstream)
  t.equal(upstream.requests.filter(({ method }) => method === 'PUT').length, 1)
})

t.test('what is answered whole is not counted as aborted', async t => {
  const large = 'x'.repeat(300_000)
  const upstream = await startRecordingUpstream(t, {
    answer: ({ method, target }) => {
      const body = target.includes('large') ? large : 'ok'
      return `${status}Content-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`
    },
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    for (const content of [undefined, '', 'abc', large]) {
      for (const length of ['a length', 'none']) {
        for (const answer of ['small', 'large']) {
          const target = `/web/${method}-${content?.length}-${length === 'none'}-${answer}`
          const fields = length === 'none' ? [] : [['content-length', String(content?.length ?? 0)] as const]
          const { reset } = await askHttp2(session, { method, target, authority: 'a', fields, content })
          const { clientAborted, status: code } = await proxy.record(target)
          t.strictSame([reset, code, clientAborted], [0, 200, false], `${target}: ${length}`)
        }
      }
    }
  }
  await t.test('nor is one whose client opens its window late', async t => {
    const client = await open(t, proxy, { windowBytes: 0 })
    client.headers(1, requestFields('PUT', '/web/late', 'a'), false)
    client.data(1, 'abc', true)
    await client.until(frames => frames.find(({ type }) => type === frameTypes.headers))
    client.send(frame(frameTypes.windowUpdate, 0, 1, errorPayload(100)))
    t.equal(await client.outcome(1), 'end')
    t.equal((await proxy.record('/web/late')).clientAborted, false)
  })
  await t.test('but one whose client resets it instead', async t => {
    const client = await open(t, proxy, { windowBytes: 1, reads: false })
    client.headers(1, requestFields('PUT', '/web/left', 'a'), false)
    client.data(1, 'abc', true)
    await client.until(frames => frames.find(({ type }) => type === frameTypes.data))
    client.reset(1, 0)
    t.equal((await proxy.record('/web/left')).clientAborted, true)
  })
})

t.test('an answer that is cut is a reset, never an end, and its neighbours go on', async t => {
  const faults = {
    '/web/length': [write(`${status}Content-Length: 9\r\n\r\nab`), fin],
    '/web/chunked': [write(`${status}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`), fin],
    '/web/malformed': [write(`${status}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n`)],
    '/web/reset': [write(`${status}Content-Length: 9\r\n\r\nab`), rst],
    '/web/close': [write(`${status}\r\nab`), rst],
  }
  const upstream = await startFaultUpstream(
    t,
    (_connection, request) => faults[request?.target as keyof typeof faults] ?? [write(ok)],
    { at: 'request' },
  )
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  for (const target of Object.keys(faults)) {
    await t.test(target, async t => {
      const answer = await ask(session, 'GET', target)
      t.strictSame([answer.status, answer.reset], [200, 2], 'INTERNAL_ERROR')
      t.equal((await ask(session, 'GET', goodTarget)).body, 'ok', 'the connection goes on')
    })
  }
  await t.test('before its head it is 502', async t => {
    const other = await startFaultUpstream(t, [rst])
    const behind = await startTestProxy(t, other.url, {}, tls)
    const answer = await ask(await openHttp2(t, behind.port), 'GET', '/web/k', { origin: goodOrigin })
    t.strictSame([answer.status, answer.reset], [502, 0])
    t.strictSame(
      answer.fields.filter(([name]) => name === 'access-control-allow-origin').map(([, value]) => value),
      [goodOrigin],
    )
  })
  session.destroy()
})

t.test('content that ends with its connection ends with its stream', async t => {
  const upstream = await startFaultUpstream(t, [write(`${status}\r\nabc`), fin], { at: 'request' })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const { body, reset } = await ask(await openHttp2(t, proxy.port), 'GET', '/web/k')
  t.strictSame([body, reset], ['abc', 0])
})

t.test('a stream that its client does not read stalls no other, and its endpoint waits', async t => {
  // More than the kernel keeps.
  const large = Buffer.from(`${status}Content-Length: 16000000\r\n\r\n${'x'.repeat(16_000_000)}`)
  const upstream = await startRecordingUpstream(t, {
    keepBytes: false,
    answer: ({ target }) => (target === goodTarget ? ok : large),
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy, { windowBytes: 0 })
  for (let index = 0; index < 8; index++) get(client, 1 + 2 * index, `/web/large${index}`)
  await upstream.until(({ requests }) => requests.length === 8, 20_000)
  const session = await openHttp2(t, proxy.port)
  t.equal((await ask(session, 'GET', goodTarget)).body, 'ok', 'another connection')
  client.send(frame(frameTypes.windowUpdate, 0, 0, Buffer.of(0, 1, 0, 0)))
  client.headers(
    41,
    requestFields('OPTIONS', '/web/k', 'a', 'origin', goodOrigin, 'access-control-request-method', 'GET'),
    true,
  )
  t.equal(await client.outcome(41), 'end', 'another stream, whose answer has no content')
  t.equal(proxy.records.length, 2)
  // A read of each, and what the kernel keeps.
  const stalled = upstream.connections.filter(({ requests }) => requests.some(({ target }) => target !== goodTarget))
  for (const { socket } of stalled) t.ok(socket.writableLength > 0, 'the endpoint is held back')
  client.close()
  await proxy.until(({ records }) => records.filter(({ clientAborted }) => clientAborted).length === 8, 20_000)
})

t.test('large answers of one connection arrive whole, all at once', async t => {
  const content = 'x'.repeat(1_000_000)
  const upstream = await startRecordingUpstream(t, {
    answer: () => `${status}Content-Length: ${content.length}\r\n\r\n${content}`,
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(session, 'GET', `/web/${index}`)))
  t.strictSame(
    answers.map(({ status: code, body, reset }) => [code, body.length, reset]),
    answers.map(() => [200, content.length, 0]),
  )
})

t.test('an upload that its endpoint does not take stalls no other stream', async t => {
  const upstream = await startRecordingUpstream(t, {
    answerHead: ({ target }, { socket }) => {
      if (target === '/web/stuck') socket.pause()
      return undefined
    },
    answer: ({ target }) => (target === '/web/stuck' ? undefined : ok),
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  const stuck = session.request({ ':method': 'PUT', ':path': '/web/stuck', ':authority': 'a' })
  stuck.on('error', () => {})
  stuck.write(Buffer.alloc(8_000_000))
  await upstream.until(({ requests }) => requests.length === 1)
  const upload = await askHttp2(session, {
    method: 'PUT',
    target: '/web/other',
    authority: 'a',
    content: Buffer.alloc(3_000_000),
  })
  t.equal(upload.body, 'ok')
  t.equal(upstream.requests[1]?.bodyBytes, 3_000_000)
  t.ok(stuck.writableLength > 0, 'the client is held back')
  stuck.destroy()
  await proxy.record('/web/stuck')
})

t.test('an answer before the end of an upload is whole, and the client is told to send no more', async t => {
  const upstream = await startFaultUpstream(t, [write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')], {
    at: 'head',
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
  client.data(1, 'abc', false)
  t.equal(await client.outcome(1), 'end')
  const reset = await client.until(frames => frames.find(({ type }) => type === frameTypes.resetStream))
  t.equal(reset?.payload.readUInt32BE(0), 0, 'NO_ERROR')
  get(client, 3)
  await client.outcome(3)
  client.close()
})

t.test('Expect is answered before the content', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const session = await openHttp2(t, proxy.port)
  const stream = session.request({ ':method': 'PUT', ':path': '/web/k', ':authority': 'a', expect: '100-continue' })
  const informed = new Promise<unknown>(resolve => stream.on('continue', () => resolve('continue')))
  t.equal(await Promise.race([informed, delay(5000)]), 'continue')
  stream.end('abc')
  await proxy.record('/web/k')
  t.equal(upstream.requests[0]?.body.toString(), 'abc')
})

t.test('Expect of a request that announced no content is met at once', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  const fields = ['content-length', '0', 'expect', '100-continue']
  client.headers(1, requestFields('PUT', '/web/k', 'a', ...fields), false)
  const informed = await client.until(frames => frames.find(({ type }) => type === frameTypes.headers), 5000)
  t.equal(informed?.flags, flags.endHeaders, 'a head that is not the end')
  t.equal(upstream.requests.length, 0)
  client.data(1, '', true)
  t.equal(await client.outcome(1), 'end')
  t.equal(client.frames.filter(({ type }) => type === frameTypes.headers).length, 2, 'one 100, and the answer')
  t.strictSame([upstream.requests[0]?.complete, upstream.requests[0]?.framing], [true, 'length'])
})

t.test('trailers of a request are read and dropped', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
  client.data(1, 'abc', false)
  client.headers(1, ['x-amz-checksum-crc32', 'AAAAAA=='], true)
  t.equal(await client.outcome(1), 'end')
  t.strictSame([upstream.requests[0]?.body.toString(), upstream.requests[0]?.trailers], ['abc', []])
})

t.test('what a connection may ask for is bounded', async t => {
  const upstream = await startRecordingUpstream(t, { answer: ({ target }) => (target === goodTarget ? ok : undefined) })
  const proxy = await startTestProxy(t, upstream.url, { limits: { concurrentStreams: 10 } }, tls)
  const preflight = requestFields(
    ...(['OPTIONS', '/web/k', 'a'] as const),
    ...['origin', goodOrigin, 'access-control-request-method', 'GET'],
  )
  const isAlive = async (t: Test) => {
    const neighbour = await open(t, proxy)
    neighbour.headers(1, preflight, true)
    t.equal(await neighbour.outcome(1), 'end', 'a preflight of another connection is answered')
    neighbour.close()
  }
  const isOver = (client: FrameClient) =>
    client.until(frames => {
      const goAway = frames.find(({ type, payload }) => type === frameTypes.goAway && payload.readUInt32BE(4) !== 0)
      return goAway === undefined ? undefined : `GOAWAY ${goAway.payload.readUInt32BE(4)}`
    })

  await t.test('streams at once', async t => {
    const client = await open(t, proxy)
    await client.until(frames => frames.find(({ type, flags: set }) => type === frameTypes.settings && set === 0))
    for (let index = 0; index < 11; index++) get(client, 1 + 2 * index, '/web/silent')
    t.match((await client.outcome(21)) ?? 'closed', /^(RST_STREAM 7|GOAWAY 1|closed)$/, 'REFUSED_STREAM or the end')
    await isAlive(t)
    client.close()
  })

  await t.test('streams that are opened and reset at once', async t => {
    const client = await open(t, proxy)
    const block = fieldBlock(requestFields('GET', '/web/silent', 'a'))
    const pairs: Buffer[] = []
    for (let index = 0; index < 600; index++) {
      const stream = 1 + 2 * index
      pairs.push(frame(frameTypes.headers, flags.endHeaders | flags.endStream, stream, block))
      pairs.push(frame(frameTypes.resetStream, 0, stream, Buffer.of(0, 0, 0, 8)))
    }
    client.send(...pairs)
    await isAlive(t)
    t.match(await isOver(client), /^GOAWAY/)
    client.close()
  })

  await t.test('a field block without end', async t => {
    const client = await open(t, proxy)
    client.send(frame(frameTypes.headers, 0, 1, fieldBlock(requestFields('GET', '/web/k', 'a'))))
    const piece = frame(frameTypes.continuation, 0, 1, fieldBlock(['x-a', 'x'.repeat(1000)]))
    for (let index = 0; index < 1000 && !client.closed; index++) client.send(piece)
    await isAlive(t)
    await client.until(() => undefined)
    t.ok(client.closed || (await isOver(client)) !== undefined, 'the connection ends')
  })

  await t.test('a field block that is too long', async t => {
    const client = await open(t, proxy)
    const long = Array.from({ length: 90 }, (_, index) => [`x-${index}`, 'x'.repeat(1000)]).flat()
    const block = fieldBlock(requestFields('GET', '/web/k', 'a', ...long))
    client.send(frame(frameTypes.headers, 0, 1, block.subarray(0, 16_000)))
    for (let at = 16_000; at < block.length; at += 16_000) {
      const isLast = at + 16_000 >= block.length
      client.send(frame(frameTypes.continuation, isLast ? flags.endHeaders : 0, 1, block.subarray(at, at + 16_000)))
    }
    t.match((await client.outcome(1)) ?? 'closed', /^((RST_STREAM|GOAWAY) 11|closed)$/, 'ENHANCE_YOUR_CALM')
    await isAlive(t)
    client.close()
  })

  const floods: readonly (readonly [name: string, bytes: Buffer])[] = [
    ['PING', frame(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', frame(frameTypes.settings, 0, 0)],
    ['PRIORITY', frame(frameTypes.priority, 0, 1, Buffer.of(0, 0, 0, 0, 1))],
    ['empty DATA', frame(frameTypes.data, 0, 1)],
    ['WINDOW_UPDATE', frame(frameTypes.windowUpdate, 0, 1, Buffer.of(0, 0, 0, 1))],
  ]
  for (const [name, bytes] of floods) {
    await t.test(`${name} without end`, async t => {
      const client = await open(t, proxy)
      client.headers(1, requestFields('PUT', '/web/silent', 'a'), false)
      client.socket.pause()
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => bytes))
      for (let index = 0; index < 10 && !client.closed; index++) client.send(many)
      await isAlive(t)
      client.close()
    })
  }
  await proxy.until(({ inFlight }) => inFlight === 0)
  t.strictSame(
    proxy.warnings.filter(({ event }) => event === 'internal_error'),
    [],
  )
})

t.test('a drain', async t => {
  await t.test('tells with GOAWAY, and loses no stream that ends in time', async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: async ({ target }) => {
        if (target !== goodTarget) await delay(300)
        return ok
      },
    })
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const idle = await open(t, proxy)
    get(idle, 1)
    await idle.outcome(1)
    const busy = await openHttp2(t, proxy.port)
    const answer = ask(busy, 'GET', '/web/k')
    await upstream.until(({ requests }) => requests.some(({ target }) => target === '/web/k'))
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 10, deadlineMs: 10_000, breakOff }), 'drained')
    t.equal((await answer).body, 'ok')
    t.ok(
      idle.frames.some(({ type }) => type === frameTypes.goAway),
      'GOAWAY',
    )
    t.equal(proxy.inFlight, 0)
  })
  await t.test('does not wait to its end for connections that take nothing', async t => {
    const large = `${status}Content-Length: 16000000\r\n\r\n${'x'.repeat(16_000_000)}`
    const upstream = await startRecordingUpstream(t, { keepBytes: false, answer: () => large })
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    for (const target of ['/web/k', '/web/l']) {
      const client = await open(t, proxy, { windowBytes: 0x7fff_ffff })
      client.send(frame(frameTypes.windowUpdate, 0, 0, errorPayload(0x7000_0000)))
      client.socket.pause()
      get(client, 1, target)
    }
    await upstream.until(({ requests }) => requests.length === 2)
    await delay(500)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 6000, breakOff }), 'drained')
    await proxy.until(({ inFlight }) => inFlight === 0)
    t.strictSame(
      proxy.records.map(({ clientAborted }) => clientAborted),
      [true, true],
    )
  })
  await t.test('resets what does not', async t => {
    const upstream = await startFaultUpstream(t, [write(`${status}Content-Length: 9\r\n\r\nab`)])
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const client = await open(t, proxy)
    get(client, 1, '/web/k')
    await client.until(frames => frames.find(({ type }) => type === frameTypes.data))
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 300, breakOff }), 'expired')
    t.match((await client.outcome(1)) ?? 'closed', /^(RST_STREAM 2|closed)$/)
  })
})

t.test('the console is reached over HTTP/2, too', async t => {
  const upstream = await startFaultUpstream(
    t,
    (_connection, request) =>
      request?.target === '/cut'
        ? [write(`${status}Connection: keep-alive\r\nContent-Length: 9\r\n\r\nab`), rst]
        : [write(`${status}Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 4\r\n\r\npage`)],
    { at: 'request' },
  )
  const console = { host: 'console.example', url: upstream.url }
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9', { console }, tls)
  const session = await openHttp2(t, proxy.port)
  const question = { method: 'POST', authority: 'console.example', content: 'abc' }
  const page = await askHttp2(session, { ...question, target: '/login?a=b' })
  t.strictSame([page.status, page.body, page.reset], [200, 'page', 0])
  t.strictSame(
    page.fields.filter(([name]) => name === 'connection' || name === 'keep-alive'),
    [],
  )
  const [received] = upstream.requests
  t.strictSame([received?.method, received?.target, received?.body.toString()], ['POST', '/login?a=b', 'abc'])
  t.match(received?.fields, [['host', 'console.example']])
  const cut = await askHttp2(session, { ...question, target: '/cut' })
  t.strictSame([cut.status, cut.reset], [200, 2], 'what is cut is reset')
  t.equal((await proxy.record('/login?a=b')).status, 200)
})

t.test('an upload to the console that is cut arrives as cut', async t => {
  for (const code of [0, 8]) {
    const upstream = await startRecordingUpstream(t)
    const console = { host: 'console.example', url: upstream.url }
    const proxy = await startTestProxy(t, 'http://127.0.0.1:9', { console }, tls)
    const client = await open(t, proxy)
    client.headers(1, requestFields('POST', '/form', 'console.example'), false)
    client.data(1, 'abc', false)
    await upstream.until(({ requests }) => requests[0]?.bodyBytes === 3)
    client.reset(1, code)
    t.equal((await proxy.record('/form')).clientAborted, true)
    await upstream.until(({ open: count }) => count === 0)
    t.equal(upstream.requests[0]?.complete, false, `RST_STREAM ${code}`)
    client.close()
  }
})

t.test('a HEAD that is reset before its answer has ended, and was aborted', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const console = { host: 'console.example', url: upstream.url }
  const proxy = await startTestProxy(t, upstream.url, { console }, tls)
  for (const code of [0, 8]) {
    for (const authority of ['a', 'console.example']) {
      const client = await open(t, proxy)
      const before = proxy.records.length
      client.headers(1, requestFields('HEAD', '/web/k', authority), true)
      await upstream.until(({ requests }) => requests.length === before + 1)
      client.reset(1, code)
      await proxy.until(({ records }) => records.length === before + 1)
      t.equal(proxy.records[before]?.clientAborted, true, `${authority}, RST_STREAM ${code}`)
      await upstream.until(({ open: count }) => count === 0)
      client.close()
    }
    t.equal(proxy.inFlight, 0)
  }
})

t.test('a status of the console that HTTP/2 does not have is a failure of the console', async t => {
  const upstream = await startFaultUpstream(t, [write('HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok')], {
    at: 'request',
  })
  const console = { host: 'console.example', url: upstream.url }
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9', { console }, tls)
  const session = await openHttp2(t, proxy.port)
  t.equal((await askHttp2(session, { method: 'GET', target: '/page', authority: 'console.example' })).status, 502)
})

t.test('silence has limits', async t => {
  const upstream = await startRecordingUpstream(t, { answer: ({ target }) => (target === goodTarget ? ok : undefined) })
  const limits = { idleSeconds: 0.5, keepAliveSeconds: 0.5 }
  const proxy = await startTestProxy(t, upstream.url, { limits }, tls)
  await t.test('a connection without requests', async t => {
    const client = await open(t, proxy)
    get(client, 1)
    await client.outcome(1)
    await client.until(() => undefined)
    t.ok(client.closed)
  })
  await t.test('an upload that stands still', async t => {
    const client = await open(t, proxy)
    client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
    client.data(1, 'abc', false)
    const record = await proxy.record('/web/k')
    t.strictSame([record.status, record.errorCode, record.clientAborted], [408, 'RequestTimeout', true])
    client.close()
  })
})

t.test('which protocol is spoken is the choice of ALPN', async t => {
  const upstream = await startRecordingUpstream(t)
  const chosen = (port: number, offers: readonly string[] | undefined) =>
    new Promise<string | false | null>(resolve => {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: localhostCertificate,
        ...(offers === undefined ? {} : { ALPNProtocols: [...offers] }),
      })
      socket.once('error', () => resolve(null))
      socket.once('secureConnect', () => {
        resolve(socket.alpnProtocol)
        socket.destroy()
      })
    })
  const cases: readonly (readonly [boolean, readonly string[] | undefined, string | false | null])[] = [
    [true, ['h2', 'http/1.1'], 'h2'],
    [true, ['http/1.1', 'h2'], 'h2'],
    [true, ['http/1.1'], 'http/1.1'],
    [true, undefined, false],
    [true, ['spdy/3'], null],
    [false, ['h2', 'http/1.1'], 'http/1.1'],
    [false, ['h2'], null],
  ]
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  for (const [http2, offers, expected] of cases) {
    proxy.apply({ tls: { certFile: 'cert.pem', keyFile: 'key.pem', http2 } })
    t.equal(await chosen(proxy.port, offers), expected, `${http2} ${offers}`)
  }
})
