// Streaming, aborts, timeouts, the pool, retries, memory: reliability matrix, section F.

import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { drain } from '../../src/daemon/drain.ts'
import { ledgerOf } from '../../src/proxy/server/proxy-server.ts'
import { errorCode, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { type FaultScript, fin, pause, rst, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { type Answer, answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { chunkedBytes, hashOf, patternedBytes, readSlowly, writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy, webBucket } from '../fixtures/test-proxy.ts'
import { upload } from '../fixtures/uploads.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const closing = 'Connection: close\r\n'
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`
const preflight = `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: PUT\r\n${closing}\r\n`
const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

const tlsEndpoint = (onSocket: (socket: Socket) => void) =>
  createTlsServer({ cert: localhostCertificate, key: localhostKey, allowHalfOpen: true } as object, onSocket)

t.test('what slow readers get is what was sent, while the connection to the endpoint serves others', async t => {
  /** `/web/SEED-LENGTH-FRAMING` */
  const answer: Answer = ({ target }) => {
    const [seed = 0, length = 0, framing = 0] = target.slice(5).split('-').map(Number)
    const content = patternedBytes(seed, length)
    const head = (line: string) => Buffer.from(`${status}${line}\r\n\r\n`)
    if (framing === 0) return Buffer.concat([head(`Content-Length: ${length}`), content])
    return Buffer.concat([head('Transfer-Encoding: chunked'), chunkedBytes(content, seed)])
  }
  for (const [name, frontTls, backTls] of [
    ['plain', false, false],
    ['TLS in front', true, false],
    ['TLS behind', false, true],
    ['TLS on both sides', true, true],
  ] as const) {
    t.test(name, async t => {
      const upstream = await startRecordingUpstream(t, {
        answer: goodOr(answer),
        keepBytes: false,
        ...(backTls ? { createServer: tlsEndpoint } : {}),
      })
      const url = backTls ? `https://localhost:${upstream.port}` : upstream.url
      const proxy = await startTestProxy(
        t,
        url,
        { upstream: { connections: 2 } },
        { tls: frontTls, ...(backTls ? { upstreamCa: localhostCertificate } : {}) },
      )
      let requests = 0
      const serve = async (index: number): Promise<void> => {
        const client = await proxy.open(t)
        // The odd ones read at once and ask for little, so that they take over what the slow ones leave.
        const slow = index % 2 === 0
        if (slow) readSlowly(client.socket, index)
        for (let turn = 0; turn < (slow ? 4 : 30); turn++) {
          const seed = index * 100 + turn
          const length = slow ? 300_000 + (seed % 7) * 200_003 : (seed % 5) * 2_000
          const before = client.receivedBytes
          await client.write(request('GET', '', `/web/${seed}-${length}-${seed % 2}`))
          requests++
          const isWhole = (text: string) =>
            seed % 2 === 1
              ? text.endsWith('\r\n0\r\n\r\n')
              : text.includes('\r\n\r\n') && text.length - text.indexOf('\r\n\r\n') - 4 >= length
          let text = ''
          await client.until(connection => {
            // Not at every packet: each look copies everything.
            if (connection.receivedBytes - before < length) return false
            text = connection.text.slice(before)
            return isWhole(text)
          }, 20_000)
          const response = readResponse(text)
          t.equal(response.verdict, 'complete')
          t.equal(
            hashOf(Buffer.from(response.body, 'latin1')),
            hashOf(patternedBytes(seed, length)),
            `${index}.${turn}`,
          )
        }
        client.destroy()
      }
      await Promise.all([0, 1, 2, 3, 4, 5].map(serve))
      t.equal(proxy.records.length, requests)
      t.ok(proxy.records.every(record => record.upstreamFailure === undefined && !record.clientAborted))
      t.ok(upstream.connections.length < 20, `connections are used again: ${upstream.connections.length}`)
      await assertWell(t, proxy, upstream, { idle: 2 })
    })
  }
})

t.test('a close-delimited response to a slow reader is whole', async t => {
  const content = patternedBytes(7, 2_000_003)
  const upstream = await startFaultUpstream(
    t,
    (_connection, { target } = { target: '' } as never) =>
      target === goodTarget ? [write(ok)] : [write(`${status}\r\n`), write(content), fin],
    { keepBytes: false },
  )
  for (const tls of [false, true]) {
    const proxy = await startTestProxy(t, upstream.url, {}, { tls })
    const client = await proxy.open(t)
    readSlowly(client.socket, 3)
    await client.write(request('GET'))
    await client.until(connection => connection.ended !== undefined, 20_000)
    t.equal(client.ended, 'fin')
    t.equal(hashOf(Buffer.from(readResponse(client.text).body, 'latin1')), hashOf(content))
    client.destroy()
    await assertWell(t, proxy, upstream, { idle: 2 })
  }
})

t.test('what is uploaded arrives as it was sent, however slowly it is taken', async t => {
  const content = patternedBytes(11, 3_000_001)
  const upstream = await startRecordingUpstream(t, {
    answerHead: (_request, { socket }) => {
      readSlowly(socket, 5)
      return undefined
    },
  })
  for (const tls of [false, true]) {
    const proxy = await startTestProxy(t, upstream.url, {}, { tls })
    for (const [fields, bytes] of [
      [`Content-Length: ${content.length}\r\n`, content],
      ['Transfer-Encoding: chunked\r\n', chunkedBytes(content, 1)],
    ] as const) {
      const client = await proxy.open(t)
      await client.write(Buffer.concat([Buffer.from(request('PUT', fields)), bytes]))
      await client.until(({ text }) => text.endsWith('ok'), 20_000)
      t.equal(hashOf(upstream.requests.at(-1)?.body ?? Buffer.alloc(0)), hashOf(content))
      client.destroy()
    }
    await proxy.until(({ inFlight }) => inFlight === 0)
    t.ok(proxy.records.every(record => record.requestBodyBytes === content.length))
  }
})

t.test('F090 a client that leaves a download ends it, and it is nobody else’s fault', async t => {
  for (const how of ['reset', 'fin'] as const) {
    for (const framing of [
      'Content-Length: 1000000000',
      'Transfer-Encoding: chunked\r\n\r\nffffffff',
      'X: close-delimited',
    ]) {
      const upstream = await startRecordingUpstream(t, {
        answer: goodOr(async (_request, connection) => {
          connection.socket.write(`${status}${framing}\r\n${framing.startsWith('T') ? '' : '\r\n'}`)
          await writeEndlessly(connection)
          return undefined
        }),
      })
      const proxy = await startTestProxy(t, upstream.url)
      const client = await proxy.open(t)
      await client.write(request('GET'))
      await client.until(({ receivedBytes }) => receivedBytes > 1_000_000)
      if (how === 'reset') client.reset()
      else client.destroy()
      await upstream.until(({ open }) => open === 0, 2000)
      t.match(
        await proxy.record('/web/k'),
        { clientAborted: true, upstreamFailure: undefined, status: 200 },
        `${how} ${framing}`,
      )
      await assertWell(t, proxy, upstream)
    }
  }
})

t.test('F091 a client that leaves an upload: the endpoint sees it unfinished', async t => {
  for (const [fields, content] of [
    ['Content-Length: 10\r\n', 'hello'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n'],
    ['Transfer-Encoding: chunked\r\n', 'a\r\nhello'],
  ] as const) {
    for (const how of ['fin', 'half', 'reset'] as const) {
      const upstream = await startRecordingUpstream(t)
      const proxy = await startTestProxy(t, upstream.url)
      const client = await proxy.open(t)
      await client.write(request('PUT', fields))
      await client.write(content)
      await upstream.until(({ requests }) => requests[0]?.bodyBytes === 5)
      if (how === 'reset') client.reset()
      else if (how === 'fin') client.destroy()
      else client.end()
      await upstream.until(({ open }) => open === 0)
      t.equal(upstream.requests[0]?.complete, false, `${how} after ${JSON.stringify(content)}`)
      t.notMatch(upstream.connections[0]?.received ?? '', /0\r\n\r\n$/)
      t.match(await proxy.record('/web/k'), { clientAborted: true, upstreamFailure: undefined })
      client.destroy()
      await assertWell(t, proxy, upstream)
    }
  }
})

t.test('a client that leaves is one abort, in every phase', async t => {
  const never: Answer = () => undefined
  const slow = { upstream: { connections: 1, queueSeconds: 5 } }
  t.test('F102 while it is queued: it never goes up', async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: goodOr(({ target }) => (target === '/web/first' ? undefined : ok)),
    })
    const proxy = await startTestProxy(t, upstream.url, slow)
    const first = await proxy.open(t)
    await first.write(request('GET', '', '/web/first'))
    await upstream.until(({ requests }) => requests.length === 1)
    for (const how of ['reset', 'destroy', 'end'] as const) {
      const client = await proxy.open(t)
      await client.write(request('GET', '', `/web/${how}`))
      await proxy.until(({ inFlight }) => inFlight === 2)
      client[how]()
      t.match(await proxy.record(`/web/${how}`), {
        clientAborted: true,
        status: 0,
        upstreamStartedAtMs: 0,
        upstreamFailure: undefined,
      })
      client.destroy()
    }
    first.destroy()
    t.match(await proxy.record('/web/first'), { clientAborted: true, status: 0 })
    await assertWell(t, proxy, upstream)
    t.strictSame(
      upstream.requests.map(({ target }) => target),
      ['/web/first', goodTarget],
    )
  })
  t.test('while its connection is opened', async t => {
    const upstream = await startRecordingUpstream(t)
    // A TLS handshake that nobody answers.
    const silent = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, silent.url.replace('http:', 'https:'))
    const client = await proxy.open(t)
    await client.write(request('GET'))
    await silent.until(({ connections }) => (connections[0]?.receivedBytes ?? 0) > 0)
    client.reset()
    t.match(await proxy.record('/web/k'), { clientAborted: true, status: 0, upstreamFailure: undefined })
    proxy.apply({}, upstream.url)
    await assertWell(t, proxy, upstream)
  })
  for (const [how, tls] of [
    ['reset', false],
    ['destroy', false],
    ['end', false],
    ['destroy', true],
    ['end', true],
  ] as const) {
    t.test(`while it waits for the head, ${how}, TLS ${tls}`, async t => {
      const upstream = await startRecordingUpstream(t, { answer: goodOr(never) })
      const proxy = await startTestProxy(t, upstream.url, {}, { tls })
      const client = await proxy.open(t)
      await client.write(request('GET'))
      await upstream.until(({ requests }) => requests.length === 1)
      client[how]()
      t.match(await proxy.record('/web/k'), { clientAborted: true, status: 0, upstreamFailure: undefined })
      await upstream.until(({ open }) => open === 0)
      client.destroy()
      await assertWell(t, proxy, upstream)
    })
    t.test(`within the content, ${how}, TLS ${tls}`, async t => {
      const upstream = await startFaultUpstream(t, (_connection, { target } = { target: '' } as never) =>
        target === goodTarget ? [write(ok)] : [write(`${status}\r\nabc`)],
      )
      const proxy = await startTestProxy(t, upstream.url, {}, { tls })
      const client = await proxy.open(t)
      await client.write(request('GET'))
      await client.until(({ text }) => text.endsWith('abc'))
      client[how]()
      t.match(await proxy.record('/web/k'), { clientAborted: true, status: 200, upstreamFailure: undefined })
      if (how === 'end') {
        await ended(client)
        t.equal(await client.endedBy(), 'reset', 'a part that only the end delimits is not ended as if it were whole')
      }
      client.destroy()
      await upstream.until(({ open }) => open === 0)
      await assertWell(t, proxy, upstream)
    })
  }
  t.test('while the rules of its bucket are asked for', async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: goodOr(({ target }) => (target.includes('?cors') ? undefined : ok)),
    })
    const proxy = await startTestProxy(t, upstream.url, {
      buckets: { web: webBucket.web, live: { from: 'upstream' } },
      rules: { timeoutSeconds: 0.5 },
    })
    const client = await proxy.open(t)
    await client.write(request('GET', '', '/live/k'))
    await proxy.until(({ inFlight }) => inFlight === 1)
    client.reset()
    t.match(await proxy.record('/live/k'), { clientAborted: true, status: 0 })
    await assertWell(t, proxy, upstream, { idle: 3 })
    t.notOk(upstream.requests.some(({ target }) => target === '/live/k'))
  })
})

t.test('F092 stalled readers cost their buffers, and stop the endpoint', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: goodOr(async (_request, connection) => {
      connection.socket.write(`${status}Content-Length: 300000000\r\n\r\n`)
      await writeEndlessly(connection)
      return undefined
    }),
    keepBytes: false,
  })
  const proxy = await startTestProxy(t, upstream.url)
  const before = process.memoryUsage().rss
  const clients = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const client = await proxy.open(t)
      client.socket.pause()
      await client.write(request('GET'))
      return client
    }),
  )
  const sent = () => upstream.connections.map(({ socket }) => socket.bytesWritten - socket.writableLength)
  // Until nothing moves any more.
  for (let last = -1, now = 0; now !== last; ) {
    last = now
    await delay(300)
    now = sent().reduce((sum, bytes) => sum + bytes, 0)
  }
  t.equal(upstream.connections.length, 50)
  t.ok(
    sent().every(bytes => bytes < 20_000_000),
    `${Math.max(...sent())} bytes at most`,
  )
  t.ok(process.memoryUsage().rss - before < 100_000_000, `${process.memoryUsage().rss - before} bytes more`)
  for (const client of clients) client.destroy()
  await upstream.until(({ open }) => open === 0)
  await assertWell(t, proxy, upstream)
})

t.test('limits of time', async t => {
  t.jobs = 8
  const limits = { headersSeconds: 0.4, idleSeconds: 0.4, keepAliveSeconds: 0.3 }
  const quick = { limits, upstream: { responseSeconds: 0.4, idleSeconds: 0.4 } }
  t.test('F094 an upload that goes on is never too long', { buffered: true }, async t => {
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
  t.test('F095 a head that drips', { buffered: true }, async t => {
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
  t.test('F095 a connection that says nothing is no request', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, quick)
    const client = await proxy.open(t)
    await ended(client)
    t.strictSame([client.text, proxy.started], ['', 0])
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
  t.test('F095 content that stops', { buffered: true }, async t => {
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
  t.test('F107 an idle client connection is kept for its time, then closed in order', { buffered: true }, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, { limits: { keepAliveSeconds: 0.4 } })
    const client = await proxy.open(t)
    await client.write(request('GET'))
    await client.until(({ text }) => text.endsWith('ok'))
    const startedAt = Date.now()
    await ended(client)
    t.equal(client.ended, 'fin')
    t.ok(Date.now() - startedAt > 300)
    client.destroy()
    await assertWell(t, proxy, upstream)
  })
})

t.test('F096 a refused upload is answered, and not swallowed', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { enforcement: 'block' })
  for (const [name, bytes, code] of [
    ['block', request('PUT', 'Content-Length: 60000000\r\n').replace(goodOrigin, 'https://evil.example'), 403],
    ['guard', request('PUT', 'Content-Length: 60000000\r\nX_Amz_Date: 1\r\n'), 400],
    ['preflight', request('OPTIONS', 'Access-Control-Request-Method: PUT\r\nContent-Length: 60000000\r\n'), 200],
    ['refused preflight', request('OPTIONS', 'Access-Control-Request-Method: X\r\nContent-Length: 60000000\r\n'), 400],
  ] as const) {
    const client = await proxy.open(t)
    await client.write(bytes)
    const taken = await upload(client, 60_000_000)
    await ended(client)
    const response = readResponse(client.text)
    t.strictSame(
      [response.status, response.values('connection'), response.verdict],
      [code, ['close'], 'complete'],
      name,
    )
    t.ok(taken < 20_000_000, `${name}: ${taken} bytes were taken`)
    client.destroy()
  }
  await assertWell(t, proxy, upstream)
  t.equal(upstream.requests.length, 1)
})

t.test('F097 F099 F100 G117 a connection that the endpoint closes as it is used again', async t => {
  for (const [name, bytes, script, expected, sent] of [
    ['GET', request('GET', closing), [fin], 200, 2],
    ['GET, reset', request('GET', closing), [rst], 200, 2],
    ['HEAD', request('HEAD', closing), [fin], 200, 2],
    ['GET with content', `${request('GET', `Content-Length: 2\r\n${closing}`)}hi`, [fin], 502, 1],
    ['PUT', `${request('PUT', `Content-Length: 2\r\n${closing}`)}hi`, [fin], 502, 1],
    ['PUT without content', request('PUT', `Content-Length: 0\r\n${closing}`), [fin], 502, 1],
    [
      'G117 conditional PUT',
      `${request('PUT', `If-None-Match: *\r\nContent-Length: 2\r\n${closing}`)}hi`,
      [rst],
      502,
      1,
    ],
    ['POST', request('POST', closing), [fin], 502, 1],
    ['F100 DELETE', request('DELETE', closing), [fin], 502, 1],
    ['F099 GET after one byte', request('GET', closing), [write('H'), pause(10), fin], 502, 1],
    ['GET after a malformed byte', request('GET', closing), [write('X')], 502, 1],
  ] satisfies [string, string, FaultScript, number, number][]) {
    t.test(name, async t => {
      let seen = 0
      const upstream = await startFaultUpstream(
        t,
        ({ requests }, received) => {
          if (received?.target === goodTarget) return [write(ok)]
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

t.test('F098 an endpoint whose connections live shorter than ours', async t => {
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

t.test('F101 an endpoint that answers nothing: preflights go on, the queue is bounded and ends', async t => {
  const upstream = await startRecordingUpstream(t, { answer: ({ target }) => (target === goodTarget ? ok : undefined) })
  const proxy = await startTestProxy(t, upstream.url, { upstream: { connections: 50, queue: 10, queueSeconds: 1 } })
  const stuck = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const client = await proxy.open(t)
      await client.write(request('GET'))
      return client
    }),
  )
  await upstream.until(({ requests }) => requests.length === 50)
  await proxy.until(({ inFlight }) => inFlight === 60)
  const refused = readResponse(await proxy.send(t, request('GET', closing, '/web/over')))
  t.strictSame([refused.status, errorCode(refused), refused.values('retry-after')], [503, 'SlowDown', ['1']])
  t.strictSame(refused.values('access-control-allow-origin'), [goodOrigin])
  t.equal((await proxy.record('/web/over')).upstreamFailure, 'queue')
  const answer = readResponse(await proxy.send(t, preflight))
  t.equal(answer.status, 200, 'a preflight needs no endpoint')
  const queued = stuck.filter(client => client.text === '')
  t.equal(queued.length, 60)
  await proxy.until(({ records }) => records.filter(record => record.upstreamFailure === 'queue').length === 11)
  await Promise.all(stuck.map(client => client.until(() => true)))
  for (const client of stuck) if (client.text !== '') t.equal(readResponse(client.text).status, 503)
  t.equal(upstream.requests.length, 50, 'whoever waited in vain never went up')
  for (const client of stuck) client.destroy()
  await proxy.until(({ inFlight }) => inFlight === 0)
  await assertWell(t, proxy, upstream)
})

t.test('F103 what is wrong with one is nobody else’s', async t => {
  const upstream = await startFaultUpstream(
    t,
    (_connection, received) => {
      if (received?.target === '/web/rst') return [rst]
      if (received?.target === '/web/bad') return [write('garbage')]
      if (received?.target === '/web/cut') return [write(`${status}Content-Length: 9\r\n\r\nab`), fin]
      return [write(ok)]
    },
    { at: 'request' },
  )
  const proxy = await startTestProxy(t, upstream.url)
  const bad = ['/web/rst', '/web/bad', '/web/cut', 'garbage', '/web/abort']
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const client = await proxy.open(t)
      const target = index % 30 === 0 ? bad[(index / 30) % bad.length] : `/web/${index}`
      await client.write(request('GET', closing, target))
      if (target === '/web/abort') client.reset()
      else await ended(client)
      client.destroy()
      return target === `/web/${index}` ? readResponse(client.text).body : 'ok'
    }),
  )
  t.ok(outcomes.every(body => body === 'ok'))
  await assertWell(t, proxy, upstream, { idle: 256 })
})

t.test('F104 more clients than are allowed are turned away, and the rest is served', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { connections: 5 } })
  const clients: RawConnection[] = []
  for (let i = 0; i < 5; i++) clients.push(await proxy.open(t))
  await proxy.until(async all => (await all.connections()) === 5)
  const sixth = await proxy.open(t)
  await sixth.write(request('GET'))
  await ended(sixth)
  t.equal(sixth.text, '')
  for (const client of clients) {
    await client.write(request('GET', closing))
    await ended(client)
    t.equal(readResponse(client.text).status, 200)
    client.destroy()
  }
  await assertWell(t, proxy, upstream, { idle: 5 })
})

t.test('F106 a client that ends its side before its answer has left: its request ends too', async t => {
  // The matrix allows a documented close: the end is what a queued client that leaves looks like, and that one must not go up.
  const upstream = await startRecordingUpstream(t, { answer: goodOr(() => undefined) })
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(request('GET'))
  await upstream.until(({ requests }) => requests.length === 1)
  client.end()
  await ended(client)
  t.equal(client.text, '')
  t.match(await proxy.record('/web/k'), { clientAborted: true, status: 0 })
  await upstream.until(({ open }) => open === 0)
  await assertWell(t, proxy, upstream)
})

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

t.test(
  'an upload in chunks of one byte arrives whole, and one that is nothing else at full speed is ended',
  async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: ({ body }) => (body.length === 1500 ? `${status}Content-Length: 5\r\n\r\nwhole` : ok),
    })
    const proxy = await startTestProxy(t, upstream.url)
    for (let round = 0; round < 3; round++) {
      const text = await proxy.send(
        t,
        `${request('PUT', `Transfer-Encoding: chunked\r\n${closing}`)}${'1\r\nx\r\n'.repeat(1500)}0\r\n\r\n`,
      )
      t.equal(readResponse(text).body, 'whole')
      const client = await proxy.open(t)
      await client
        .write(`${request('PUT', 'Transfer-Encoding: chunked\r\n')}${'1\r\nx\r\n'.repeat(50_000)}`)
        .catch(() => {})
      await ended(client)
      client.destroy()
    }
    await proxy.until(({ inFlight }) => inFlight === 0)
    await assertWell(t, proxy, upstream)
  },
)

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

t.test('a drain', async t => {
  const slowly: Answer = async ({ target }) => {
    if (target !== goodTarget) await delay(300)
    return ok
  }
  t.test('loses nothing that finishes in time', async t => {
    const upstream = await startRecordingUpstream(t, { answer: slowly })
    const proxy = await startTestProxy(t, upstream.url)
    const idle = await proxy.open(t)
    await idle.write(request('GET', '', goodTarget))
    await idle.until(({ text }) => text.endsWith('ok'))
    const busy = await proxy.open(t)
    await busy.write(request('GET'))
    await upstream.until(({ requests }) => requests.length === 2)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    const draining = drain({ server, acceptMs: 100, deadlineMs: 10_000, breakOff })
    const late = await proxy.send(t, request('GET', '', '/web/late'))
    t.strictSame([readResponse(late).status, readResponse(late).values('connection')], [200, ['close']])
    await ended(busy)
    t.strictSame([readResponse(busy.text).status, readResponse(busy.text).values('connection')], [200, ['close']])
    await ended(idle)
    t.equal(await draining, 'drained')
    t.equal(proxy.inFlight, 0)
  })
  t.test('breaks off visibly what does not', async t => {
    const upstream = await startFaultUpstream(t, (_connection, received) =>
      received?.target === '/web/head'
        ? []
        : [
            write(
              `${status}${received?.target === '/web/length' ? 'Content-Length: 9\r\n' : received?.target === '/web/chunked' ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n${received?.target === '/web/chunked' ? '3\r\nabc\r\n' : 'abc'}`,
            ),
          ],
    )
    const proxy = await startTestProxy(t, upstream.url)
    const clients = new Map<string, RawConnection>()
    for (const name of ['head', 'length', 'chunked', 'close']) {
      const client = await proxy.open(t)
      await client.write(request('GET', '', `/web/${name}`))
      if (name !== 'head') await client.until(({ text }) => text.includes('abc'))
      clients.set(name, client)
    }
    await upstream.until(({ requests }) => requests.length === 4)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 200, breakOff }), 'expired')
    for (const client of clients.values()) await ended(client)
    t.equal(readResponse(clients.get('head')?.text ?? '').status, 503)
    t.equal(readResponse(clients.get('length')?.text ?? '').verdict, 'incomplete')
    t.equal(readResponse(clients.get('chunked')?.text ?? '').verdict, 'incomplete')
    t.equal(await clients.get('close')?.endedBy(), 'reset')
    await proxy.until(({ inFlight }) => inFlight === 0)
    t.ok(
      proxy.records.every(({ clientAborted }) => !clientAborted),
      'no client left',
    )
    await upstream.until(({ open }) => open === 0)
  })
  t.test('waits for slow readers of what the endpoint has sent already', async t => {
    const content = patternedBytes(3, 30_000_000)
    const upstream = await startFaultUpstream(
      t,
      (_connection, received) => {
        const length = Number(received?.target.slice(5))
        return [write(`${status}Content-Length: ${length}\r\n\r\n`), write(content.subarray(0, length))]
      },
      { keepBytes: false },
    )
    const proxy = await startTestProxy(t, upstream.url)
    const sockets: Socket[] = []
    proxy.plane.server.on('connection', socket => sockets.push(socket))
    const stall = async (length: number): Promise<RawConnection> => {
      const client = await proxy.open(t)
      client.socket.pause()
      await client.write(request('GET', '', `/web/${length}`))
      return client
    }
    // What the kernel takes for a client that reads nothing; a little more is what still waits here when the endpoint is done.
    const first = await stall(content.length)
    let taken = 0
    for (let last = -1; taken !== last || taken === 0; ) {
      last = taken
      await delay(100)
      taken = (sockets[0]?.bytesWritten ?? 0) - (sockets[0]?.writableLength ?? 0)
    }
    first.reset()
    const lengths = Array.from({ length: 8 }, (_, index) => taken + (index - 2) * 30_000)
    const clients = await Promise.all(lengths.map(stall))
    await delay(300)
    proxy.plane.startDraining()
    const { server, breakOff } = proxy.plane
    const draining = drain({ server, acceptMs: 0, deadlineMs: 20_000, breakOff })
    await delay(300)
    for (const [index, client] of clients.entries()) {
      client.socket.resume()
      await client.until(connection => connection.ended !== undefined, 20_000)
      const { body } = readResponse(client.text)
      t.strictSame([client.ended, body.length], ['fin', lengths[index]])
      client.destroy()
    }
    t.equal(await draining, 'drained')
  })
  t.test('is not held up by connections that say nothing', async t => {
    const upstream = await startRecordingUpstream(t)
    for (const tls of [false, true]) {
      const proxy = await startTestProxy(t, upstream.url, {}, { tls })
      const silent = await proxy.open(t)
      await proxy.until(async all => (await all.connections()) === 1)
      const { server, breakOff } = proxy.plane
      t.equal(await drain({ server, acceptMs: 0, deadlineMs: 5000, breakOff }), 'drained')
      await ended(silent)
    }
  })
  t.test('has no time left after the last', async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url)
    const startedAt = Date.now()
    const { server, breakOff } = proxy.plane
    t.equal(await drain({ server, acceptMs: 0, deadlineMs: 60_000, breakOff }), 'drained')
    t.ok(Date.now() - startedAt < 5000)
  })
})

t.test('F110 ten thousand requests leave nothing behind', async t => {
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
    if (turn === 1) count.listeners = listenersOf(socketOf)
    if (turn === 1) count.resources = process.getActiveResourcesInfo().length
  }
  t.equal(proxy.records.length, 10_000)
  t.ok(proxy.records.every(record => record.status === 200))
  t.equal(upstream.connections.length, 1, 'on one connection')
  t.equal(listenersOf(socketOf), count.listeners)
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

t.test('a reload swaps everything at once: no response mixes two configurations', async t => {
  const upstream = await startRecordingUpstream(t)
  const other = await startRecordingUpstream(t, { answer: () => `${status}Content-Length: 5\r\n\r\nother` })
  const settings = (name: string) => ({
    buckets: {
      web: {
        CORSRules: [
          {
            AllowedOrigins: [goodOrigin],
            AllowedMethods: [name === 'a' ? 'GET' : 'PUT', 'HEAD'],
            ExposeHeaders: [`x-${name}`],
            MaxAgeSeconds: name === 'a' ? 1 : 2,
          },
        ],
      },
    },
  })
  const proxy = await startTestProxy(t, upstream.url, settings('a'))
  let flips = 0
  const flipping = setInterval(() => {
    flips++
    proxy.apply(settings(flips % 2 === 0 ? 'a' : 'b'), flips % 2 === 0 ? upstream.url : other.url)
  }, 5)
  t.teardown(() => clearInterval(flipping))
  const seen = new Set<string>()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await proxy.open(t)
      for (let turn = 0; turn < 150; turn++) {
        const before = client.receivedBytes
        const isPreflight = turn % 3 === 0
        await client.write(
          isPreflight
            ? request('OPTIONS', 'Access-Control-Request-Method: HEAD\r\n')
            : request('GET', 'Access-Control-Request-Method: HEAD\r\n'),
        )
        let response = readResponses('')[0]
        await client.until(({ text }) => {
          const rest = text.slice(before)
          if (!rest.includes('\r\n\r\n')) return false
          response = readResponse(rest)
          return response.verdict === 'complete'
        })
        const exposed = response?.values('access-control-expose-headers')[0] ?? ''
        const methods = response?.values('access-control-allow-methods')[0]
        const age = response?.values('access-control-max-age')[0]
        seen.add(`${exposed} ${methods} ${age} ${isPreflight ? '' : response?.body}`)
      }
      client.destroy()
    }),
  )
  clearInterval(flipping)
  t.ok(flips > 10)
  t.strictSame([...seen].sort(), [
    'x-a GET, HEAD 1 ',
    'x-a GET, HEAD 1 ok',
    'x-b PUT, HEAD 2 ',
    'x-b PUT, HEAD 2 other',
  ])
  proxy.apply({}, upstream.url)
  await assertWell(t, proxy, upstream, { idle: 8 })
  await other.until(({ open }) => open === 0)
})
