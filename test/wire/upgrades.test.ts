// Upgrade, WebSockets of the console, CONNECT.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues, type ReceivedRequest } from '../fixtures/request-reader.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closing = 'Connection: close\r\n'

/** Answers the good request well, every other as the script says. */
function unlessGood(script: FaultScript | ((request: ReceivedRequest) => FaultScript)) {
  return (_connection: unknown, request: ReceivedRequest | undefined): FaultScript => {
    if (request === undefined || request.target === goodTarget) return [write(ok)]
    return typeof script === 'function' ? script(request) : script
  }
}

for (const settings of [{}, { console: { host: 'console.example.com', url: 'http://127.0.0.1:9' } }]) {
  const name = `an upgrade on the S3 port is served as if not asked for, ${JSON.stringify(settings)}`
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

t.test('an unsolicited 101 is a 502, and its connection is not used again', async t => {
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
