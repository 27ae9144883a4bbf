// A connection that the endpoint closes as it is used again, and what may be sent a second time.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, fin, pause, rst, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodTarget } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
/** Of an endpoint that says how long it keeps a connection: a request that cannot be sent again takes it, too. */
const keeping = `${status}Keep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

t.test('a connection that the endpoint closes as it is used again', async t => {
  for (const [name, bytes, script, expected, sent] of [
    ['GET', request('GET', closing), [fin], 200, 2],
    ['GET, reset', request('GET', closing), [rst], 200, 2],
    ['HEAD', request('HEAD', closing), [fin], 200, 2],
    ['GET with content', `${request('GET', `Content-Length: 2\r\n${closing}`)}hi`, [fin], 502, 1],
    ['PUT', `${request('PUT', `Content-Length: 2\r\n${closing}`)}hi`, [fin], 502, 1],
    ['PUT without content', request('PUT', `Content-Length: 0\r\n${closing}`), [fin], 502, 1],
    ['conditional PUT', `${request('PUT', `If-None-Match: *\r\nContent-Length: 2\r\n${closing}`)}hi`, [rst], 502, 1],
    ['POST', request('POST', closing), [fin], 502, 1],
    ['DELETE', request('DELETE', closing), [fin], 502, 1],
    ['GET after one byte', request('GET', closing), [write('H'), pause(10), fin], 502, 1],
    ['GET after a malformed byte', request('GET', closing), [write('X')], 502, 1],
  ] satisfies [string, string, FaultScript, number, number][]) {
    t.test(name, async t => {
      let seen = 0
      const upstream = await startFaultUpstream(
        t,
        ({ requests }, received) => {
          if (received?.target === goodTarget) return [write(keeping)]
          seen++
          // Only the used connection is closed under the request.
          return requests.length > 1 ? script : [write(received?.method === 'HEAD' ? ok.slice(0, -2) : ok)]
        },
        { at: 'request' },
      )
      const proxy = await startTestProxy(t, upstream.url)
      await proxy.send(t, request('GET', closing, goodTarget))
      const response = readResponse(await proxy.send(t, bytes), bytes.slice(0, 4).trim())
      t.equal(response.status, expected)
      t.equal(seen, sent, 'sent as often as may be')
      await assertWell(t, proxy, upstream)
    })
  }
  t.test('a second failure is not tried again', async t => {
    const upstream = await startFaultUpstream(t, ({ requests }, received) =>
      received?.target === goodTarget || requests.length === 0 ? [write(ok)] : [rst],
    )
    const proxy = await startTestProxy(t, upstream.url)
    await proxy.send(t, request('GET', closing, goodTarget))
    t.equal(readResponse(await proxy.send(t, request('GET', closing))).status, 502)
    t.equal(upstream.requests.filter(({ target }) => target === '/web/k').length, 2)
    await assertWell(t, proxy, upstream)
  })
  t.test('a first failure on a new connection is not tried again', async t => {
    const upstream = await startFaultUpstream(t, (_connection, received) =>
      received?.target === goodTarget ? [write(ok)] : [rst],
    )
    const proxy = await startTestProxy(t, upstream.url)
    t.equal(readResponse(await proxy.send(t, request('GET', closing))).status, 502)
    t.equal(upstream.requests.length, 1)
    await assertWell(t, proxy, upstream)
  })
  t.test('with one connection and no queue', async t => {
    const upstream = await startFaultUpstream(t, ({ requests }) => (requests.length > 1 ? [fin] : [write(ok)]))
    const proxy = await startTestProxy(t, upstream.url, { upstream: { connections: 1, queue: 0 } })
    for (let i = 0; i < 5; i++) t.equal(readResponse(await proxy.send(t, request('GET', closing))).status, 200)
  })
})

t.test('an endpoint whose connections live shorter than ours', async t => {
  t.test('its own word is taken', async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: () => `${status}Keep-Alive: timeout=1, max=5\r\nContent-Length: 2\r\n\r\nok`,
    })
    const proxy = await startTestProxy(t, upstream.url)
    for (let i = 0; i < 3; i++) await proxy.send(t, request('GET', closing))
    t.equal(upstream.connections.length, 3)
    await assertWell(t, proxy, upstream)
  })
  t.test('no GET fails where nothing is said', async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: (_received, { socket }) => {
        socket.setTimeout(40, () => socket.end())
        return ok
      },
    })
    const proxy = await startTestProxy(t, upstream.url)
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const client = await proxy.open(t)
        for (let turn = 0; turn < 40; turn++) {
          await client.write(request('GET'))
          await client.until(({ text }) => text.split('\r\n\r\nok').length === turn + 2)
          await delay(30 + ((index * 7 + turn * 3) % 25))
        }
        t.ok(readResponses(client.text).every(response => response.status === 200))
        client.destroy()
      }),
    )
    t.ok(proxy.records.every(record => record.upstreamFailure === undefined))
    await assertWell(t, proxy, upstream)
  })
})
