// What a connection of HTTP/2 may keep, and for how long.

import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { ledgerOf } from '../../src/proxy/server/proxy-server.ts'
import { drip, pause, startFaultUpstream, stopReading, write } from '../fixtures/fault-upstream.ts'
import { askHttp2, openHttp2 } from '../fixtures/http2-client.ts'
import { http2Floods } from '../fixtures/http2-floods.ts'
import {
  errorPayload,
  type Frame,
  FrameClient,
  fieldBlock,
  flags,
  frame,
  frameTypes,
  preface,
  requestFields,
  settingsPayload,
} from '../fixtures/http2-frames.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { writeEndlessly } from '../fixtures/streams.ts'
import { goodOrigin, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const status = 'HTTP/1.1 200 OK\r\n'
const tls = { tls: true }
const limits = { idleSeconds: 0.5, keepAliveSeconds: 0.5 }
const preflight = requestFields(
  ...(['OPTIONS', '/web/k', 'a'] as const),
  ...['origin', goodOrigin, 'access-control-request-method', 'GET'],
)

/** Opens a connection, and waits for the settings of the proxy. */
async function open(t: Test, proxy: TestProxy, options?: Parameters<typeof FrameClient.open>[1]): Promise<FrameClient> {
  const client = await FrameClient.open(proxy.port, options)
  t.teardown(() => client.close())
  await client.until(frames => settingsOf(frames) && frames.find(({ type }) => type === frameTypes.windowUpdate))
  return client
}

const settingsOf = (frames: readonly Frame[]) =>
  frames.find(({ type, flags: set }) => type === frameTypes.settings && set === 0)

t.test('a connection whose requests are short is no idle one', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits }, tls)
  const client = await open(t, proxy)
  for (let index = 0; index < 60; index++) {
    client.headers(1 + 2 * index, preflight, true)
    await delay(25)
  }
  t.notOk(
    client.frames.some(({ type }) => type === frameTypes.goAway),
    'no GOAWAY',
  )
  t.equal(await client.outcome(119), 'end')
})

/** What the proxy takes on stream 1. */
function windowOf(frames: readonly Frame[]): number {
  let bytes = 256 * 1024
  for (const { type, stream, payload } of frames)
    if (type === frameTypes.windowUpdate && stream === 1) bytes += payload.readUInt32BE(0)
  return bytes
}

t.test('a connection that begins with no whole head has as long as one of HTTP/1.1', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { headersSeconds: 0.5, keepAliveSeconds: 60 } }, tls)
  const silent = await open(t, proxy)
  const half = await open(t, proxy)
  half.send(frame(frameTypes.headers, 0, 1, fieldBlock(preflight)))
  const served = await open(t, proxy)
  served.headers(1, preflight, true)
  for (const client of [silent, half]) {
    await client.until(() => undefined, 5000)
    t.ok(client.closed)
  }
  t.notOk(served.closed)
})

const ping = frame(frameTypes.ping, 0, 0, Buffer.alloc(8))
const update = frame(frameTypes.windowUpdate, 0, 0, errorPayload(1))
const priority = frame(frameTypes.priority, 0, 1, Buffer.of(0, 0, 0, 3, 16))
for (const [name, piece] of Object.entries({ PING: ping, WINDOW_UPDATE: update, PRIORITY: priority })) {
  t.test(`a connection full of ${name} ends, and one that sends a few does not`, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url, {}, tls)
    const honest = await open(t, proxy)
    honest.send(...Array.from({ length: 100 }, () => piece))
    const client = await open(t, proxy)
    client.send(...Array.from({ length: 20_000 }, () => piece))
    await client.until(() => undefined, 5000)
    t.ok(client.closed)
    const told = { kind: 'rejected', protocol: 'HTTP/2.0', connectionEnd: /./, peerAddress: '127.0.0.1' }
    t.match(proxy.records, [told], 'it is told of once')
    honest.headers(1, preflight, true)
    t.equal(await honest.outcome(1), 'end')
  })
}

t.test('what connections ask for at once is begun in many turns of the event loop', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(t, proxy)))
  const block = fieldBlock(preflight)
  const requests = Array.from({ length: 90 }, (_, index) =>
    frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1 + 2 * index, block),
  )
  for (const client of clients) client.send(...requests)
  let most = 0
  let before = 0
  while (proxy.started < 1800) {
    await new Promise(resolve => setImmediate(resolve))
    most = Math.max(most, proxy.started - before)
    before = proxy.started
  }
  t.ok(most < 900, `${most} of 1800 in one turn`)
  for (const client of clients) t.equal(await client.outcome(179), 'end')
})

t.test('content that was never read keeps no connection', async t => {
  const refusal = [stopReading, write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')]
  await t.test('after an early answer', async t => {
    const upstream = await startFaultUpstream(t, (_connection, request) =>
      request?.target === '/web/slow' ? [stopReading, pause(400), ...refusal] : refusal,
    )
    const proxy = await startTestProxy(t, upstream.url, { limits: { ...limits, idleSeconds: 5 } }, tls)
    const client = await open(t, proxy)
    for (const [index, target] of ['/web/k', '/web/slow'].entries()) {
      const stream = 1 + 2 * index
      client.headers(stream, requestFields('PUT', target, 'a'), false)
      for (let at = 0; at < 15; at++) client.data(stream, 'x'.repeat(16_000), false)
      t.equal(await client.outcome(stream), 'end')
    }
    await client.until(() => undefined)
    t.ok(client.closed)
    t.equal(proxy.inFlight, 0)
  })
  await t.test('after a reset without an error', async t => {
    const upstream = await startFaultUpstream(t, [stopReading])
    const proxy = await startTestProxy(t, upstream.url, { limits: { ...limits, idleSeconds: 5 } }, tls)
    const client = await open(t, proxy)
    client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
    let sent = 0
    // More than the kernel takes for the endpoint.
    for (; sent < 600; sent++) {
      const window = await client.until(frames => windowOf(frames) > (sent + 1) * 16_000 || undefined, 500)
      if (window === undefined) break
      client.data(1, 'x'.repeat(16_000), false)
    }
    client.reset(1, 0)
    t.equal((await proxy.record('/web/k')).clientAborted, true)
    await client.until(() => undefined)
    t.ok(client.closed)
  })
})

t.test('uploads that are refused with a window of content on its way end no stream beside them', async t => {
  const upstream = await startFaultUpstream(t, (_connection, request) =>
    request?.method === 'GET'
      ? [write(`${status}Content-Length: 15\r\n\r\n`), drip('x'.repeat(15), 10)]
      : [stopReading, write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')],
  )
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  client.headers(1, requestFields('GET', '/web/slow', 'a'), true)
  const uploads = [3, 5, 7]
  for (const stream of uploads) {
    client.headers(stream, requestFields('PUT', '/web/k', 'a'), false)
    client.data(stream, 'x', false)
  }
  for (const stream of uploads) t.equal(await client.outcome(stream), 'end')
  // What was on its way: as much as the window of each stream lets go.
  for (const stream of uploads) for (let at = 0; at < 16; at++) client.data(stream, 'x'.repeat(16_000), false)
  t.equal(await client.outcome(1), 'end')
  t.equal((await proxy.record('/web/slow')).responseBodyBytes, 15)
  t.equal(proxy.records.filter(({ connectionEnd }) => connectionEnd !== undefined).length, 0)
})

t.test('a client that reads nothing is left at last', async t => {
  const large = `${status}Content-Length: 16000000\r\n\r\n${'x'.repeat(16_000_000)}`
  const upstream = await startRecordingUpstream(t, { keepBytes: false, answer: () => large })
  const proxy = await startTestProxy(t, upstream.url, { limits }, tls)
  const client = await open(t, proxy, { windowBytes: 0x7fff_ffff })
  client.send(frame(frameTypes.windowUpdate, 0, 0, errorPayload(0x7000_0000)))
  client.socket.pause()
  client.headers(1, requestFields('GET', '/web/k', 'a'), true)
  t.equal((await proxy.record('/web/k')).clientAborted, true)
  await proxy.until(async one => (await one.connections()) === 0, 8000)
})

t.test('what the console sends and takes slowly is not idle', async t => {
  const page = 'x'.repeat(15)
  const upstream = await startFaultUpstream(
    t,
    (_connection, request) =>
      request?.method === 'GET'
        ? [write(`${status}Content-Length: ${page.length}\r\n\r\n`), drip(page, 10)]
        : [write(`${status}Content-Length: 2\r\n\r\nok`)],
    { at: 'request' },
  )
  const settings = { limits, console: { host: 'console.example', url: upstream.url } }
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9', settings, tls)
  const session = await openHttp2(t, proxy.port)
  const download = await askHttp2(session, { method: 'GET', target: '/page', authority: 'console.example' })
  t.strictSame([download.status, download.body, download.reset], [200, page, 0], 'a download')
  const stream = session.request({ ':method': 'POST', ':path': '/form', ':authority': 'console.example' })
  stream.on('error', () => {})
  for (let index = 0; index < 15 && !stream.destroyed; index++) {
    stream.write('x')
    await delay(100)
  }
  stream.end()
  t.equal((await proxy.record('/form')).status, 200, 'an upload')
})

t.test('a reload', async t => {
  const settingsFor = async (t: Test, proxy: TestProxy) => {
    const client = await open(t, proxy)
    const values = new Map<number, number>()
    const payload = settingsOf(client.frames)?.payload ?? Buffer.alloc(0)
    for (let at = 0; at < payload.length; at += 6) values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    client.close()
    return values
  }
  const upstream = await startRecordingUpstream(t)
  const files = { certFile: 'cert.pem', keyFile: 'key.pem' }
  const proxy = await startTestProxy(t, upstream.url, { tls: { ...files, http2: false } }, tls)
  await t.test('gives HTTP/2 where there was none', async t => {
    proxy.apply({ tls: { ...files, http2: true } })
    const client = await open(t, proxy)
    client.headers(1, preflight, true)
    t.equal(await client.outcome(1), 'end')
  })
  await t.test('changes the streams of connections that begin later', async t => {
    proxy.apply({ tls: files, limits: { concurrentStreams: 7 } })
    t.equal((await settingsFor(t, proxy)).get(3), 7)
    proxy.apply({ tls: files, limits: { concurrentStreams: 70, headerBytes: 20_000 } })
    const values = await settingsFor(t, proxy)
    t.strictSame([values.get(3), values.get(6)], [70, 20_000])
  })
})

t.test('a head beyond the limit goes no further, whether its client has acknowledged the settings or not', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, { limits: { headerBytes: 16_384 } }, tls)
  const client = await FrameClient.openSilent(proxy.port)
  t.teardown(() => client.close())
  client.send(Buffer.from(preface), frame(frameTypes.settings, 0, 0))
  // 3,000 bytes go into the table, and are named ten times.
  const entry = Buffer.concat([Buffer.of(0x40), fieldBlock(['x-a', 'v'.repeat(3000)]).subarray(1)])
  const block = Buffer.concat([fieldBlock(requestFields('GET', '/web/k', 'a')), entry, Buffer.alloc(10, 0xbe)])
  client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, block))
  t.match(await client.outcome(1), /^RST_STREAM/)
  client.headers(3, preflight, true)
  t.equal(await client.outcome(3), 'end')
  t.equal(upstream.requests.length, 0)
})

t.test('a head that grows to many times the limit by entries of its table ends its connection at once', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await FrameClient.openSilent(proxy.port)
  t.teardown(() => client.close())
  const entry = Buffer.concat([Buffer.of(0x40), fieldBlock(['x-a', 'v'.repeat(3000)]).subarray(1)])
  const block = Buffer.concat([fieldBlock(requestFields('GET', '/web/k', 'a')), entry, Buffer.alloc(400, 0xbe)])
  client.send(Buffer.from(preface), frame(frameTypes.settings, 0, 0))
  client.send(frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, block))
  t.match((await client.outcome(1)) ?? 'closed', /^(GOAWAY 11|closed)$/, 'ENHANCE_YOUR_CALM')
  await proxy.until(async one => (await one.connections()) === 0)
  t.match(proxy.records, [{ connectionEnd: 'large_head', peerAddress: '127.0.0.1' }])
  t.equal(upstream.requests.length, 0)
})

t.test('what a connection keeps is counted', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const held = () => ledgerOf(proxy.plane.server)?.size.heldBytes ?? 0
  await t.test('a head that is half there', async t => {
    const client = await open(t, proxy)
    client.send(frame(frameTypes.headers, 0, 1, fieldBlock(requestFields('GET', '/web/k', 'a'))))
    for (let at = 0; at < 6; at++)
      client.send(frame(frameTypes.continuation, 0, 1, fieldBlock([`x-${at}`, 'x'.repeat(5000)])))
    await proxy.until(() => held() >= 30_000)
    // The head is whole.
    client.send(frame(frameTypes.continuation, flags.endHeaders, 1, fieldBlock(['x-last', '1'])))
    client.reset(1, 8)
    await proxy.until(() => held() === 0)
  })
})

t.test('an answer with as long a head as the endpoint may send arrives', async t => {
  const fields = Array.from({ length: 100 }, (_, index) => `X-Amz-Meta-${index}: ${'v'.repeat(620)}\r\n`).join('')
  const upstream = await startFaultUpstream(t, [write(`${status}${fields}Content-Length: 2\r\n\r\nok`)], {
    at: 'request',
  })
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy)
  client.headers(1, requestFields('GET', '/web/k', 'a'), true)
  t.equal(await client.outcome(1), 'end')
  client.headers(3, requestFields('HEAD', '/web/k', 'a'), true)
  t.equal(await client.outcome(3), 'end')
})

t.test('an answer that was complete and not taken was aborted', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url, {}, tls)
  const client = await open(t, proxy, { windowBytes: 0 })
  client.headers(1, requestFields('GET', '/web/k', 'a'), true)
  await client.until(frames => frames.find(({ type, stream }) => type === frameTypes.headers && stream === 1))
  await delay(100)
  t.equal(proxy.records.length, 0)
  client.reset(1, 0)
  t.equal((await proxy.record('/web/k')).clientAborted, true)
})

t.test('a client that is gone with content unread lets go what it asked the endpoint for', async t => {
  const upstream = await startRecordingUpstream(t, {
    keepBytes: false,
    answer: async (_request, connection) => {
      connection.socket.write(`${status}Content-Length: 300000000\r\n\r\n`)
      await writeEndlessly(connection)
      return undefined
    },
  })
  const proxy = await startTestProxy(
    t,
    upstream.url,
    { upstream: { connections: 64 }, limits: { idleSeconds: 60 } },
    tls,
  )
  const { settings, opening } = http2Floods['h2-unread']
  const socket = connectTls({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  const start = frame(frameTypes.settings, 0, 0, settingsPayload(settings))
  socket.write(Buffer.concat([Buffer.from(preface), start, opening(0)]))
  await upstream.until(({ requests }) => requests.length >= 64, 20_000)
  // The kernel's buffers are full then, and the write that waits for room is the one that meets the reset.
  await delay(1500)
  socket.destroy()
  await proxy.until(({ inFlight }) => inFlight === 0, 20_000)
  await upstream.until(({ open }) => open === 0, 20_000)
})
