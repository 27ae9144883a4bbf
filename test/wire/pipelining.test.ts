// Pipelined requests are answered in order, one at a time, and leave nothing behind.

import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { ledgerOf } from '../../src/proxy/server/proxy-server.ts'
import { readResponses } from '../fixtures/client-responses.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const preflight = `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: PUT\r\n${closing}\r\n`
const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

t.test('pipelined requests are answered in order, one at a time', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: async ({ target, method, body }) => {
      await delay(target.length % 3)
      const content = `${method} ${target} ${body.toString()}`
      return `${status}Content-Length: ${content.length}\r\n\r\n${content}`
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  const methods = ['GET', 'PUT', 'OPTIONS', 'DELETE', 'POST', 'GET']
  const parts = Array.from({ length: 60 }, (_, index) => {
    const method = methods[index % methods.length] ?? ''
    const target = `/web/${'k'.repeat(index % 7)}${index}`
    if (method === 'PUT')
      return {
        method,
        target,
        bytes: `${request(method, 'Content-Length: 3\r\n', target)}abc`,
        body: `PUT ${target} abc`,
      }
    if (method === 'POST')
      return {
        method,
        target,
        bytes: `${request(method, 'Transfer-Encoding: chunked\r\n', target)}3\r\nabc\r\n0\r\n\r\n`,
        body: `POST ${target} abc`,
      }
    if (method === 'OPTIONS')
      return { method, target, bytes: request(method, 'Access-Control-Request-Method: PUT\r\n', target), body: '' }
    return { method, target, bytes: request(method, '', target), body: `${method} ${target} ` }
  })
  for (const cut of [1, 7, parts.length]) {
    const client = await proxy.open(t)
    for (let at = 0; at < parts.length; at += cut)
      await client.write(
        parts
          .slice(at, at + cut)
          .map(({ bytes }) => bytes)
          .join(''),
      )
    await client.write(request('GET', closing, goodTarget))
    await ended(client)
    const responses = readResponses(client.text, ...parts.map(({ method }) => method))
    t.strictSame(
      responses.slice(0, -1).map(({ body }) => body),
      parts.map(({ body }) => body),
    )
    client.destroy()
  }
  t.strictSame(upstream.faults, [])
  t.ok(upstream.connections.length <= 3, 'one at a time')
})

const floods = [
  { name: 'a flood of pipelined requests', bytes: 'GET /web/k HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500_000) },
  {
    name: 'a flood of large pipelined requests',
    bytes: `GET /web/k HTTP/1.1\r\nHost: a\r\nX-Pad: ${'x'.repeat(60_000)}\r\n\r\n`.repeat(300),
  },
  {
    name: 'a flood of pipelined uploads in small chunks',
    bytes: `PUT /web/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`20\r\n${'x'.repeat(32)}\r\n`.repeat(500_000)}`,
  },
]

for (const { name, bytes } of floods) {
  for (const tls of [false, true]) {
    t.test(`${name}${tls ? ' over TLS' : ''} is not read while the first is not answered`, async t => {
      const answer = Promise.withResolvers<string>()
      const upstream = await startRecordingUpstream(t, { answer: goodOr(() => answer.promise) })
      const proxy = await startTestProxy(t, upstream.url, {}, { tls })
      const client = await proxy.open(t)
      await client.write('GET /web/k HTTP/1.1\r\nHost: a\r\n\r\n')
      await upstream.until(({ requests }) => requests.length === 1)
      const sent = client.write(bytes).then(
        () => 'all',
        () => 'failed',
      )
      t.equal(await Promise.race([sent, delay(1000).then(() => 'waits')]), 'waits')
      const held = ledgerOf(proxy.plane.server)?.size.heldBytes ?? 0
      t.ok(held > 0 && held < 512 * 1024, `${held} bytes are held`)
      t.equal(upstream.requests.length, 1)
      client.destroy()
      answer.resolve(ok)
      await proxy.until(({ inFlight }) => inFlight === 0)
      await assertWell(t, proxy, upstream)
    })
  }
}

t.test('two thousand pipelined requests in groups of a hundred are all answered', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  for (let turn = 1; turn <= 20; turn++) {
    await client.write('GET /web/k HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100))
    await proxy.until(({ records }) => records.length === turn * 100)
  }
  await client.write(request('GET', closing, goodTarget))
  await ended(client)
  t.equal(readResponses(client.text).length, 2001)
  client.destroy()
  await assertWell(t, proxy, upstream)
})

t.test('what is faulty behind a good request is answered after it', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: async () => {
      await delay(20)
      return ok
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  const good = 'GET /web/k HTTP/1.1\r\nHost: a\r\n\r\n'
  for (const [bytes, statuses] of [
    [`${good}\x01\r\n\r\n`, [200, 400]],
    [`${good}${good}${good}\x01\r\n\r\n`, [200, 200, 200, 400]],
    [`${good}${preflight.replace(closing, '')}garbage\r\n\r\n`, [200, 200, 400]],
    [`${good}${request('PUT', 'Content-Length: 2\r\nContent-Length: 2\r\n')}hi`, [200, 400]],
    [`${good}${request('POST', 'Transfer-Encoding: chunked\r\n')}zz\r\n`, [200, 400]],
    [`${good}BREW / HTTP/1.1\r\nHost: a\r\n\r\n`, [200, 405]],
    [`${request('GET', closing)}${good}`, [200]],
    [`${request('GET', closing)}garbage`, [200]],
  ] as const) {
    const text = await proxy.send(t, bytes)
    t.strictSame(
      readResponses(text).map(({ status: code }) => code),
      statuses,
      JSON.stringify(bytes.slice(0, 120)),
    )
  }
  await assertWell(t, proxy, upstream)
})

t.test('ten thousand requests leave nothing behind', async t => {
  const upstream = await startRecordingUpstream(t, { answer: answerOk, keepBytes: false })
  const proxy = await startTestProxy(t, upstream.url)
  const count = { listeners: 0, resources: 0 }
  const client = await proxy.open(t)
  const socketOf = upstream.connections
  for (let turn = 0; turn < 100; turn++) {
    const before = client.receivedBytes
    let at = 0
    // Sequential for the endpoint, in order for the client.
    await client.write(
      request('GET').repeat(50) + request('HEAD').repeat(0) + `${request('PUT', 'Content-Length: 2\r\n')}hi`.repeat(50),
    )
    await client.until(({ receivedBytes }) => {
      at = receivedBytes
      return at - before > 0 && proxy.records.length === (turn + 1) * 100
    }, 10_000)
    if (turn === 1) count.listeners = listenersOf(socketOf.filter(({ closed }) => !closed))
    if (turn === 1) count.resources = process.getActiveResourcesInfo().length
  }
  t.equal(proxy.records.length, 10_000)
  t.ok(proxy.records.every(record => record.status === 200))
  // A PUT after a pause has a fresh one, in the place of the one before.
  await upstream.until(({ open }) => open === 1)
  t.equal(listenersOf(socketOf.filter(({ closed }) => !closed)), count.listeners)
  t.ok(process.getActiveResourcesInfo().length <= count.resources + 2)
  t.equal(proxy.plane.server.listenerCount('request'), 1)
  client.destroy()
  await assertWell(t, proxy, upstream)
})

function listenersOf(connections: readonly { readonly socket: Socket }[]): number {
  return connections.reduce(
    (sum, { socket }) => sum + socket.eventNames().reduce((all, name) => all + socket.listenerCount(name), 0),
    0,
  )
}
