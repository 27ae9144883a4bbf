// The limits of time, each reached and each kept away from.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { errorCode, readResponse } from '../fixtures/client-responses.ts'
import { fin, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { patternedBytes, writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { upload } from '../fixtures/uploads.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

t.setTimeout(300_000)

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

t.test('limits of time', async t => {
  t.jobs = 8
  const limits = { headersSeconds: 0.4, idleSeconds: 0.4, keepAliveSeconds: 0.3 }
  const quick = { limits, upstream: { responseSeconds: 0.4, idleSeconds: 0.4 } }
  t.test('an upload that goes on is never too long', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, quick)
    const client = await proxy.open(t)
    await client.write(request('PUT', `Content-Length: 20\r\n${closing}`))
    await client.writePieces('0123456789'.repeat(2), 80)
    await ended(client)
    t.equal(readResponse(client.text).status, 200)
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('a connection that does not come up is a 504', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const silent = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, silent.url.replace('http:', 'https:'), { upstream: { connectSeconds: 0.3 } })
    t.equal(readResponse(await proxy.send(t, request('GET', closing))).status, 504)
    t.equal((await proxy.record('/web/k')).upstreamFailure, 'timeout')
    await silent.until(({ open }) => open === 0)
    proxy.apply({}, upstream.url)
    await assertWell(t, proxy, upstream)
  })
  t.test('an endpoint that takes longer than an idle client may is waited for', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: goodOr(async () => {
        await delay(1000)
        return ok
      }),
    })
    const proxy = await startTestProxy(t, upstream.url, { limits })
    t.equal(readResponse(await proxy.send(t, request('GET', closing))).status, 200)
    await assertWell(t, proxy, upstream)
  })
  t.test('a head that drips', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, { limits: { headersSeconds: 0.4 } })
    const client = await proxy.open(t)
    for (const piece of request('GET', 'X: '.padEnd(60, 'x'))) {
      if (client.ended !== undefined) break
      await client.writePieces([piece], 40)
    }
    await ended(client)
    t.strictSame([readResponse(client.text).status, errorCode(readResponse(client.text))], [408, 'RequestTimeout'])
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('a connection that says nothing is no request', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, quick)
    const client = await proxy.open(t)
    await ended(client)
    t.strictSame([client.text, proxy.started], ['', 0])
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('content that stops', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, { limits })
    const client = await proxy.open(t)
    await client.write(`${request('PUT', 'Content-Length: 10\r\n')}hello`)
    await ended(client)
    t.equal(readResponse(client.text).status, 408)
    t.match(await proxy.record('/web/k'), {
      clientAborted: true,
      upstreamFailure: undefined,
      errorCode: 'RequestTimeout',
    })
    client.destroy()
    await upstream.until(({ open }) => open === 0)
    t.equal(upstream.requests[0]?.complete, false)
    await assertWell(t, proxy, upstream)
  })
  t.test('content that stops after the endpoint made the client wait', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t, {
      answerHead: (_request, { socket }) => {
        socket.pause()
        setTimeout(() => socket.resume(), 1000)
        return undefined
      },
      keepBytes: false,
    })
    const proxy = await startTestProxy(t, upstream.url, { limits })
    const client = await proxy.open(t)
    await client.write(request('PUT', 'Content-Length: 60000000\r\n'))
    const size = 20_000_000
    t.equal(await upload(client, size), size, 'it all went up after the endpoint went on')
    await ended(client)
    t.equal(readResponse(client.text).status, 408)
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('a reader that stops', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: goodOr(async (_request, connection) => {
        connection.socket.write(`${status}Content-Length: 300000000\r\n\r\n`)
        await writeEndlessly(connection)
        return undefined
      }),
      keepBytes: false,
    })
    const proxy = await startTestProxy(t, upstream.url, { limits })
    const client = await proxy.open(t)
    client.socket.pause()
    await client.write(request('GET'))
    t.match(await proxy.record('/web/k'), { clientAborted: true, upstreamFailure: undefined, status: 200 })
    client.destroy()
    await upstream.until(({ open }) => open === 0)
    await assertWell(t, proxy, upstream)
  })
  t.test('a reader that stops within what only its end delimits', { buffered: true }, async t => {
    const upstream = await startFaultUpstream(t, (_connection, received) =>
      received?.target === goodTarget
        ? [write(ok)]
        : [write(`${status}\r\n`), write(patternedBytes(1, 15_000_000)), fin],
    )
    for (const tls of [false, true]) {
      const proxy = await startTestProxy(t, upstream.url, { limits }, { tls })
      const client = await proxy.open(t)
      client.socket.pause()
      await client.write(request('GET'))
      t.match(await proxy.record('/web/k'), { clientAborted: true, upstreamFailure: undefined })
      client.socket.resume()
      await ended(client)
      t.equal(await client.endedBy(), 'reset', 'a part is not ended as if it were whole')
      client.destroy()
      await assertWell(t, proxy, upstream, { idle: 2 })
    }
  })
  t.test('an idle client connection is kept for its time, then closed in order', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, { limits: { keepAliveSeconds: 0.4 } })
    const client = await proxy.open(t)
    const startedAt = Date.now()
    await client.write(request('GET'))
    await client.until(({ text }) => text.endsWith('ok'))
    await ended(client)
    t.equal(client.ended, 'fin')
    t.ok(Date.now() - startedAt > 300)
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
})
