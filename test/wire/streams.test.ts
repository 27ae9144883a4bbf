// Content of any size, to slow readers and from slow senders, arrives whole and waits nowhere in memory.

import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { readResponse } from '../fixtures/client-responses.ts'
import { fin, startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { chunkedBytes, hashOf, patternedBytes, readSlowly, writeEndlessly } from '../fixtures/streams.ts'
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

t.test('stalled readers cost their buffers, and stop the endpoint', async t => {
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

t.test('a refused upload is answered, and not swallowed', async t => {
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
