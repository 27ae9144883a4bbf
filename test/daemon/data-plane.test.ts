import t from 'tap'
import { errorCode, readResponse } from '../fixtures/client-responses.ts'
import { until } from '../fixtures/patience.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const get = 'GET /web/k HTTP/1.1\r\nHost: a\r\n\r\n'
const closing = get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
const preflight = `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An answer that is held back until it is let go. */
function heldAnswer(): { answer: Answer; letGo: () => void } {
  const held = Promise.withResolvers<string>()
  return { answer: () => held.promise, letGo: () => held.resolve(ok) }
}

t.test('rules of a new configuration hold from the next request on', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  t.equal(readResponse(await proxy.send(t, preflight)).status, 200)
  proxy.apply({ buckets: { web: { CORSRules: [{ AllowedOrigins: ['https://b.example'], AllowedMethods: ['GET'] }] } } })
  t.equal(readResponse(await proxy.send(t, preflight)).status, 403)
  proxy.apply({})
  t.equal(readResponse(await proxy.send(t, preflight)).status, 200)
})

t.test('limits of a new configuration hold for the running server', async t => {
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9')
  const { server } = proxy.plane
  for (const [connections, headersSeconds] of [
    [70, 7],
    [80, 8],
  ]) {
    proxy.apply({ limits: { connections, headersSeconds } })
    t.strictSame(
      [server.maxConnections, server.headersTimeout],
      [Number(connections) + 1, Number(headersSeconds) * 1000],
    )
  }
})

t.test('connections are kept while the endpoint stays the same', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  await proxy.send(t, closing)
  proxy.apply({ vary: 'matched' })
  await proxy.send(t, closing)
  t.equal(upstream.connections.length, 1)
})

t.test(
  'another endpoint gets the next request; the former one ends what it began, and its idle connections',
  async t => {
    const { answer, letGo } = heldAnswer()
    const before = await startRecordingUpstream(t, {
      answer: (request, connection) => (request.target === '/web/idle' ? ok : answer(request, connection)),
    })
    const after = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, before.url)
    const waiting = await proxy.open(t)
    await waiting.write(get)
    await before.until(({ requests }) => requests.length === 1)
    await proxy.send(t, closing.replace('/web/k', '/web/idle'))
    t.equal(before.open, 2)

    proxy.apply({}, after.url)
    await before.until(({ open }) => open === 1)
    t.equal(readResponse(await proxy.send(t, closing)).status, 200)
    t.equal(after.requests.length, 1)
    letGo()
    await waiting.until(({ text }) => text.endsWith('ok'))
    await before.until(({ open }) => open === 0)
    t.equal(before.requests.length, 2)
  },
)

t.test('of former endpoints nothing is kept but what is under way', async t => {
  const { answer, letGo } = heldAnswer()
  const upstream = await startRecordingUpstream(t, {
    answer: (request, connection) => (request.target === '/web/idle' ? ok : answer(request, connection)),
  })
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(get)
  await upstream.until(({ requests }) => requests.length === 1)
  for (let connectSeconds = 10; connectSeconds < 60; connectSeconds++) {
    proxy.apply({ upstream: { connectSeconds } })
    await proxy.send(t, closing.replace('/web/k', '/web/idle'))
  }
  await until(() => proxy.plane.retired() <= 1)
  t.equal(proxy.plane.retired(), 1, 'the one that still answers')
  letGo()
  await client.until(({ text }) => text.endsWith('ok'))
  await until(() => proxy.plane.retired() === 0)
})

t.test('an idle connection to the endpoint ends after its time', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { upstream: { keepAliveSeconds: 1 } })
  await proxy.send(t, closing)
  t.equal(upstream.connections.length, 1)
  await upstream.until(({ open }) => open === 0)
})

t.test('an endpoint that does not answer in time is a timeout', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const proxy = await startTestProxy(t, upstream.url, { upstream: { responseSeconds: 1 } })
  t.equal(readResponse(await proxy.send(t, closing)).status, 504)
})

t.test('upgrades are taken from the configuration on that names a console', async t => {
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9')
  const { server } = proxy.plane
  t.equal(server.listenerCount('upgrade'), 0)
  proxy.apply({ console: { host: 'console.example', url: 'http://127.0.0.1:9' } })
  t.equal(server.listenerCount('upgrade'), 1)
  proxy.apply({})
  t.equal(server.listenerCount('upgrade'), 0)
})

t.test('while draining, a response ends its connection', async t => {
  const { answer, letGo } = heldAnswer()
  const upstream = await startRecordingUpstream(t, { answer })
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(get)
  await upstream.until(({ requests }) => requests.length === 1)
  proxy.plane.startDraining()
  letGo()
  await client.until(({ ended }) => ended !== undefined)
  const response = readResponse(client.text)
  t.match(response, { status: 200, body: 'ok' })
  t.strictSame(response.values('connection'), ['close'])
})

t.test('what is broken off is answered with 503 while it can be', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(closing)
  await upstream.until(({ requests }) => requests.length === 1)
  proxy.plane.breakOff()
  await client.until(({ ended }) => ended !== undefined)
  const response = readResponse(client.text)
  t.strictSame([response.status, errorCode(response)], [503, 'ServiceUnavailable'])
  await upstream.until(({ open }) => open === 0)
  t.match(await proxy.record('/web/k'), { clientAborted: false, status: 503 })
})

t.test('closing ends idle connections to the endpoint', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  await proxy.send(t, closing)
  t.equal(upstream.open, 1)
  proxy.plane.close()
  await upstream.until(({ open }) => open === 0)
})
