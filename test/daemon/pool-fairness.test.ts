// A slow client does not hold what is scarce: the connections to the endpoint, and the places before them.

import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type ClientResponse, errorCode, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { sendPattern } from '../fixtures/patterned-object.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { objectBytes, type SlowKind, slowKinds, uploaded } from '../fixtures/slow-clients.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const connections = 8
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closing = 'Connection: close\r\n'

/** An endpoint that answers at once, and has one large object; what is asked for below `/web/never` is never answered. */
function startEndpoint(t: Test): Promise<RecordingUpstream> {
  return startRecordingUpstream(t, {
    answer: async ({ target }, connection) => {
      if (target === '/web/never') return undefined
      if (target === '/web/endless') {
        connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n')
        await writeEndlessly(connection)
        return undefined
      }
      if (target !== '/web/large') return ok
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${objectBytes}\r\n\r\n`)
      await sendPattern(connection.socket, objectBytes)
      return undefined
    },
  })
}

/** Everything in use is 8 connections; who waits has time, so that no machine is too slow for its turn. */
function startProxy(t: Test, upstream: RecordingUpstream, queueSeconds = 20): Promise<TestProxy> {
  return startTestProxy(t, upstream.url, {
    upstream: { connections, queue: 16, queueSeconds },
    trustedProxies,
    forwardedFor: 'append',
  })
}

/** Where the slow clients are, each by its number; the stranger always is 127.0.0.1. */
interface Place {
  readonly name: string
  readonly address: (index: number) => string
  readonly fields: (index: number) => string
}
const trustedProxies = ['127.0.0.9']
const places: readonly Place[] = [
  { name: 'from the address of the stranger', address: () => '127.0.0.1', fields: () => '' },
  { name: 'from one address', address: () => '127.0.0.2', fields: () => '' },
  { name: 'from several addresses', address: index => `127.0.0.${10 + index}`, fields: () => '' },
  {
    name: 'behind a trusted proxy',
    address: () => '127.0.0.9',
    fields: () => 'X-Forwarded-For: 203.0.113.5, 198.51.100.7\r\n',
  },
  {
    name: 'from several addresses behind a trusted proxy',
    address: () => '127.0.0.9',
    fields: index => `X-Forwarded-For: 2001:db8:0:${index + 1}::1\r\n`,
  },
]

async function openSlow(t: Test, proxy: TestProxy, kind: SlowKind, place: Place, index: number) {
  const client = await proxy.open(t, place.address(index))
  return { client, request: await kind(client, place.fields(index)) }
}

/** A request of a client that has nothing to do with the slow ones. */
async function ask(t: Test, proxy: TestProxy, bytes: string): Promise<number> {
  const client = await proxy.open(t)
  await client.write(bytes)
  await client.until(({ ended }) => ended !== undefined, 30_000)
  return readResponse(client.text, bytes.slice(0, 3)).status
}

const kinds: readonly (readonly [string, (index: number) => SlowKind])[] = [
  ...Object.entries(slowKinds).map(([name, kind]) => [name, () => kind] as const),
  ['all of these', index => Object.values(slowKinds)[index % Object.keys(slowKinds).length] as SlowKind],
]

t.test('a stranger is served while slow clients want every connection', async t => {
  t.jobs = 6
  for (const [name, kindOf] of kinds) {
    for (const place of places) {
      t.test(`${name}, ${place.name}`, { buffered: true }, async t => {
        const upstream = await startEndpoint(t)
        const proxy = await startProxy(t, upstream)
        // As many again are refused, wait, or have not come as far.
        for (let i = 0; i < 2 * connections; i++) await openSlow(t, proxy, kindOf(i), place, i)
        await proxy.until(({ inFlight, records }) => inFlight + records.length === 2 * connections)
        for (let turn = 0; turn < 2; turn++) {
          t.equal(await ask(t, proxy, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`), 200)
          t.equal(await ask(t, proxy, `PUT /web/k HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${closing}\r\nhi`), 200)
        }
      })
    }
  }
})

t.test('slow clients that no other waits for are served to the end, whatever their pace', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startProxy(t, upstream)
  const names = Object.keys(slowKinds)
  const slow = await Promise.all(
    Object.values(slowKinds).map((kind, index) => openSlow(t, proxy, kind, places[0] as Place, index)),
  )
  // Longer than any count of their pace.
  await delay(13_000)
  t.strictSame(
    await Promise.all(slow.map(({ request }) => request.finish())),
    names.map(() => true),
  )
  const uploads = names.filter(name => !name.includes('downloads')).length
  await upstream.until(({ requests }) => requests.filter(({ complete }) => complete).length === names.length)
  const bodies = upstream.requests.filter(({ method, body }) => method === 'PUT' && body.equals(uploaded))
  t.equal(bodies.length, uploads, 'each upload arrived as it was sent')
  t.ok(proxy.records.every(({ upstreamFailure }) => upstreamFailure === undefined))
})

t.test('what a client sees that gives way', async t => {
  for (const [name, bytes, seen] of [
    ['an upload', 'PUT /web/k HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nh', 503],
    ['a download', 'GET /web/large HTTP/1.1\r\nHost: a\r\n\r\n', 200],
  ] as const) {
    t.test(name, async t => {
      const upstream = await startEndpoint(t)
      const proxy = await startProxy(t, upstream)
      const slow = await Promise.all(Array.from({ length: connections }, () => proxy.open(t, '127.0.0.2')))
      for (const client of slow) {
        client.socket.pause()
        await client.write(bytes)
      }
      await upstream.until(({ requests }) => requests.length === connections)
      t.equal(await ask(t, proxy, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`), 200)
      await proxy.until(({ records }) => records.length === 2)
      t.strictSame(
        proxy.records.map(({ upstreamFailure, clientAborted }) => [upstreamFailure, clientAborted]),
        [
          ['slow_client', false],
          [undefined, false],
        ],
        'one gave way for one',
      )
      for (const client of slow) client.socket.resume()
      await proxy.until(() => slow.some(({ ended }) => ended !== undefined))
      const response = readResponse(slow.find(({ ended }) => ended !== undefined)?.text ?? '', bytes.slice(0, 3))
      t.equal(response.status, seen)
      if (seen === 200) t.equal(response.verdict, 'incomplete')
      else {
        t.strictSame(
          [errorCode(response), response.values('retry-after'), response.values('connection')],
          ['SlowDown', ['1'], ['close']],
        )
      }
    })
  }
})

t.test('the time of a slow endpoint is not counted against its clients', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startProxy(t, upstream, 6)
  const large = Buffer.alloc(objectBytes)
  const waiting = await Promise.all(Array.from({ length: connections }, () => proxy.open(t, '127.0.0.2')))
  for (const [index, client] of waiting.entries()) {
    if (index % 2 === 0) await client.write('GET /web/never HTTP/1.1\r\nHost: a\r\n\r\n')
    else {
      await client.write(`PUT /web/never HTTP/1.1\r\nHost: a\r\nContent-Length: ${large.length}\r\n\r\nx`)
    }
  }
  await upstream.until(({ requests }) => requests.length === connections)
  for (const { socket } of upstream.connections) socket.pause()
  for (const [index, client] of waiting.entries()) if (index % 2 === 1) client.socket.write(large.subarray(1))
  t.equal(await ask(t, proxy, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`), 503)
  t.strictSame(
    proxy.records.map(({ upstreamFailure }) => upstreamFailure),
    ['queue'],
  )
})

t.test('one address does not keep every connection, at the best pace either', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startProxy(t, upstream)
  for (let i = 0; i < connections; i++) {
    const client = await proxy.open(t, '127.0.0.2')
    client.socket.removeAllListeners('data').resume()
    await client.write('GET /web/endless HTTP/1.1\r\nHost: a\r\n\r\n')
  }
  await upstream.until(({ requests }) => requests.length === connections)
  t.equal(await ask(t, proxy, `GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`), 200)
  await proxy.until(({ records }) => records.length === 2)
  t.strictSame(
    proxy.records.map(({ upstreamFailure }) => upstreamFailure),
    ['slow_client', undefined],
  )
})

t.test('one address does not keep every place in the queue', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startProxy(t, upstream)
  const greedy = await Promise.all(Array.from({ length: connections + 16 }, () => proxy.open(t, '127.0.0.2')))
  for (const client of greedy) await client.write('GET /web/never HTTP/1.1\r\nHost: a\r\n\r\n')
  await proxy.until(({ inFlight }) => inFlight === connections + 16)
  const stranger = await proxy.open(t)
  await stranger.write(`GET /web/k HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
  await proxy.until(({ records }) => records.length === 1)
  t.match(proxy.records[0], { upstreamFailure: 'queue', peerAddress: '127.0.0.2' }, 'its newest is refused')
  // A place that the endpoint makes free is the stranger's, who came last.
  upstream.connections[0]?.socket.write(ok)
  await stranger.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(stranger.text).status, 200)
})

t.test('where every connection is in use, a client that waits for a 100 is told to send its content', async t => {
  const upstream = await startRecordingUpstream(t, {
    answerHead: ({ target }) => (target === '/web/expecting' ? 'HTTP/1.1 100 Continue\r\n\r\n' : undefined),
    answer: ({ target }) => (target === '/web/never' ? undefined : ok),
  })
  const proxy = await startProxy(t, upstream)
  for (let i = 0; i < connections; i++) {
    const client = await proxy.open(t)
    await client.write('GET /web/never HTTP/1.1\r\nHost: a\r\n\r\n')
  }
  await upstream.until(({ requests }) => requests.length === connections)
  const client = await proxy.open(t)
  await client.write(
    `PUT /web/expecting HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${closing}\r\n`,
  )
  await client.until(({ text }) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
  await client.write('hi')
  upstream.connections[0]?.socket.write(ok)
  await client.until(({ ended }) => ended !== undefined)
  const response = readResponse(client.text, 'PUT')
  t.strictSame([response.status, response.body, response.informational], [200, 'ok', [100]])
  const received = upstream.requests.find(({ target }) => target === '/web/expecting')
  t.equal(received?.body.toString(), 'hi')
})

t.test('an upload that is refused for want of a connection leaves its own connection in order', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startTestProxy(t, upstream.url, { upstream: { connections: 1, queue: 0 } })
  const waiting = await proxy.open(t)
  await waiting.write('GET /web/never HTTP/1.1\r\nHost: a\r\n\r\n')
  await upstream.until(({ requests }) => requests.length === 1)
  for (const framing of ['length', 'chunked']) {
    for (const size of [2, 300_000]) {
      const content = 'h'.repeat(size)
      const body = framing === 'length' ? content : `${size.toString(16)}\r\n${content}\r\n0\r\n\r\n`
      const fields = framing === 'length' ? `Content-Length: ${size}\r\n` : 'Transfer-Encoding: chunked\r\n'
      const client = await proxy.open(t)
      await client.write(`PUT /web/k HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`)
      await client.write(
        `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n${closing}\r\n`,
      )
      await client.until(({ ended }) => ended !== undefined)
      const [first, second, ...more] = readResponses(client.text, 'PUT', 'OPTIONS')
      t.strictSame([first?.status, errorCode(first as ClientResponse), more.length], [503, 'SlowDown', 0])
      // Where not all of the content had come when it was refused, nothing after it is read as a request.
      t.equal(second?.status, first?.values('connection')[0] === 'close' ? undefined : 200)
    }
  }
})

t.test('a head without content never reaches the endpoint, and is told 408 in the end', async t => {
  const upstream = await startEndpoint(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { idleSeconds: 0.5 } })
  for (const fields of ['Content-Length: 2\r\n', 'Transfer-Encoding: chunked\r\n']) {
    const text = await proxy.send(t, `PUT /web/k HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    t.equal(readResponse(text, 'PUT').status, 408)
  }
  t.equal(upstream.connections.length, 0)
  t.ok(proxy.records.every(({ clientAborted }) => clientAborted))
})
