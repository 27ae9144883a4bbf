import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { keepClientSockets } from '../../../src/proxy/server/client-sockets.ts'
import { MemoryLedger } from '../../../src/proxy/shares/memory-ledger.ts'

t.setTimeout(300_000)

/** A server whose connections are kept, and what happened to the idle ones. */
async function start(owner: { teardown(action: () => void): void }, timeoutMs: number, keepAliveMs: number) {
  const timeouts: Socket[] = []
  const server: Server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    request.resume()
    request.on('end', () => response.end('ok'))
  })
  server.timeout = timeoutMs
  server.on('timeout', (socket: Socket) => {
    timeouts.push(socket)
    socket.destroy()
  })
  const ledger = new MemoryLedger({ connections: 100, heldBytes: 1e9, headBytes: 65_536 }, () => undefined)
  keepClientSockets(server, false, ledger)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, timeouts, port: (server.address() as AddressInfo).port }
}

/** A client; what it was sent, and when it was closed. */
function open(port: number) {
  const startedMs = performance.now()
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', bytes => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(() => performance.now() - startedMs)
  return { socket, closed, text: () => text }
}

const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
/** Longer than any test may take: a connection that this limit would have to end is not ended. */
const noLimitMs = 3_600_000

t.test('a client that says nothing is timed out after its limit, and not before', async t => {
  const { port, timeouts } = await start(t, 600, noLimitMs)
  const closedMs = await open(port).closed
  t.ok(closedMs >= 590, `${closedMs} ms`)
  t.equal(timeouts.length, 1)
})

t.test('one that says something now and then is not', async t => {
  const { port, timeouts } = await start(t, 800, 5000)
  const { socket, text } = open(port)
  socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n')
  for (let i = 0; i < 8; i++) {
    await sleep(300)
    socket.write('x')
  }
  await once(socket, 'data')
  t.match(text(), '200 OK')
  t.equal(timeouts.length, 0)
  socket.destroy()
})

t.test('between requests the limit is that of keep-alive', async t => {
  const { port } = await start(t, noLimitMs, 400)
  const { socket, closed, text } = open(port)
  socket.write(request)
  // Node adds a second of its own to what it announces.
  const closedMs = await closed
  t.match(text(), '200 OK')
  t.ok(closedMs >= 390, `${closedMs} ms`)
})

t.test('a limit of 0 is none', async t => {
  const { port, timeouts } = await start(t, 0, 5000)
  const { socket } = open(port)
  await sleep(800)
  t.equal(timeouts.length, 0)
  t.equal(socket.destroyed, false)
  socket.destroy()
})

t.test('a listener given with a limit hears of it once, and not after the limit is taken back', async t => {
  const { server, port } = await start(t, 0, 5000)
  const accepted = once(server, 'connection')
  const { socket: client } = open(port)
  const [socket] = (await accepted) as [Socket]
  socket.removeAllListeners('timeout')
  let heard = 0
  const listener = () => {
    heard++
  }
  t.equal(socket.setTimeout(100, listener), socket)
  await sleep(1600)
  t.equal(heard, 1)
  socket.setTimeout(100, listener)
  socket.setTimeout(0, listener)
  await sleep(800)
  t.equal(heard, 1)
  client.destroy()
})

t.test(
  'closing idle connections ends those that have not said a word for a second, and leaves one under way',
  async t => {
    const { server, port } = await start(t, 0, 5000)
    const [silent, busy] = [open(port), open(port)]
    busy.socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n')
    // One whose request is on its way when a drain begins would be reset otherwise.
    const late = open(port)
    await once(late.socket, 'connect')
    const begun = performance.now()
    server.closeIdleConnections()
    late.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(late.socket, 'data')
    t.match(late.text(), '200 OK')
    const drain = setInterval(() => server.closeIdleConnections(), 20)
    t.teardown(() => clearInterval(drain))
    await silent.closed
    // Node 26 ends at once what has not said a word.
    if (!process.version.startsWith('v26.')) t.ok(performance.now() - begun > 500, 'the silent one had its second')
    t.equal(busy.socket.destroyed, false)
    busy.socket.write('x')
    await once(busy.socket, 'data')
    t.match(busy.text(), '200 OK')
    busy.socket.destroy()
  },
)
