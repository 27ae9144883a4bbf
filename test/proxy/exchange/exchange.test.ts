import { BlockList } from 'node:net'
import t, { type Test } from 'tap'
import { Exchange } from '../../../src/proxy/exchange/exchange.ts'
import type { ExchangePlan } from '../../../src/proxy/exchange/exchange-plan.ts'
import { ungovernedCors } from '../../../src/proxy/exchange/relayed-fields.ts'
import { guardRequest, isRejection } from '../../../src/proxy/request/request-guard.ts'
import { newRecord, type RequestRecord } from '../../../src/proxy/request/request-record.ts'
import { s3Errors } from '../../../src/s3/errors/error-catalogue.ts'
import { type ClientResponse, readResponse } from '../../fixtures/client-responses.ts'
import { createContext, serveRequests } from '../../fixtures/client-side.ts'
import { createFakePool, FakeWaiter } from '../../fixtures/fake-pool.ts'
import type { FakeSocket } from '../../fixtures/fake-socket.ts'
import { until } from '../../fixtures/patience.ts'
import { openRaw, type RawConnection } from '../../fixtures/raw-client.ts'

const get = 'GET /k HTTP/1.1\r\nHost: a\r\n\r\n'
const put = 'PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n'
const expecting = put.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')
const copying = expecting.replace('\r\n\r\n', '\r\nX-Amz-Copy-Source: /b/k\r\n\r\n')
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** One exchange between a client and an endpoint that a test plays; time moves when the test says so. */
async function start(t: Test, bytes: string, { reused = false, silentMs = 0, responseMs = 1000 } = {}) {
  const fake = createFakePool({ keepAliveMs: 60_000 })
  const { clock, sockets, pool, take } = fake
  if (reused) {
    const before = take()
    before.detach()
    pool.release(before)
    await clock.advance(silentMs)
  }
  const { context, heard } = createContext()
  const record = newRecord(bytes.slice(0, bytes.indexOf(' ')), '/k', undefined, 0)
  const begun: Exchange[] = []
  const port = await serveRequests(t, (request, response) => {
    const guarded = guardRequest(request, { targetBytes: 100, fields: 20 })
    if (isRejection(guarded)) throw new Error('the guard refused it')
    const plan: ExchangePlan = {
      clientRequest: request,
      clientResponse: response,
      record,
      request: guarded,
      host: 'a',
      unsentName: '127.0.0.1',
      servername: '',
      forwardedLines: 'X-Forwarded-For: 192.0.2.1\r\n',
      forwardedFor: { mode: 'replace', trusted: new BlockList() },
      cors: ungovernedCors,
      look: undefined,
      expectsContinue: request.headers.expect !== undefined,
      pool,
      responseMs,
      idleMs: 500,
    }
    const exchange = new Exchange({ ...context, now: clock.now }, plan)
    begun.push(exchange)
    exchange.start()
  })
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write(bytes)
  await until(() => begun.length === 1 && sockets.length === 1)
  const exchange = begun[0] as Exchange
  const socket = sockets[0] as FakeSocket
  if (!reused) socket.connect()
  await until(() => socket.written.includes('\r\n\r\n'))
  return {
    ...fake,
    client,
    exchange,
    socket,
    record,
    until,
    /** Moves the clock, and has the exchange look at it. */
    async tick(ms: number) {
      await clock.advance(ms)
      exchange.tick(clock.now())
    },
    /** What the client got, as soon as the exchange has ended. */
    async finished(): Promise<{ text: string; record: RequestRecord }> {
      await until(() => heard.ended.length === 1)
      await client.until(
        ({ text, ended }) => ended !== undefined || client.socket.destroyed || /(?:<\/Error>|ok)$/.test(text),
      )
      return { text: client.text, record }
    },
  }
}

/** The response as soon as it is complete. */
async function answered(client: RawConnection): Promise<ClientResponse> {
  const final = /^(?:HTTP\/1\.1 100 .*\r\n\r\n)?HTTP\/1\.1 [2-5][\s\S]*\r\n\r\n/
  await client.until(({ text }) => final.test(text) && readResponse(text).verdict === 'complete')
  return readResponse(client.text)
}

t.test('the request goes up as it came, and the connection serves the next', async t => {
  const { client, socket, pool, until, record } = await start(t, get)
  t.equal(socket.written, 'GET /k HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n')
  socket.receive(ok)
  t.match(await answered(client), { status: 200, body: 'ok' })
  await until(() => pool.size.idle === 1)
  t.match(record, { status: 200, responseBodyBytes: 2, clientAborted: false, upstreamFailure: undefined })
})

for (const leaves of [true, false]) {
  t.test(
    `an answer that comes before Node says that the content has left: ${leaves ? 'the connection serves the next' : 'where it does not leave, the connection ends'}`,
    async t => {
      const { client, socket, pool, until } = await start(t, `${put}da`)
      socket.hold()
      await client.write('ta')
      await until(() => socket.written.endsWith('data'))
      socket.receive(ok)
      // As over TLS, where the write's own callback comes behind the read.
      if (leaves) socket.letGo()
      t.match(await answered(client), { status: 200, body: 'ok' })
      await until(() => pool.size.idle === 1 || socket.destroyed)
      t.strictSame([pool.size.idle, socket.destroyed], leaves ? [1, false] : [0, true])
    },
  )
}

const retries = [
  { name: 'GET on a reused connection is sent once more', bytes: get, reused: true, before: '', again: true },
  { name: 'HEAD too', bytes: get.replace('GET', 'HEAD'), reused: true, before: '', again: true },
  { name: 'not on a new connection', bytes: get, reused: false, before: '', again: false },
  { name: 'not after a byte of the answer', bytes: get, reused: true, before: 'HTTP/1.1', again: false },
  { name: 'not DELETE', bytes: get.replace('GET', 'DELETE'), reused: true, before: '', again: false },
  { name: 'not a request with content', bytes: `${put}body`, reused: true, before: '', again: false },
  { name: 'PUT whose content waits for a 100', bytes: expecting, reused: true, before: '', again: true },
  { name: 'not after the 100', bytes: expecting, reused: true, before: 'HTTP/1.1 100 Continue\r\n\r\n', again: false },
  { name: 'not a copy, which needs no content', bytes: copying, reused: true, before: '', again: false },
  { name: 'not POST', bytes: expecting.replace('PUT', 'POST'), reused: true, before: '', again: false },
]
for (const { name, bytes, reused, before, again } of retries) {
  t.test(`after the endpoint has left: ${name}`, async t => {
    const { client, socket, sockets, until, record } = await start(t, bytes, { reused })
    if (before !== '') socket.receive(before)
    socket.receiveEnd()
    if (!again) {
      t.equal((await answered(client)).status, 502)
      t.equal(sockets.length, 1)
      t.equal(record.upstreamFailure, before === '' ? 'reset' : 'truncated')
      return
    }
    await until(() => sockets.length === 2)
    sockets[1]?.connect()
    t.equal(sockets[1]?.written, socket.written)
    sockets[1]?.receiveEnd()
    await client.until(({ text }) => text.includes('502'))
    t.equal(sockets.length, 2, 'and no third time')
  })
}

const losses = [
  { name: 'GET is sent once more on a new one', bytes: get, silentMs: 5000, before: '', again: true },
  { name: 'HEAD too', bytes: get.replace('GET', 'HEAD'), silentMs: 5000, before: '', again: true },
  { name: 'not after a byte of the answer', bytes: get, silentMs: 5000, before: 'HTTP/1.1', again: false },
  { name: 'not on one that was idle for less', bytes: get, silentMs: 4999, before: '', again: false },
]
for (const { name, bytes, silentMs, before, again } of losses) {
  t.test(`no answer on a connection that was idle for long: ${name}`, async t => {
    const { client, socket, sockets, tick, until, pool } = await start(t, bytes, {
      reused: true,
      silentMs,
      responseMs: 10_000,
    })
    if (before !== '') socket.receive(before)
    await tick(2999)
    t.equal(socket.destroyed, false)
    await tick(1)
    t.equal(sockets.length, again ? 2 : 1)
    if (!again) return
    sockets[1]?.connect()
    t.equal(sockets[1]?.written, socket.written)
    await tick(9999)
    t.equal(sockets.length, 2, 'and no third time, however long that one takes')
    t.equal(socket.destroyed, false, 'the first may still answer')
    sockets[1]?.receive(bytes.startsWith('HEAD') ? ok.slice(0, -2) : ok)
    await client.until(({ text }) => text.startsWith('HTTP/1.1 200 '))
    t.equal(socket.destroyed, true)
    await until(() => pool.size.idle === 1)
  })
}

t.test('a request that was sent again', async t => {
  const startTwice = async (t: Test) => {
    const started = await start(t, get, { reused: true, silentMs: 8000, responseMs: 10_000 })
    await started.tick(3000)
    const second = started.sockets[1] as FakeSocket
    /** Whether a request that cannot be sent again may have a connection that was idle for so long. */
    const isCertain = async (idleMs: number) => {
      await started.until(() => started.pool.size.idle > 0)
      await started.clock.advance(idleMs)
      const opened = started.sockets.length
      const waiter = new FakeWaiter()
      waiter.repeatable = false
      started.pool.acquire(waiter, '', false)
      await new Promise(resolve => setImmediate(resolve))
      return started.sockets.length === opened
    }
    return { ...started, second, isCertain }
  }
  t.test('gets the first answer, though it comes late: the endpoint kept the connection', async t => {
    const { client, socket, second, pool, record, isCertain } = await startTwice(t)
    second.connect()
    socket.receive(ok.slice(0, 20))
    t.equal(second.destroyed, true)
    socket.receive(ok.slice(20))
    t.match(await answered(client), { status: 200, body: 'ok' })
    t.equal(record.upstreamFailure, undefined)
    t.equal(record.upstreamFirstByteAtMs - record.upstreamStartedAtMs, 3000)
    t.equal(await isCertain(6999), true)
    t.equal(pool.size.connections, 1)
  })
  t.test('and before the other has come up', async t => {
    const { client, socket, second, pool } = await startTwice(t)
    socket.receive(ok)
    t.match(await answered(client), { status: 200, body: 'ok' })
    second.connect()
    t.match(pool.size, { connections: 2, idle: 2 })
  })
  t.test('gets the answer of the other: what was idle for so long is lost', async t => {
    const { client, second, isCertain } = await startTwice(t)
    second.connect()
    second.receive(ok)
    t.match(await answered(client), { status: 200, body: 'ok' })
    t.equal(await isCertain(501), false)
  })
  t.test('gets the first answer when there is no other', async t => {
    for (const fail of [
      (second: FakeSocket) => second.destroy(),
      (second: FakeSocket) => {
        second.connect()
        second.receiveEnd()
      },
    ]) {
      const { client, socket, second, until } = await startTwice(t)
      fail(second)
      await until(() => second.destroyed)
      await new Promise(resolve => setImmediate(resolve))
      socket.receive(ok)
      t.match(await answered(client), { status: 200, body: 'ok' })
    }
  })
  t.test('fails when neither answers', async t => {
    const { client, socket, second, tick } = await startTwice(t)
    second.connect()
    await tick(9999)
    await tick(1)
    t.equal((await answered(client)).status, 504)
    t.strictSame([socket.destroyed, second.destroyed], [true, true])
  })
  t.test('fails when both have ended', async t => {
    const { client, socket, second } = await startTwice(t)
    second.connect()
    socket.receiveEnd()
    second.receiveEnd()
    t.equal((await answered(client)).status, 502)
  })
  t.test('is not sent, when its client leaves', async t => {
    const { client, socket, second, finished } = await startTwice(t)
    second.connect()
    client.reset()
    await finished()
    t.strictSame([socket.destroyed, second.destroyed], [true, true])
  })
  t.test('makes the next wait for twice as long as the answer took', async t => {
    const { client, exchange, socket, pool } = await startTwice(t)
    socket.receive(ok)
    await answered(client)
    t.equal(exchange.underWay, false)
    t.equal(pool.doubts.begin(5999), false)
    t.equal(pool.doubts.begin(6000), true)
  })
})

t.test('a connection that is handed on was not idle, however long it was before', async t => {
  const { clock, sockets, pool, take, ask } = createFakePool({ connections: 1, keepAliveMs: 60_000 })
  const first = take()
  pool.release(first)
  await clock.advance(6000)
  t.equal(take(), first)
  t.equal(first.idleMs, 6000)
  const next = ask()
  pool.release(first)
  t.equal(next.connection, first)
  t.equal(first.idleMs, 0)
  t.equal(sockets.length, 1)
})

const timeouts = [
  { name: 'no response head', receive: '', quietMs: 999, lateMs: 1, status: 504 },
  { name: 'no more of the content', receive: ok.replace(': 2', ': 9'), quietMs: 499, lateMs: 1, status: 200 },
]
for (const { name, receive, quietMs, lateMs, status } of timeouts) {
  t.test(`${name} in time is a timeout`, async t => {
    const { socket, tick, finished, client, exchange, clock } = await start(t, get)
    exchange.tick(clock.now())
    if (receive !== '') {
      socket.receive(receive)
      await client.until(({ text }) => text.endsWith('ok'))
      exchange.tick(clock.now())
    }
    await tick(quietMs)
    t.equal(socket.destroyed, false)
    await tick(lateMs)
    t.equal(socket.destroyed, true)
    const { text, record } = await finished()
    t.match(readResponse(text), { status, verdict: status === 504 ? 'complete' : 'incomplete' })
    t.match(record, { upstreamFailure: 'timeout', clientAborted: false })
  })
}

t.test('an answer before the end of the content ends the upload and both connections', async t => {
  const { client, socket, until, record } = await start(t, `${put}bo`)
  await until(() => socket.written.endsWith('bo'))
  socket.receive('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  const response = await answered(client)
  t.match(response, { status: 403, body: 'no' })
  t.strictSame(response.values('connection'), ['close'])
  t.equal(socket.destroyed, true)
  await client.write('dy')
  await client.until(({ ended }) => ended !== undefined)
  t.equal(client.ended, 'fin')
  t.notMatch(socket.written, 'dy')
  t.match(record, { status: 403, requestBodyBytes: 2 })
})

t.test('content waits for the 100 that the client waits for', async t => {
  const { client, socket, until } = await start(t, put.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'))
  t.match(socket.written, 'Expect: 100-continue\r\n')
  socket.receive('HTTP/1.1 100 Continue\r\n\r\n')
  await client.until(({ text }) => text.startsWith('HTTP/1.1 100 '))
  await client.write('body')
  await until(() => socket.written.endsWith('\r\n\r\nbody'))
  socket.receive(ok)
  t.match(await answered(client), { status: 200, informational: [100] })
})

t.test('content that waited for a second does not go on a connection that may be lost', async t => {
  const { client, socket, sockets, until } = await start(t, expecting, { reused: true, silentMs: 5000 })
  await client.until(({ text }) => text.startsWith('HTTP/1.1 100 '))
  await client.write('body')
  await until(() => sockets.length === 2)
  t.equal(socket.destroyed, true)
  sockets[1]?.connect()
  await until(() => sockets[1]?.written.endsWith('\r\n\r\nbody') === true)
  t.notMatch(socket.written, 'body')
  sockets[1]?.receive(ok)
  t.match(await answered(client), { status: 200, informational: [100] })
})

t.test('a client that leaves takes its request with it', async t => {
  const { client, socket, finished } = await start(t, get)
  client.reset()
  t.match((await finished()).record, { clientAborted: true, status: 0 })
  t.equal(socket.destroyed, true)
})

t.test('an abort from our side is an answer, or a response that breaks off', async t => {
  for (const { receive, status, verdict } of [
    { receive: '', status: 503, verdict: 'complete' },
    { receive: ok.replace(': 2', ': 9'), status: 200, verdict: 'incomplete' },
  ]) {
    const { socket, exchange, client, finished } = await start(t, get)
    if (receive !== '') {
      socket.receive(receive)
      await client.until(({ text }) => text.endsWith('ok'))
    }
    t.equal(exchange.underWay, true)
    exchange.abort(s3Errors.serviceUnavailable)
    t.match(readResponse((await finished()).text), { status, verdict })
    t.equal(exchange.underWay, false)
    t.equal(socket.destroyed, true)
  }
})
