// Connection errors of HTTP/2 (RFC 9113 §5.4.1): each ends its connection at once, with what waits on it, and is counted once.

import t from 'tap'
import {
  errorPayload,
  FrameClient,
  fieldBlock,
  flags,
  frame,
  frameTypes,
  requestFields,
  settingsPayload,
} from '../fixtures/http2-frames.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell, goodOr } from '../fixtures/well-being.ts'

t.setTimeout(120_000)

// Node 22 is told of few of them; the limits of time end the others there.
const isOldNode = Number(process.versions.node.split('.')[0]) < 24

const { data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation } =
  frameTypes
const whole = flags.endHeaders | flags.endStream
const get = requestFields('GET', '/web/other', 'a')
const octets = (length: number) => Buffer.alloc(length)
const put = (stream: number, ...content: readonly Buffer[]) => [
  frame(headers, flags.endHeaders, stream, fieldBlock(requestFields('PUT', '/web/stuck', 'a'))),
  ...content,
]

/** Of RFC 9113 §7: NO_ERROR is 0. Beside stream 1, which waits for its answer. */
const errors: readonly (readonly [name: string, frames: readonly Buffer[]])[] = [
  ['SETTINGS of 5 octets', [frame(settings, 0, 0, octets(5))]],
  ['an acknowledgement with settings', [frame(settings, flags.ack, 0, octets(6))]],
  ['SETTINGS on a stream', [frame(settings, 0, 1, octets(6))]],
  ['SETTINGS_ENABLE_PUSH 2', [frame(settings, 0, 0, settingsPayload([[2, 2]]))]],
  ['SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31 - 1', [frame(settings, 0, 0, settingsPayload([[4, 2 ** 31]]))]],
  ['SETTINGS_MAX_FRAME_SIZE 1', [frame(settings, 0, 0, settingsPayload([[5, 1]]))]],
  ['PING of 7 octets', [frame(ping, 0, 0, octets(7))]],
  ['PING on a stream', [frame(ping, 0, 1, octets(8))]],
  ['WINDOW_UPDATE of 3 octets', [frame(windowUpdate, 0, 0, octets(3))]],
  ['WINDOW_UPDATE of 0', [frame(windowUpdate, 0, 0, errorPayload(0))]],
  ['a window beyond 2^31 - 1', [frame(windowUpdate, 0, 0, errorPayload(0x7fff_ffff))]],
  ['WINDOW_UPDATE of an idle stream', [frame(windowUpdate, 0, 99, errorPayload(1))]],
  ['PRIORITY of 4 octets', [frame(priority, 0, 3, octets(4))]],
  ['RST_STREAM of 3 octets', [frame(resetStream, 0, 1, octets(3))]],
  ['RST_STREAM of stream 0', [frame(resetStream, 0, 0, errorPayload(8))]],
  ['RST_STREAM of an idle stream', [frame(resetStream, 0, 99, errorPayload(8))]],
  ['GOAWAY of 7 octets', [frame(goAway, 0, 0, octets(7))]],
  ['GOAWAY on a stream', [frame(goAway, 0, 1, octets(8))]],
  ['DATA of 16,385 octets', [frame(data, 0, 3, octets(16_385))]],
  ['an unknown frame that is too long', [frame(0xfa, 0, 3, octets(20_000))]],
  ['HEADERS of stream 0', [frame(headers, whole, 0, fieldBlock(get))]],
  ['HEADERS of an even stream', [frame(headers, whole, 4, fieldBlock(get))]],
  ['a field block that is none', [frame(headers, whole, 3, Buffer.alloc(8, 0xff))]],
  ['a field of index 0', [frame(headers, whole, 3, Buffer.of(0x80))]],
  ['PUSH_PROMISE', [frame(pushPromise, flags.endHeaders, 1, Buffer.concat([errorPayload(2), fieldBlock(get)]))]],
  ['CONTINUATION of no block', [frame(continuation, flags.endHeaders, 3)]],
  ['another frame within a field block', [frame(headers, 0, 3), frame(ping, 0, 0, octets(8))]],
  ['padding longer than HEADERS', [frame(headers, whole | flags.padded, 3, Buffer.of(200, 1))]],
  ['padding longer than DATA', put(3, frame(data, flags.padded, 3, Buffer.of(9, 1)))],
  ['DATA of stream 0', [frame(data, 0, 0, octets(1))]],
  ['DATA of an idle stream', [frame(data, 0, 99, octets(1))]],
  ['DATA beyond its window', put(3, ...Array.from({ length: 100 }, () => frame(data, 0, 3, octets(16_000))))],
  ['an acknowledgement of no PING', [frame(ping, flags.ack, 0, octets(8))]],
  ['no HTTP/2', [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]],
]

const toldByOldNode = ['WINDOW_UPDATE of 0', 'HEADERS of an even stream', 'PUSH_PROMISE']

t.test('an error of a connection ends it, with the requests that wait on it', async t => {
  const upstream = await startRecordingUpstream(t, { answer: goodOr(() => undefined) })
  // No limit of time ends them.
  const limits = { headersSeconds: 600, idleSeconds: 600, keepAliveSeconds: 600 }
  const proxy = await startTestProxy(t, upstream.url, { limits }, { tls: true })
  for (const [name, frames] of errors) {
    if (isOldNode && !toldByOldNode.includes(name)) continue
    await t.test(name, async t => {
      const client = await FrameClient.open(proxy.port)
      t.teardown(() => client.close())
      const target = `/web/${encodeURIComponent(name)}`
      client.headers(1, requestFields('GET', target, 'a'), true)
      await upstream.until(({ requests }) => requests.some(request => request.target === target))
      const before = proxy.records.length
      client.send(...frames)
      t.match((await client.outcome(1)) ?? 'closed', /^(GOAWAY [1-9]|closed)/)
      t.match(await proxy.record(target), { clientAborted: true, status: 0, upstreamFailure: undefined })
      await proxy.until(async one => (await one.connections()) === 0)
      const ends = proxy.records.slice(before).filter(({ connectionEnd }) => connectionEnd !== undefined)
      t.strictSame(
        ends.map(({ connectionEnd }) => connectionEnd),
        ['protocol_error'],
      )
      // One that was on its way up may be there, unused.
      await upstream.until(({ connections }) => connections.every(one => one.closed || one.requests.length === 0))
    })
  }
  await assertWell(t, proxy, upstream)
})
