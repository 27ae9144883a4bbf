import t from 'tap'
import { ledgerOf } from '../../../src/proxy/server/proxy-server.ts'
import { readResponses } from '../../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy } from '../../fixtures/test-proxy.ts'

// How far ahead is read is shown in proxy-server.test.ts and wire/pipelining.test.ts.

const get = (target: string, lines = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`
const answer = ({ target }: { readonly target: string }) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`
const closing = 'Connection: close\r\n'

// The parser stops after the fourth that waits: what comes behind the fifth, and where a packet ends, is where it may fail.
for (let count = 1; count <= 12; count++) {
  t.test(`${count} in one packet, and one more after their answers`, async t => {
    const upstream = await startRecordingUpstream(t, { answer })
    const proxy = await startTestProxy(t, upstream.url)
    const client = await proxy.open(t)
    const targets = Array.from({ length: count }, (_, index) => `/web/${index}`)
    await client.write(targets.map(target => get(target)).join(''))
    await client.until(({ text }) => readResponses(text).length === count)
    await client.write(get('/web/last', closing))
    await client.until(({ ended }) => ended !== undefined)
    t.strictSame(
      readResponses(client.text).map(({ body }) => body),
      [...targets, '/web/last'],
    )
  })
}

t.test('however the bytes are cut, the same is answered', async t => {
  const upstream = await startRecordingUpstream(t, { answer })
  const proxy = await startTestProxy(t, upstream.url)
  const targets = Array.from({ length: 30 }, (_, index) => `/web/${index}`)
  const bytes = targets.map(target => get(target)).join('') + get('/web/last', closing)
  for (const cut of [100, 230, 333, 500]) {
    const client = await proxy.open(t)
    for (let at = 0; at < bytes.length; at += cut) {
      await client.write(bytes.slice(at, at + cut))
      await new Promise(resolve => setImmediate(resolve))
    }
    await client.until(({ ended }) => ended !== undefined)
    t.strictSame(
      readResponses(client.text).map(({ body }) => body),
      [...targets, '/web/last'],
      `${cut}`,
    )
  }
})

t.test('a fault behind many is answered after them, by its own status', async t => {
  const upstream = await startRecordingUpstream(t, { answer })
  const proxy = await startTestProxy(t, upstream.url)
  for (const [fault, status] of [
    ['\x01\r\n\r\n', 400],
    ['BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    [get('/', `A: ${'x'.repeat(70_000)}\r\n`), 431],
  ] as const) {
    const text = await proxy.send(t, get('/web/k').repeat(20) + fault)
    t.strictSame(
      readResponses(text).map(response => response.status),
      [...Array.from({ length: 20 }, () => 200), status],
    )
  }
})

t.test('a slow answer whose client drains it does not start the parser before its time', async t => {
  const content = Buffer.alloc(8_000_000, 'x').toString()
  const upstream = await startRecordingUpstream(t, {
    answer: ({ target }) =>
      target === '/web/large'
        ? `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`
        : answer({ target }),
  })
  const proxy = await startTestProxy(t, upstream.url)
  const targets = Array.from({ length: 40 }, (_, index) => `/web/${index}`)
  const bytes = get('/web/large') + targets.map(target => get(target)).join('') + get('/web/last', closing)
  const responses = readResponses(await proxy.send(t, bytes))
  t.equal(responses[0]?.body.length, content.length)
  t.strictSame(
    responses.slice(1).map(({ body }) => body),
    [...targets, '/web/last'],
  )
  t.equal(ledgerOf(proxy.plane.server)?.size.heldBytes, 0)
})

const preflight = `OPTIONS /web/k HTTP/1.1\r\nHost: a\r\nOrigin: ${goodOrigin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`

t.test('who sends many at once is answered after those who send one', async t => {
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9')
  const greedy = await Promise.all(Array.from({ length: 20 }, () => proxy.open(t)))
  const stranger = await proxy.open(t)
  // All of it lies in the kernel before the proxy, which runs in this process, reads any.
  for (const client of greedy) client.socket.write(preflight.repeat(500))
  stranger.socket.write(preflight.replace('/web/k', '/web/stranger'))
  await proxy.until(({ records }) => records.length === 20 * 500 + 1, 60_000)
  const before = proxy.records.findIndex(({ target }) => target === '/web/stranger')
  t.ok(before < 20 * 20, `${before} requests before it`)
  for (const client of greedy) await client.until(({ text }) => readResponses(text).length === 500, 30_000)
  t.ok(greedy.every(({ text }) => readResponses(text).every(({ status }) => status === 200)))
})

t.test('of what stands behind an answer that closes, no requests are made', async t => {
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9')
  let made = 0
  proxy.plane.server.on('request', () => made++)
  const behind = get('/web/k').repeat(1500)
  for (const first of ['GET /web/k HTTP/1.1\r\n\r\n', `${preflight}TRACE /web/k HTTP/1.1\r\nHost: a\r\n\r\n`]) {
    made = 0
    const statuses = readResponses(await proxy.send(t, first + behind)).map(({ status }) => status)
    t.ok(statuses.length <= 2 && (statuses.at(-1) ?? 0) >= 400, statuses.join())
    t.ok(made <= 8, `${made}`)
  }
})
