import t, { type Test } from 'tap'
import { DoubtedConnection, type DoubtingExchange } from '../../../../src/proxy/upstream/pool/doubted-connection.ts'
import type { PoolConnection } from '../../../../src/proxy/upstream/pool/pool-client.ts'
import { createFakePool } from '../../../fixtures/fake-pool.ts'
import type { FakeSocket } from '../../../fixtures/fake-socket.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A connection that carries a request for the second time, sent five seconds ago. */
async function setUp() {
  const { pool, take, clock, sockets } = createFakePool({ keepAliveMs: 60_000 })
  pool.release(take())
  await clock.advance(8000)
  const connection = take()
  const sentAtMs = clock.now()
  await clock.advance(5000)
  const told: string[] = []
  const exchange: DoubtingExchange = {
    onInformation: ({ statusCode }) => told.push(`information ${statusCode}`),
    onHead: ({ statusCode }) => told.push(`head ${statusCode}`),
    onBody: bytes => told.push(`body ${bytes}`),
    onRead: ended => told.push(`read ${ended}`),
    onDrain: () => undefined,
    onFailure: ({ reason }) => told.push(`failure ${reason}`),
    onFault: error => told.push(String(error)),
    onDoubtedAnswer(own: PoolConnection, atMs) {
      if (own !== connection || atMs !== sentAtMs) throw new Error('not the connection that was doubted')
      told.push('doubted answer')
    },
    onDoubtedFailure: () => told.push('doubted failure'),
  }
  connection.begin(exchange, 'GET')
  for (let i = 0; i < 6; i++) pool.doubts.begin(3000)
  const doubted = new DoubtedConnection(connection, exchange, pool.doubts, sentAtMs, clock.now)
  /** How long the next request waits before it is sent again. */
  const patienceMs = () => [3000, 6000, 10_000].find(ms => pool.doubts.begin(ms))
  return { connection, doubted, told, patienceMs, socket: sockets[0] as FakeSocket }
}

const answers: readonly {
  readonly name: string
  readonly received: readonly string[]
  readonly told: readonly string[]
}[] = [
  { name: 'an answer', received: [ok], told: ['doubted answer', 'head 200', 'body ok', 'read true'] },
  {
    name: 'an interim response',
    received: ['HTTP/1.1 103 Early Hints\r\n\r\n', ok],
    told: ['doubted answer', 'information 103', 'read false', 'head 200', 'body ok', 'read true'],
  },
  {
    name: 'the first byte',
    received: ['H', ok.slice(1)],
    told: ['doubted answer', 'read false', 'head 200', 'body ok', 'read true'],
  },
]
for (const { name, received, told: expected } of answers) {
  t.test(`${name} is told to the exchange, which has the connection again`, async t => {
    const { socket, told, patienceMs } = await setUp()
    for (const text of received) socket.receive(text)
    t.strictSame(told, expected)
    t.equal(patienceMs(), 10_000, 'the next waits twice as long')
  })
}

t.test('its end is told as its own, not as one of the request', async t => {
  const { socket, told, patienceMs } = await setUp()
  socket.receiveEnd()
  t.strictSame(told, ['doubted failure'])
  t.equal(patienceMs(), 3000)
})

const ends: readonly { readonly name: string; readonly end: (doubted: DoubtedConnection) => unknown }[] = [
  { name: 'lost', end: doubted => doubted.lose() },
  { name: 'dropped', end: doubted => doubted.drop() },
]
for (const { name, end } of ends) {
  t.test(`one that is ${name} ends, and tells nothing`, async (t: Test) => {
    const { doubted, socket, told, patienceMs } = await setUp()
    end(doubted)
    t.equal(socket.destroyed, true)
    t.strictSame(told, [])
    t.equal(patienceMs(), 3000)
  })
}

t.test('what comes on one that is trusted is told as before', async t => {
  const { connection, doubted, socket, told, patienceMs } = await setUp()
  t.equal(doubted.trust(), connection)
  socket.receive(ok)
  t.strictSame(told, ['head 200', 'body ok', 'read true'])
  t.equal(patienceMs(), 3000)
})
