// Upgrade, CONNECT, Expect, interim responses, trailers, HTTP/1.0: reliability matrix, section D.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { corsFields, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, pause, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues, type ReceivedRequest } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closing = 'Connection: close\r\n'
const put = (fields: string, version = '1.1') =>
  `PUT /web/k HTTP/${version}\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`
const expecting = put('Expect: 100-continue\r\nContent-Length: 5\r\n')

/** Answers the good request well, every other as the script says. */
function unlessGood(script: FaultScript | ((request: ReceivedRequest) => FaultScript)) {
  return (_connection: unknown, request: ReceivedRequest | undefined): FaultScript => {
    if (request === undefined || request.target === goodTarget) return [write(ok)]
    return typeof script === 'function' ? script(request) : script
  }
}

for (const settings of [{}, { console: { host: 'console.example.com', url: 'http://127.0.0.1:9' } }]) {
  const name = `D060 D061 an upgrade on the S3 port is served as if not asked for, ${JSON.stringify(settings)}`
  t.test(name, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, settings)
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const canBeAsked = major > 24 || (major === 24 && minor >= 9)
    for (const fields of [
      'Connection: upgrade\r\nUpgrade: foo\r\n',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
    ]) {
      const before = upstream.requests.length
      const client = await proxy.open(t)
      // Node's parser would lose the head behind the upgrade, and read the content after it as a request.
      await client.write(
        `GET /web/k HTTP/1.1\r\nHost: a\r\n${fields}\r\nPUT /web/put HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n`,
      )
      await client.write('GET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(({ ended }) => ended !== undefined)
      client.destroy()
      const response = readResponse(client.text)
      t.strictSame(
        [response.status, response.values('connection')],
        [canBeAsked || !('console' in settings) ? 200 : 400, ['close']],
      )
      const [first, ...more] = upstream.requests.slice(before)
      t.strictSame(more, [])
      for (const name of ['upgrade', 'connection', 'http2-settings'])
        t.strictSame(fieldValues(first ?? { fields: [] }, name), [])
    }
    await assertWell(t, proxy, upstream)
  })
}

const consoleHost = 'console.example.com'
const toConsole = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: ${consoleHost}\r\n${fields}\r\n`
const webSocket =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n'

t.test('each request to the console ends once, and the connection goes on', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { console: { host: consoleHost, url: upstream.url } })
  const client = await proxy.open(t)
  await client.write(toConsole('/one') + toConsole('/two'))
  await client.until(({ text }) => text.split('\r\n\r\nok').length === 3)
  await client.write(toConsole('/three', closing))
  await client.until(({ ended }) => ended !== undefined)
  t.strictSame(
    upstream.requests.map(({ target }) => target),
    ['/one', '/two', '/three'],
  )
  await assertWell(t, proxy, upstream, { idle: 9 })
  t.equal(proxy.records.filter(({ target, status }) => target !== goodTarget && status === 200).length, 3)
})

t.test('a WebSocket reaches the console with its fields', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  })
  const proxy = await startTestProxy(t, upstream.url, { console: { host: consoleHost, url: upstream.url } })
  const client = await proxy.open(t)
  await client.write(toConsole('/ws', `${webSocket}Cookie: token=a\r\nOrigin: http://${consoleHost}\r\n`))
  await client.until(({ text }) => text.includes('\r\n\r\n'))
  client.destroy()
  const [request] = upstream.requests
  for (const [name, value] of [
    ['sec-websocket-key', 'eA=='],
    ['cookie', 'token=a'],
    ['origin', `http://${consoleHost}`],
    ['connection', 'Upgrade'],
  ] as const)
    t.strictSame(fieldValues(request ?? { fields: [] }, name), [value], name)
  await proxy.until(({ inFlight }) => inFlight === 0)
})

const oddConsoleRequests: { name: string; bytes: string; answer: RegExp }[] = [
  { name: 'a target that is no URL', bytes: toConsole('http://['), answer: /^HTTP\/1\.1 400 / },
  { name: 'a port that is none', bytes: toConsole('http://a:99999999/'), answer: /^HTTP\/1\.1 400 / },
  { name: 'a WebSocket whose target is no URL', bytes: toConsole('http://[', webSocket), answer: /^$/ },
  {
    name: 'a WebSocket with content that does not come',
    bytes: `${toConsole('/ws', `${webSocket}Content-Length: 5\r\n`)}ab`,
    answer: /^(?:HTTP\/1\.1 400 .*)?$/s,
  },
]
for (const { name, bytes, answer } of oddConsoleRequests) {
  t.test(`the console is not broken by ${name}`, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, { console: { host: consoleHost, url: upstream.url } })
    const client = await proxy.open(t)
    await client.write(bytes)
    await Promise.race([client.until(({ ended }) => ended !== undefined), delay(500)])
    t.match(client.text, answer)
    client.reset()
    await proxy.until(({ inFlight }) => inFlight === 0)
    await assertWell(t, proxy, upstream, { idle: 9 })
  })
}

t.test('a client that resets after CONNECT does not matter', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (let i = 0; i < 20; i++) {
    const client = await proxy.open(t)
    await client.write(`CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n${'x'.repeat(i * 1000)}`)
    client.reset()
  }
  await assertWell(t, proxy, upstream)
})

t.test('CONNECT behind a request that is not answered yet is refused in its turn', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: async () => {
      await delay(50)
      return ok
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  const text = await proxy.send(t, 'GET /web/k HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\nxyz')
  t.strictSame(
    readResponses(text).map(({ status }) => status),
    [200, 405],
  )
  await assertWell(t, proxy, upstream)
})

t.test('D062 an unsolicited 101 is a 502, and its connection is not used again', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood([write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\nfoo')]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  t.equal(readResponse(await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)).status, 502)
  t.match(await proxy.record('/web/k'), { upstreamFailure: 'malformed', status: 502 })
  await assertWell(t, proxy, upstream)
  t.equal(upstream.connections.length, 2)
})

t.test('D063 Expect: a refusal reaches the client before it sends its content', async t => {
  for (const connection of ['', 'Connection: close\r\n']) {
    const upstream = await startFaultUpstream(
      t,
      unlessGood([write(`HTTP/1.1 403 Forbidden\r\n${connection}Content-Length: 6\r\n\r\ndenied`)]),
    )
    const proxy = await startTestProxy(t, upstream.url)
    const client = await proxy.open(t)
    await client.write(expecting)
    await client.until(({ ended }) => ended !== undefined)
    const response = readResponse(client.text, 'PUT')
    t.strictSame([response.status, response.body, response.informational], [403, 'denied', []])
    t.strictSame(response.values('connection'), ['close'])
    t.strictSame(response.values('access-control-allow-origin'), [goodOrigin])
    client.destroy()
    await assertWell(t, proxy, upstream)
    t.equal(upstream.requests[0]?.bodyBytes, 0)
    t.strictSame(fieldValues(upstream.requests[0] ?? { fields: [] }, 'expect'), ['100-continue'])
    t.equal(upstream.connections.length, 2, 'a connection that still waits for content carries no other request')
  }
})

t.test('D063 Expect: what a client sends all the same after a refusal is not read as a request', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood([write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(expecting)
  await client.until(({ ended }) => ended !== undefined)
  await client.write('helloGET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n')
  client.end()
  await client.collect()
  t.equal(readResponse(client.text, 'PUT').status, 403)
  await assertWell(t, proxy, upstream)
  t.notOk(upstream.requests.some(({ target }) => target === '/web/canary'))
})

t.test('D064 Expect: 100, content and final answer pass, and the connection goes on', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood([
      write('HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n'),
      pause(30),
      write('HTTP/1.1 100 Continue\r\n\r\n'),
      pause(100),
      write(ok),
    ]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  for (const [framing, content] of [
    ['Content-Length: 5', 'hello'],
    ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ]) {
    const client = await proxy.open(t)
    await client.write(put(`Expect: 100-continue\r\n${framing}\r\n`))
    await client.until(({ text }) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
    t.equal(upstream.requests.at(-1)?.bodyBytes, 0)
    await client.write(content ?? '')
    await client.until(({ text }) => text.endsWith('ok'))
    await client.write(`GET ${goodTarget} HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
    await client.until(({ ended }) => ended !== undefined)
    const [first, second] = readResponses(client.text, 'PUT')
    t.strictSame([first?.status, first?.informational, second?.status], [200, [100], 200])
    t.equal(
      upstream.requests
        .find(({ framing: sent }) => sent === (framing?.startsWith('C') ? 'length' : 'chunked'))
        ?.body.toString(),
      'hello',
    )
    client.destroy()
  }
  await assertWell(t, proxy, upstream)
  t.equal(upstream.connections.length, 1)
})

t.test('D065 Expect: an endpoint that says nothing is asked for nothing longer than a second', async t => {
  const upstream = await startFaultUpstream(
    t,
    (_connection, request) => (request?.complete === true ? [write(ok)] : undefined),
    { at: 'request' },
  )
  const proxy = await startTestProxy(t, upstream.url)
  const waiting = await proxy.open(t)
  const eager = await proxy.open(t)
  const startedAt = Date.now()
  await eager.write(`${expecting}hello`)
  await waiting.write(expecting)
  await waiting.until(({ text }) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
  t.ok(Date.now() - startedAt >= 950)
  await waiting.write('hello')
  for (const client of [waiting, eager]) {
    await client.until(({ text }) => text.endsWith('ok'))
    t.strictSame(
      readResponses(client.text, 'PUT').map(({ status, informational }) => [status, informational]),
      [[200, [100]]],
    )
    client.destroy()
  }
  t.ok(upstream.requests.every(({ body }) => body.toString() === 'hello'))
  await assertWell(t, proxy, upstream, { idle: 2 })
})

t.test('Expect: a client that leaves while it waits is one abort', async t => {
  const upstream = await startFaultUpstream(t, unlessGood([]))
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(expecting)
  await upstream.until(({ requests }) => requests.length === 1)
  client.reset()
  t.match(await proxy.record('/web/k'), { clientAborted: true, status: 0, upstreamFailure: undefined })
  await upstream.until(({ open }) => open === 0)
  t.equal(upstream.requests[0]?.complete, false)
  await assertWell(t, proxy, upstream)
})

t.test('Expect: nothing to wait for, or no 100-continue, or HTTP/1.0', async t => {
  const upstream = await startFaultUpstream(t, unlessGood([write('HTTP/1.1 100 Continue\r\n\r\n'), write(ok)]), {
    at: 'request',
  })
  const proxy = await startTestProxy(t, upstream.url)
  for (const [name, bytes, sent] of [
    ['no content', put(`Expect: 100-continue\r\nContent-Length: 0\r\n${closing}`), ['100-continue']],
    ['a GET', `GET /web/k HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${closing}\r\n`, ['100-continue']],
    [
      'D066 another expectation is S3’s business',
      `${put(`Expect: foo\r\nContent-Length: 2\r\n${closing}`)}hi`,
      ['foo'],
    ],
    ['an empty expectation', `${put(`Expect:\r\nContent-Length: 2\r\n${closing}`)}hi`, ['']],
    ['D066 HTTP/1.0', `${put('Expect: 100-continue\r\nContent-Length: 2\r\n', '1.0')}hi`, []],
  ] as const) {
    const response = readResponse(await proxy.send(t, bytes), bytes.slice(0, 3))
    t.strictSame([response.status, response.informational], [200, []], name)
    t.strictSame(fieldValues(upstream.requests.at(-1) ?? { fields: [] }, 'expect'), sent, name)
  }
  await assertWell(t, proxy, upstream)
})

t.test('D067 interim responses are never taken for the final one', async t => {
  const hostile = 'Access-Control-Allow-Origin: *\r\nLink: </x>; rel=preload\r\n'
  const upstream = await startFaultUpstream(
    t,
    unlessGood([
      write(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n${hostile}\r\n`),
      pause(20),
      write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 X\r\n\r\n${ok}`),
    ]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const response = readResponse(await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`))
  t.strictSame([response.status, response.informational, response.body], [200, [], 'ok'])
  t.strictSame(corsFields(response), [])
  await assertWell(t, proxy, upstream)
  t.equal(upstream.connections.length, 1)
})

t.test('D067 a flood of interim responses is a 502', async t => {
  const upstream = await startFaultUpstream(t, unlessGood([write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(2000))]))
  const proxy = await startTestProxy(t, upstream.url)
  t.equal(readResponse(await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)).status, 502)
  await assertWell(t, proxy, upstream)
})

t.test('D070 HTTP/1.0 is served with a length, kept alive only if asked for, and never with chunks', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood(request =>
      request.target === '/web/chunked'
        ? [write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')]
        : [write(ok)],
    ),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const get = (target: string, fields = '') => `GET ${target} HTTP/1.0\r\nHost: a\r\n${fields}\r\n`
  const closed = readResponse(await proxy.send(t, get('/web/k')))
  t.strictSame([closed.status, closed.values('connection'), closed.body], [200, ['close'], 'ok'])
  const [first, second] = readResponses(
    await proxy.send(t, get('/web/k', 'Connection: keep-alive\r\n') + get('/web/k')),
  )
  t.strictSame([first?.values('connection'), second?.values('connection')], [['keep-alive'], ['close']])
  const chunked = readResponse(await proxy.send(t, get('/web/chunked', 'Connection: keep-alive\r\n')))
  t.strictSame([chunked.framing, chunked.body, chunked.values('connection')], ['close', 'ok', ['close']])
  t.ok(upstream.requests.every(({ version }) => version === '1.1'))
  await assertWell(t, proxy, upstream)
})

t.test('D071 trailers of a request are discarded, whatever they are', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const content = '2\r\nhi\r\n0\r\n'
  const response = readResponse(
    await proxy.send(
      t,
      `${put(`Transfer-Encoding: chunked\r\nTrailer: X-T\r\n${closing}`)}${content}X-T: 1\r\nHost: evil\r\nAuthorization: x\r\n\r\n`,
    ),
  )
  t.equal(response.status, 200)
  const [request] = upstream.requests
  t.strictSame([request?.body.toString(), request?.trailers], ['hi', []])
  t.strictSame(fieldValues(request ?? { fields: [] }, 'host'), ['a'])
  t.strictSame(fieldValues(request ?? { fields: [] }, 'trailer'), [])
  const length = await proxy.send(t, `${put('Transfer-Encoding: chunked\r\n')}${content}Content-Length: 5\r\n\r\n`)
  t.equal(readResponse(length).status, 400)
  await assertWell(t, proxy, upstream)
})

t.test('D072 trailers of a response are dropped', async t => {
  const upstream = await startFaultUpstream(
    t,
    unlessGood([
      write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Access-Control-Allow-Origin\r\n\r\n2\r\nok\r\n0\r\n',
      ),
      write('Access-Control-Allow-Origin: *\r\nX-Checksum: 1\r\n\r\n'),
    ]),
  )
  const proxy = await startTestProxy(t, upstream.url)
  const text = await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n${closing}\r\n`)
  const response = readResponse(text)
  t.strictSame([response.framing, response.verdict, response.body], ['chunked', 'complete', 'ok'])
  t.notMatch(text, /^(?:access-control|x-checksum|trailer)/im, 'Vary names fields of a request')
  await assertWell(t, proxy, upstream)
  t.equal(upstream.connections.length, 1)
})
