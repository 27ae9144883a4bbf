// A client that leaves ends its request, in every phase of it.

import t from 'tap'
import { startFaultUpstream, write } from '../fixtures/fault-upstream.ts'
import type { RawConnection } from '../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy, webBucket } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr, goodTarget } from '../fixtures/well-being.ts'

const status = 'HTTP/1.1 200 OK\r\n'
const ok = `${status}Content-Length: 2\r\n\r\nok`
const request = (method: string, fields = '', target = '/web/k') =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`

const ended = (client: RawConnection): Promise<void> => client.until(({ ended: how }) => how !== undefined)

t.test('a client that leaves a download ends it, and it is no fault of others', async t => {
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

t.test('a client that leaves an upload: the endpoint sees it unfinished', async t => {
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
  t.test('while it is queued: it never goes up', async t => {
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
    // A TLS handshake that is not answered.
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

t.test('a client that ends its side before its answer has left: its request ends too', async t => {
  // The end is what a queued client that leaves looks like, and that one must not go up.
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
