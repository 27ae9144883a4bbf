import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { connect, createServer as createNetServer } from 'node:net'
import t, { type Test } from 'tap'
import { type ConsoleProxy, createConsoleProxy } from '../../../src/proxy/handling/console.ts'
import type { GuardedRequest } from '../../../src/proxy/request/request-guard.ts'
import { newRecord, type RequestRecord } from '../../../src/proxy/request/request-record.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { listen } from '../../fixtures/client-side.ts'
import { fin, rst, startFaultUpstream, write } from '../../fixtures/fault-upstream.ts'
import { openRaw, type RawConnection } from '../../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { fieldValues } from '../../fixtures/request-reader.ts'
import { startTestProxy } from '../../fixtures/test-proxy.ts'

const host = 'console.example:9001'

function consoleAt(authority: string, connections = 128): ConsoleProxy {
  return createConsoleProxy({ host, protocol: 'http:', authority, timeoutMs: 5000, connections })
}

const hosts = [
  { host: 'console.example:9001', matches: true },
  { host: 'CONSOLE.example:9001', matches: true },
  { host: 'console.example', matches: false },
  { host: 'console.example:9002', matches: false },
  { host: 'a.console.example:9001', matches: false },
  { host: 'console.example:9001.', matches: false },
  { host: '', matches: false },
]
const requests = [
  { method: 'DELETE', chunked: true, refused: 501 },
  { method: 'OPTIONS', chunked: true, refused: 501 },
  { method: 'DELETE', chunked: false, refused: undefined },
  { method: 'POST', chunked: true, refused: undefined },
]
t.test('a console', async t => {
  const proxy = consoleAt('127.0.0.1:9')
  t.teardown(() => proxy.close())
  for (const { host, matches } of hosts) t.equal(proxy.matches(host), matches, `Host "${host}"`)
  for (const { refused, ...request } of requests)
    t.equal(proxy.refuses(request as GuardedRequest)?.status, refused, JSON.stringify(request))
})

/** A server of nothing but a console, and a client of it. */
async function start(
  t: Test,
  authority: string,
  connections?: number,
): Promise<{ client: RawConnection; ended: RequestRecord[]; proxy: ConsoleProxy }> {
  const proxy = consoleAt(authority, connections)
  t.teardown(() => proxy.close())
  const ended: RequestRecord[] = []
  const recordOf = (request: IncomingMessage) => newRecord(request.method, request.url, undefined, 0)
  const server = createServer((request, response) => {
    const record = recordOf(request)
    proxy.web(request, response, record, () => ended.push(record))
  })
  server.on('upgrade', (request, socket, head) => {
    const record = recordOf(request)
    proxy.upgrade(request, socket as Socket, head, record, () => ended.push(record))
  })
  const client = await openRaw(await listen(t, server))
  t.teardown(() => client.destroy())
  return { client, ended, proxy }
}

/** Resolves when a request has ended. */
async function recorded(ended: RequestRecord[]): Promise<RequestRecord> {
  while (ended[0] === undefined) await new Promise(resolve => setTimeout(resolve, 5))
  return ended[0]
}

const post = `POST /api?a=%2F HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`

t.test('a request reaches the console as it is, and its answer the client', async t => {
  const upstream = await startRecordingUpstream(t)
  const { client, ended } = await start(t, `127.0.0.1:${upstream.port}`)
  await client.write(post)
  await client.until(({ ended }) => ended !== undefined)
  t.match(readResponse(client.text), { status: 200, body: 'ok', verdict: 'complete' })
  const [request] = upstream.requests
  t.match(request, { method: 'POST', target: '/api?a=%2F' })
  t.equal(request?.body.toString(), 'hi')
  t.strictSame(fieldValues(request ?? { fields: [] }, 'host'), [host])
  t.match(await recorded(ended), { status: 200, clientAborted: false })
})

t.test('a console that cannot be reached is a 502', async t => {
  const { client, ended } = await start(t, '127.0.0.1:1')
  await client.write(post)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 502)
  t.match(await recorded(ended), { status: 502, clientAborted: false })
})

t.test('a console that dies within its response breaks it off', async t => {
  const script = [write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'), rst]
  const upstream = await startFaultUpstream(t, script, { at: 'request' })
  const { client, ended } = await start(t, `127.0.0.1:${upstream.port}`)
  await client.write(post)
  await client.until(({ ended }) => ended !== undefined)
  if (client.text !== '') t.equal(readResponse(client.text).verdict, 'incomplete')
  t.match(await recorded(ended), { clientAborted: false })
})

t.test('a client that leaves has aborted', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const { client, ended } = await start(t, `127.0.0.1:${upstream.port}`)
  await client.write(post)
  await upstream.until(({ requests }) => requests.length === 1)
  client.reset()
  t.match(await recorded(ended), { status: 0, clientAborted: true })
})

t.test('what finds no connection to the console is refused, and never kept in a queue', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const proxy = await startTestProxy(t, 'http://127.0.0.1:9', {
    console: { host, url: `http://127.0.0.1:${upstream.port}` },
  })
  const held = `POST /api HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100000\r\n\r\n`
  const clients = await Promise.all(Array.from({ length: 140 }, () => proxy.open(t)))
  for (const client of clients) await client.write(held)
  await proxy.until(({ records }) => records.length >= 12)
  t.ok(proxy.records.every(({ status, errorCode }) => status === 503 && errorCode === 'SlowDown'))
  for (const client of clients) client.reset()
  await proxy.until(({ records }) => records.length === 140)
  const after = await proxy.open(t)
  await after.write(post.replace('/api', '/after'))
  await upstream.until(({ requests }) => requests.some(({ target }) => target.startsWith('/after')))
})

const upgrade = `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** A console that agrees to any WebSocket, then sends back what it is sent. */
async function startEcho(t: Test): Promise<string> {
  const server = createNetServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(switching)
      socket.pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

const ends: { name: string; end: (client: RawConnection, proxy: ConsoleProxy) => void }[] = [
  { name: 'the client leaves', end: client => client.reset() },
  { name: 'the console is closed', end: (_client, proxy) => proxy.close() },
]
for (const { name, end } of ends) {
  t.test(`a WebSocket carries bytes both ways until ${name}`, async t => {
    const { client, ended, proxy } = await start(t, await startEcho(t))
    await client.write(upgrade)
    await client.until(({ text }) => text.includes('\r\n\r\n'))
    t.match(client.text, /^HTTP\/1\.1 101 /)
    await client.write('\x81\x05hello')
    await client.until(({ text }) => text.endsWith('\r\n\r\n\x81\x05hello'))
    t.strictSame(ended, [])
    end(client, proxy)
    t.match(await recorded(ended), { status: 101 })
    await client.until(client => client.socket.destroyed || client.ended !== undefined)
  })
}

const notFound: Answer = () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

t.test('a WebSocket that the console refuses is refused with its words', async t => {
  const upstream = await startRecordingUpstream(t, { answer: notFound })
  const { client, ended } = await start(t, `127.0.0.1:${upstream.port}`)
  await client.write(upgrade)
  await client.until(({ text }) => text.includes('\r\n\r\n'))
  t.match(client.text, /^HTTP\/1\.1 404 /)
  client.destroy()
  t.match(await recorded(ended), { status: 404 })
})

for (const { name, authority } of [
  { name: 'cannot be reached', authority: async () => '127.0.0.1:1' },
  {
    name: 'ends without an answer',
    authority: async (t: Test) => `127.0.0.1:${(await startFaultUpstream(t, [fin])).port}`,
  },
]) {
  t.test(`a WebSocket of a console that ${name} is a 502`, async t => {
    const { client, ended } = await start(t, await authority(t))
    await client.write(upgrade)
    await client.until(({ ended }) => ended !== undefined)
    t.match(client.text, /^HTTP\/1\.1 502 /)
    client.destroy()
    t.match(await recorded(ended), { status: 502 })
  })
}

for (const { status, connections } of [
  { status: 502, connections: 1 },
  { status: 503, connections: 0 },
]) {
  t.test(`a WebSocket that gets ${status} ends, though its client neither reads nor leaves`, async t => {
    const { client, ended } = await start(t, '127.0.0.1:1', connections)
    const stubborn = connect({ port: client.socket.remotePort ?? 0, host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => stubborn.destroy())
    stubborn.on('error', () => {})
    stubborn.pause()
    stubborn.write(upgrade + 'x'.repeat(300_000))
    t.match(await recorded(ended), { status })
  })
}
