import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import t from 'tap'
import type { GuardedRequest } from '../../../../src/proxy/request/request-guard.ts'
import { newRecord } from '../../../../src/proxy/request/request-record.ts'
import { type BodyListener, RequestBody } from '../../../../src/proxy/upstream/request/request-body.ts'
import { settled } from '../../../fixtures/fake-clock.ts'
import { createFakePool } from '../../../fixtures/fake-pool.ts'
import type { FakeSocket } from '../../../fixtures/fake-socket.ts'

type Framing = Pick<GuardedRequest, 'chunked' | 'contentLength'>

const chunks: Framing = { chunked: true, contentLength: undefined }
const length = (contentLength: string): Framing => ({ chunked: false, contentLength })

/** A body on its way from a stream to an endpoint. */
function setUp(framing: Framing) {
  const { sockets, take } = createFakePool()
  const connection = take()
  const request = new PassThrough()
  const record = newRecord('PUT', '/', undefined, 0)
  let doneTimes = 0
  const listener: BodyListener = {
    acquireConnection: () => undefined,
    onContentInvited: () => undefined,
    onContentSent: () => {
      doneTimes++
    },
  }
  const body = new RequestBody(
    request as unknown as IncomingMessage,
    framing as GuardedRequest,
    record,
    listener,
    undefined,
  )
  connection.begin(
    {
      onInformation: () => undefined,
      onHead: () => undefined,
      onBody: () => undefined,
      onRead: () => undefined,
      onFailure: () => undefined,
      onDrain: () => body.resume(),
      onFault: () => undefined,
    },
    'PUT',
  )
  return { body, listener, connection, request, record, socket: sockets[0] as FakeSocket, doneTimes: () => doneTimes }
}

const bodies: { name: string; framing: Framing; parts: string[]; ends: boolean; written: string; done: boolean }[] = [
  {
    name: 'a body with a length',
    framing: length('5'),
    parts: ['he', 'llo'],
    ends: true,
    written: 'hello',
    done: true,
  },
  { name: 'its last byte ends it', framing: length('5'), parts: ['hello'], ends: false, written: 'hello', done: true },
  { name: 'one that is short', framing: length('9'), parts: ['hello'], ends: false, written: 'hello', done: false },
  {
    name: 'chunks are framed anew',
    framing: chunks,
    parts: ['he', 'x'.repeat(16)],
    ends: true,
    written: `2\r\nhe\r\n10\r\n${'x'.repeat(16)}\r\n0\r\n\r\n`,
    done: true,
  },
  {
    name: 'chunks that do not end get no last chunk',
    framing: chunks,
    parts: ['he'],
    ends: false,
    written: '2\r\nhe\r\n',
    done: false,
  },
  { name: 'no chunk at all', framing: chunks, parts: [], ends: true, written: '0\r\n\r\n', done: true },
]
for (const { name, framing, parts, ends, written, done } of bodies) {
  t.test(name, async t => {
    const { body, connection, request, record, socket, doneTimes } = setUp(framing)
    body.start(connection)
    for (const part of parts) {
      request.write(part)
      await settled()
    }
    if (ends) request.end()
    await settled()
    t.equal(socket.written, written)
    t.equal(body.done, done)
    t.equal(doneTimes(), done ? 1 : 0)
    t.equal(record.requestBodyBytes, parts.join('').length)
  })
}

t.test('nothing is read before the start', async t => {
  const { body, request, socket } = setUp(length('5'))
  request.write('hello')
  await settled()
  t.equal(body.started, false)
  t.equal(socket.written, '')
})

t.test('content whose end comes with it asks for a connection once', async t => {
  for (const [framing, written] of [
    [length('5'), 'hello'],
    [chunks, '5\r\nhello\r\n0\r\n\r\n'],
  ] as const) {
    const { body, listener, connection, request, socket, doneTimes } = setUp(framing)
    let calls = 0
    listener.acquireConnection = () => {
      calls++
    }
    body.await()
    request.end('hello')
    await settled()
    await settled()
    t.equal(calls, 1)
    body.start(connection)
    await settled()
    t.equal(socket.written, written)
    t.strictSame([calls, doneTimes(), body.done], [1, 1, true])
  }
})

t.test('content that comes before there is a connection is waited for, and kept', async t => {
  for (const [framing, written] of [
    [length('5'), 'hello'],
    [chunks, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'],
  ] as const) {
    for (const atOnce of [false, true]) {
      const { body, listener, connection, request, record, socket, doneTimes } = setUp(framing)
      let calls = 0
      listener.acquireConnection = () => {
        calls++
        if (atOnce) body.start(connection)
      }
      body.await()
      await settled()
      t.strictSame([calls, body.awaitsClient], [0, true])
      request.write('he')
      await settled()
      t.strictSame([calls, body.awaitsClient, request.isPaused()], [1, atOnce, !atOnce])
      t.equal(record.requestBodyBytes, atOnce ? 2 : 0)
      request.write('llo')
      request.end()
      if (!atOnce) {
        await settled()
        t.equal(socket.written, '')
        body.start(connection)
      }
      await settled()
      t.equal(socket.written, written)
      t.strictSame([calls, doneTimes(), body.done, body.awaitsClient], [1, 1, true, false])
    }
  }
})

t.test('chunks that end before the first are content that has come', async t => {
  const { body, listener, connection, request, socket } = setUp(chunks)
  let calls = 0
  listener.acquireConnection = () => {
    calls++
  }
  body.await()
  request.end()
  request.resume()
  await settled()
  t.strictSame([calls, body.awaitsClient], [1, false])
  body.start(connection)
  t.equal(socket.written, '0\r\n\r\n')
  t.equal(body.done, true)
})

t.test('a stop before there is a connection forgets what has come', async t => {
  const { body, listener, request, record, connection, socket } = setUp(length('5'))
  listener.acquireConnection = () => body.stop()
  body.await()
  request.write('he')
  await settled()
  t.equal(request.isPaused(), true)
  t.equal(body.awaitsClient, false)
  request.resume()
  request.write('llo')
  await settled()
  t.equal(record.requestBodyBytes, 0)
  t.equal(connection.flushed, true)
  t.equal(socket.written, '')
})

t.test('the client waits while the endpoint takes no more', async t => {
  const { body, connection, request, socket } = setUp(length('4000'))
  socket.hold()
  body.start(connection)
  request.write('x'.repeat(2000))
  await settled()
  t.equal(body.blocked, true)
  t.equal(request.isPaused(), true)
  request.end('y'.repeat(2000))
  await settled()
  t.equal(connection.flushed, false)
  t.equal(body.done, false)
  socket.letGo()
  await settled()
  t.equal(body.done, true)
  t.equal(body.blocked, false)
  t.equal(socket.written.length, 4000)
})

t.test('after a stop nothing more is sent, no last chunk either', async t => {
  const { body, connection, request, socket, doneTimes } = setUp(chunks)
  body.start(connection)
  request.write('a')
  await settled()
  body.stop()
  t.equal(request.isPaused(), true)
  request.end('b')
  request.resume()
  await settled()
  t.equal(socket.written, '1\r\na\r\n')
  t.equal(body.done, false)
  t.equal(doneTimes(), 0)
})

t.test('a stop before the start leaves the request as it is', async t => {
  const { body, request } = setUp(chunks)
  body.stop()
  t.equal(request.isPaused(), false)
})

const large = 64 * 1024
const memories: { name: string; framing: Framing; held?: boolean; chunk: () => Buffer; released: boolean }[] = [
  { name: 'has left', framing: length('65536'), chunk: () => Buffer.alloc(large), released: true },
  { name: 'has left in a chunk', framing: chunks, chunk: () => Buffer.alloc(large), released: true },
  { name: 'still waits', framing: length('65536'), held: true, chunk: () => Buffer.alloc(large), released: false },
  { name: 'waits in a chunk', framing: chunks, held: true, chunk: () => Buffer.alloc(large), released: false },
  {
    name: 'is a part of other memory',
    framing: length('65536'),
    chunk: () => Buffer.alloc(large + 1).subarray(1),
    released: false,
  },
  { name: 'is little', framing: length('4096'), chunk: () => Buffer.alloc(4096), released: false },
]
for (const { name, framing, held = false, chunk, released } of memories) {
  t.test(`memory of content that ${name} is ${released ? 'given back at once' : 'left alone'}`, async t => {
    const { body, connection, request, socket } = setUp(framing)
    if (held) socket.hold()
    body.start(connection)
    const content = chunk()
    const { length: size } = content
    request.write(content)
    await settled()
    t.equal(content.length, released ? 0 : size)
    socket.letGo()
    await settled()
    t.equal(Buffer.from(socket.written, 'latin1').filter(byte => byte === 0).length, size)
    if (held) t.equal(content.length, 0, 'it is given back as soon as it has left')
  })
}

t.test('memory of content that leaves later is given back with the next that comes, or at the response', async t => {
  for (const next of ['content', 'response'] as const) {
    const { body, connection, request, socket } = setUp(length('200000'))
    // As a TLS socket does: it takes everything, and says so later.
    const contents = [Buffer.alloc(large), Buffer.alloc(large)] as const
    socket.hold()
    body.start(connection)
    request.write(contents[0])
    await settled()
    body.releaseSent()
    t.equal(contents[0].length, large, 'it has not left')
    body.blocked = false
    socket.letGo()
    if (next === 'response') body.releaseSent()
    else {
      request.write(contents[1])
      request.resume()
    }
    await settled()
    t.strictSame(
      contents.map(content => content.length),
      next === 'response' ? [0, large] : [0, 0],
    )
  }
})

t.test('pieces that come in one turn of the event loop leave in one write, at its end', async t => {
  const { body, connection, request, socket } = setUp(length('9'))
  Object.assign(request, { comesInPieces: true })
  body.start(connection)
  for (const piece of ['one', 'two', 'six']) request.emit('data', Buffer.from(piece))
  t.equal(socket.written, '', 'not yet')
  t.equal(body.done, true)
  t.equal(connection.flushed, false, 'its connection is not free')
  await new Promise(resolve => setImmediate(resolve))
  t.equal(socket.written, 'onetwosix')
})
