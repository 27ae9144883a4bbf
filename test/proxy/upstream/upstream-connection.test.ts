import t from 'tap'
import { longReadBytes, ReadBuffers, readBufferBytes } from '../../../src/proxy/upstream/read-buffers.ts'
import type { OpenSocket } from '../../../src/proxy/upstream/socket-reader.ts'
import type { ConnectionOwner } from '../../../src/proxy/upstream/upstream-connection.ts'
import { UpstreamConnection } from '../../../src/proxy/upstream/upstream-connection.ts'
import type { UpstreamExchange } from '../../../src/proxy/upstream/upstream-exchange.ts'
import { settled } from '../../fixtures/fake-clock.ts'
import { type FakeSocket, fakeSockets, socketError } from '../../fixtures/fake-socket.ts'

const limits = { headerBytes: 1000, fields: 10, informational: 1 }
const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const partial = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'

/** A connection that is up, with an exchange that writes down what it hears. */
function setUp({ method = 'GET', begun = true, connected = true } = {}) {
  const { open, sockets } = fakeSockets()
  const owned: string[] = []
  const owner: ConnectionOwner = {
    onConnected: () => owned.push('connected'),
    onFailed: () => undefined,
    onClosed: (_connection, failure) => owned.push(`closed ${failure?.reason ?? ''}`),
  }
  const longBuffers = new ReadBuffers(1)
  const connection = new UpstreamConnection(open as OpenSocket, 'a', owner, limits, longBuffers)
  const heard: string[] = []
  const exchange: UpstreamExchange = {
    onInformation: head => heard.push(`information ${head.statusCode}`),
    onHead: (head, framing) => heard.push(`head ${head.statusCode} ${framing}`),
    onBody: bytes => heard.push(`body ${bytes.toString()}`),
    onRead: ended => heard.push(ended ? 'end' : 'read'),
    onFailure: failure => heard.push(`failure ${failure.reason}`),
    onDrain: () => heard.push('drain'),
    onFault: error => heard.push(`fault ${(error as Error).message}`),
  }
  const [socket] = sockets as [FakeSocket]
  if (connected) socket.connect()
  if (begun) connection.begin(exchange, method)
  return { connection, socket, owned, heard, exchange, longBuffers }
}

type Step = (socket: FakeSocket) => unknown
const receive =
  (text: string): Step =>
  socket =>
    socket.receive(text)
const end: Step = socket => socket.receiveEnd()
const reset: Step = socket => socket.destroy(socketError('ECONNRESET'))

const responses: { name: string; method?: string; steps: Step[]; heard: string[]; reusable: boolean }[] = [
  {
    name: 'a response whose end is certain leaves the connection reusable',
    steps: [receive(whole)],
    heard: ['head 200 length', 'body ok', 'end'],
    reusable: true,
  },
  {
    name: 'so does one to HEAD',
    method: 'HEAD',
    steps: [receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')],
    heard: ['head 200 none', 'end'],
    reusable: true,
  },
  {
    name: 'an interim response is told, and the final one awaited',
    steps: [receive('HTTP/1.1 100 Continue\r\n\r\n'), receive(whole)],
    heard: ['information 100', 'read', 'head 200 length', 'body ok', 'end'],
    reusable: true,
  },
  {
    name: 'a response that closes is whole, and the connection done with',
    steps: [receive(whole.replace('\r\n', '\r\nConnection: close\r\n'))],
    heard: ['head 200 length', 'body ok', 'end'],
    reusable: false,
  },
  {
    name: 'a byte beyond the end makes the connection unusable',
    steps: [receive(`${whole}H`)],
    heard: ['head 200 length', 'body ok', 'end'],
    reusable: false,
  },
  {
    name: 'so does one in the next read, and it is not told',
    steps: [receive(whole), receive(whole)],
    heard: ['head 200 length', 'body ok', 'end'],
    reusable: false,
  },
  {
    name: 'an end after the response makes the connection unusable',
    steps: [receive(whole), end],
    heard: ['head 200 length', 'body ok', 'end'],
    reusable: false,
  },
  {
    name: 'a response that ends with the connection is whole at an orderly end',
    steps: [receive('HTTP/1.1 200 OK\r\n\r\nok'), end],
    heard: ['head 200 close', 'body ok', 'read', 'end'],
    reusable: false,
  },
  {
    name: 'and truncated at a reset',
    steps: [receive('HTTP/1.1 200 OK\r\n\r\nok'), reset],
    heard: ['head 200 close', 'body ok', 'read', 'failure truncated'],
    reusable: false,
  },
  {
    name: 'an end within the content truncates',
    steps: [receive(partial), end],
    heard: ['head 200 length', 'body ok', 'read', 'failure truncated'],
    reusable: false,
  },
  {
    name: 'an end within the head truncates',
    steps: [receive('HTTP'), end],
    heard: ['read', 'failure truncated'],
    reusable: false,
  },
  { name: 'an end before any byte is a reset', steps: [end], heard: ['failure reset'], reusable: false },
  { name: 'a reset before any byte is one', steps: [reset], heard: ['failure reset'], reusable: false },
  { name: 'what is no HTTP is malformed', steps: [receive('SSH-2.0')], heard: ['failure malformed'], reusable: false },
]
for (const { name, method = 'GET', steps, heard, reusable } of responses) {
  t.test(name, async t => {
    const { connection, socket, owned, heard: found } = setUp({ method })
    for (const step of steps) {
      step(socket)
      await settled()
    }
    t.strictSame(found, heard)
    t.equal(connection.reusable, reusable)
    socket.destroy()
    await settled()
    t.strictSame(owned, ['connected', 'closed '], 'the owner is told once')
  })
}

t.test('a second exchange follows the first', async t => {
  const { connection, socket, heard, exchange } = setUp()
  socket.receive(whole)
  connection.detach()
  t.equal(connection.reused, true)
  connection.begin(exchange, 'HEAD')
  t.equal(connection.answered, false)
  socket.receive('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\n')
  t.equal(connection.answered, true)
  t.strictSame(heard.slice(3), ['head 404 none', 'end'])
  t.equal(connection.keepAliveMs, 4000, 'a second less than the endpoint keeps it')
})

for (const { name, step } of [
  { name: 'a byte', step: receive('H') },
  { name: 'an end', step: end },
]) {
  t.test(`${name} on an idle connection destroys it`, async t => {
    const { connection, socket, heard } = setUp({ begun: false })
    step(socket)
    t.equal(socket.destroyed, true)
    t.equal(connection.reusable, false)
    t.strictSame(heard, [])
  })
}

t.test('reading stops after the read within which it was paused, until it is resumed', async t => {
  const { connection, socket, exchange } = setUp()
  exchange.onBody = () => connection.pause()
  t.equal(socket.receive('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'), true)
  t.equal(socket.receive('abc'), false)
  connection.resume()
  exchange.onBody = () => undefined
  t.equal(socket.receive('def'), true)
})

const longBodyBytes = readBufferBytes + 1
const longHead = `HTTP/1.1 200 OK\r\nContent-Length: ${longBodyBytes}\r\n\r\n`
const part = 'x'.repeat(longBodyBytes - 1)
const borrowers: { name: string; steps: Step[]; nextBytes: number; lent: number }[] = [
  { name: 'a head is read into the buffer of the connection', steps: [], nextBytes: readBufferBytes, lent: 0 },
  {
    name: 'so is the rest of a body that fits into it',
    steps: [receive(`HTTP/1.1 200 OK\r\nContent-Length: ${readBufferBytes + 1}\r\n\r\nx`)],
    nextBytes: readBufferBytes,
    lent: 0,
  },
  { name: 'one that does not is read into a long one', steps: [receive(longHead)], nextBytes: longReadBytes, lent: 1 },
  {
    name: 'so is one whose length is unknown',
    steps: [receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')],
    nextBytes: longReadBytes,
    lent: 1,
  },
  {
    name: 'to its end',
    steps: [receive(longHead), receive(part)],
    nextBytes: longReadBytes,
    lent: 1,
  },
  {
    name: 'from the end on nothing goes there, even while the client has not taken all of it',
    steps: [receive(longHead), receive(part), receive('x')],
    nextBytes: readBufferBytes,
    lent: 1,
  },
  {
    name: 'what follows the end does not go there either',
    steps: [receive(longHead), receive(part), receive('x'), receive('H')],
    nextBytes: readBufferBytes,
    lent: 1,
  },
  {
    name: 'a connection that ends within the body does not give it back',
    steps: [receive(longHead), receive(part), end],
    nextBytes: readBufferBytes,
    lent: 0,
  },
]
for (const { name, steps, nextBytes, lent } of borrowers) {
  t.test(name, async t => {
    const { connection, socket, longBuffers } = setUp()
    for (const step of steps) step(socket)
    t.equal(socket.reader.nextBuffer().length, nextBytes)
    t.strictSame(longBuffers.size, { lent, free: 0 })
    connection.destroy()
    t.strictSame(longBuffers.size, { lent: 0, free: 0 })
    await settled()
    t.strictSame(longBuffers.size, { lent: 0, free: 0 }, 'it is lost once')
  })
}

t.test('a long buffer goes back once the client has all, and may then be lent to the next', async t => {
  const { connection, socket, longBuffers, exchange } = setUp()
  for (const bytes of [longHead, part, 'x']) socket.receive(bytes)
  connection.detach()
  t.strictSame(longBuffers.size, { lent: 0, free: 1 })
  connection.begin(exchange, 'GET')
  t.equal(socket.reader.nextBuffer().length, readBufferBytes)
  socket.receive(longHead)
  t.strictSame(longBuffers.size, { lent: 1, free: 0 })
})

t.test('where no long buffer is left, a long body is read into the buffer of the connection', async t => {
  const { connection, socket, longBuffers } = setUp()
  const other = longBuffers.lend()
  socket.receive(longHead)
  t.equal(socket.reader.nextBuffer().length, readBufferBytes)
  if (other !== undefined) longBuffers.takeBack(other)
  socket.receive('x')
  t.equal(socket.reader.nextBuffer().length, readBufferBytes, 'what is left of the body fits into it')
  connection.destroy()
  t.strictSame(longBuffers.size, { lent: 0, free: 1 }, 'nothing is lost that was never lent')
})

for (const code of ['EPIPE', 'ECONNRESET']) {
  t.test(`a write that fails with ${code} does not lose the answer that has come`, async t => {
    const { connection, socket, heard } = setUp({ method: 'PUT' })
    socket.writeError = socketError(code)
    connection.writeText('PUT / HTTP/1.1\r\n\r\n')
    connection.cork()
    connection.writeText('a')
    connection.write(Buffer.from('b'))
    connection.uncork()
    await settled()
    t.equal(socket.destroyed, false)
    socket.receive(whole)
    t.strictSame(heard, ['head 200 length', 'body ok', 'end'])
  })
}

t.test('any other failure of a write is one of the exchange', async t => {
  const { connection, socket, heard } = setUp({ method: 'PUT' })
  socket.writeError = socketError('EBADF')
  connection.writeText('PUT / HTTP/1.1\r\n\r\n')
  await settled()
  t.strictSame(heard, ['failure reset'])
})

t.test('what is written leaves in Latin-1, and waits for the endpoint', async t => {
  const { connection, socket, heard } = setUp()
  socket.hold()
  t.equal(connection.writeText('\xe4'), true)
  t.equal(connection.write(Buffer.alloc(2000, 'x')), false)
  t.equal(connection.flushed, false)
  socket.letGo()
  await settled()
  t.equal(socket.written, `\xe4${'x'.repeat(2000)}`)
  t.equal(connection.flushed, true)
  t.strictSame(heard, ['drain'])
})

t.test('a fault of our own within a read ends the one exchange', async t => {
  const { socket, heard, exchange } = setUp()
  exchange.onHead = () => {
    throw new Error('oops')
  }
  t.equal(socket.receive(whole), false)
  await settled()
  t.strictSame(heard, ['fault oops'])
  t.equal(socket.destroyed, true)
})

t.test('a connection that is destroyed tells its exchange nothing', async t => {
  const { connection, socket, owned, heard } = setUp()
  socket.receive(partial)
  connection.destroy()
  await settled()
  t.strictSame(heard.at(-1), 'read')
  t.strictSame(owned, ['connected', 'closed '])
})

t.test('a connection that never comes up is told to its owner, with the cause', async t => {
  const { socket, owned } = setUp({ begun: false, connected: false })
  socket.destroy(socketError('ENOTFOUND'))
  await settled()
  t.strictSame(owned, ['closed dns'])
})
