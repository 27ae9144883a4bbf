// Expect: 100-continue, and interim responses.

import t from 'tap'
import { corsFields, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, pause, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
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

t.test('Expect: a refusal reaches the client before it sends its content', async t => {
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

t.test('Expect: what a client sends all the same after a refusal is not read as a request', async t => {
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

t.test('Expect: 100, content and final answer pass, and the connection goes on', async t => {
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

t.test('Expect: an endpoint that says nothing is asked for nothing longer than a second', async t => {
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
    ['another expectation is S3’s business', `${put(`Expect: foo\r\nContent-Length: 2\r\n${closing}`)}hi`, ['foo']],
    ['an empty expectation', `${put(`Expect:\r\nContent-Length: 2\r\n${closing}`)}hi`, ['']],
    ['HTTP/1.0', `${put('Expect: 100-continue\r\nContent-Length: 2\r\n', '1.0')}hi`, []],
  ] as const) {
    const response = readResponse(await proxy.send(t, bytes), bytes.slice(0, 3))
    t.strictSame([response.status, response.informational], [200, []], name)
    t.strictSame(fieldValues(upstream.requests.at(-1) ?? { fields: [] }, 'expect'), sent, name)
  }
  await assertWell(t, proxy, upstream)
})

t.test('interim responses are never taken for the final one', async t => {
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

t.test('a flood of interim responses is a 502', async t => {
  const upstream = await startFaultUpstream(t, unlessGood([write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(2000))]))
  const proxy = await startTestProxy(t, upstream.url)
  t.equal(readResponse(await proxy.send(t, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)).status, 502)
  await assertWell(t, proxy, upstream)
})
