import t from 'tap'
import { ClientPace } from '../../../../src/proxy/upstream/pool/client-pace.ts'
import type { PoolConnection } from '../../../../src/proxy/upstream/pool/pool-client.ts'
import { settled } from '../../../fixtures/fake-clock.ts'
import { FakeWaiter, createFakePool as setUp } from '../../../fixtures/fake-pool.ts'
import { type FakeSocket, socketError } from '../../../fixtures/fake-socket.ts'

t.test('the youngest idle connection is taken first', async t => {
  const { pool, ask, take } = setUp()
  const [first, second] = [take(), take()]
  pool.release(second)
  pool.release(first)
  t.equal(ask().connection, first)
  t.equal(ask().connection, second)
})

t.test('six requests at once, after a silence of any length below keepAliveSeconds, open nothing', async t => {
  const { clock, pool, sockets, ask, take } = setUp({ connections: 64, keepAliveMs: 60_000 })
  let burst: readonly PoolConnection[] = Array.from({ length: 6 }, () => take())
  for (const silenceS of [0, 1, 5, 10, 30, 55]) {
    for (const connection of burst) pool.release(connection)
    for (let second = 0; second < silenceS; second++) {
      await clock.advance(1000)
      pool.sweep()
    }
    burst = Array.from({ length: 6 }, () => ask().connection as PoolConnection)
    t.ok(
      burst.every(connection => connection?.reused),
      `${silenceS} s`,
    )
  }
  t.equal(sockets.length, 6)
})

t.test('there are never more connections than allowed, nor more waiting than allowed', async t => {
  const { pool, sockets, ask } = setUp()
  const waiters = [1, 2, 3, 4, 5].map(() => ask())
  t.equal(sockets.length, 2)
  t.strictSame(pool.size, { connections: 2, idle: 0, queued: 2 })
  t.strictSame(
    waiters.map(({ failure }) => failure?.reason),
    [undefined, undefined, undefined, undefined, 'queue'],
  )
})

t.test('requests that wait are served in order of arrival', async t => {
  const { pool, ask, take } = setUp({ connections: 1 })
  const connection = take()
  const [first, second] = [ask(), ask()]
  pool.release(connection)
  t.equal(first.connection, connection)
  t.equal(second.told, 0)
  pool.release(connection)
  t.equal(second.connection, connection)
})

t.test('a connection that dies makes room for a request that waits', async t => {
  const { pool, sockets, ask, take } = setUp({ connections: 1 })
  const connection = take()
  const waiter = ask()
  connection.destroy()
  await settled()
  t.equal(sockets.length, 2)
  sockets[1]?.connect()
  t.equal(waiter.connection?.reused, false)
  t.strictSame(pool.size, { connections: 1, idle: 0, queued: 0 })
})

t.test('a request that waits too long is told so, the others go on waiting', async t => {
  const { clock, pool, ask, take } = setUp({ connections: 1 })
  take()
  const first = ask()
  await clock.advance(60)
  const second = ask()
  await clock.advance(40)
  pool.sweep()
  t.equal(first.failure?.reason, 'queue')
  t.equal(second.told, 0)
  t.equal(pool.size.queued, 1)
})

t.test('a connection that does not come up in time is a timeout', async t => {
  const { clock, pool, sockets, ask } = setUp()
  const waiter = ask()
  await clock.advance(49)
  pool.sweep()
  t.equal(waiter.told, 0)
  await clock.advance(1)
  pool.sweep()
  await settled()
  t.equal(waiter.failure?.reason, 'timeout')
  t.equal(waiter.told, 1)
  t.equal(sockets[0]?.destroyed, true)
  t.equal(pool.size.connections, 0)
})

t.test('a connection that is refused is told to the request that asked for it', async t => {
  const { pool, sockets, ask } = setUp()
  const waiter = ask()
  sockets[0]?.destroy(socketError('ECONNREFUSED'))
  await settled()
  t.equal(waiter.failure?.reason, 'refused')
  t.equal(waiter.told, 1)
  t.equal(pool.size.connections, 0)
})

t.test('a waiter that left is told nothing, and its connection serves the next', async t => {
  const { pool, sockets, ask } = setUp({ connections: 1 })
  const [opener, queued, next] = [ask(), ask(), ask()]
  pool.cancel(opener)
  pool.cancel(queued)
  sockets[0]?.connect()
  t.strictSame([opener.told, queued.told], [0, 0])
  t.not(next.connection, undefined)
})

t.test('in a closed pool, a connection that no request waits for any more is not waited for', async t => {
  for (const closesFirst of [true, false]) {
    const { pool, sockets, ask } = setUp()
    const opener = ask()
    if (closesFirst) pool.close()
    pool.cancel(opener)
    if (!closesFirst) pool.close()
    await settled()
    t.equal(sockets[0]?.destroyed, true)
    t.equal(pool.size.connections, 0)
    t.equal(opener.told, 0)
  }
})

const idleTimes = [
  { name: 'an idle connection is kept for its time', own: Number.POSITIVE_INFINITY, ms: 999, kept: true },
  { name: 'and no longer', own: Number.POSITIVE_INFINITY, ms: 1000, kept: false },
  { name: "the endpoint's own limit counts if it is shorter", own: 500, ms: 500, kept: false },
  { name: 'and not if it is longer', own: 5000, ms: 1000, kept: false },
]
for (const { name, own, ms, kept } of idleTimes) {
  t.test(name, async t => {
    for (const sweeps of [true, false]) {
      const { clock, pool, sockets, ask, take } = setUp()
      const connection = take()
      connection.keepAliveMs = own
      pool.release(connection)
      await clock.advance(ms)
      if (sweeps) pool.sweep()
      else t.equal(ask().connection, kept ? connection : undefined)
      t.equal(sockets[0]?.destroyed, !kept)
    }
  })
}

t.test('a connection serves its own server name alone', async t => {
  const { pool, ask, take } = setUp()
  const connection = take('a')
  pool.release(connection)
  t.equal(ask('b').connection, undefined)
  t.equal(ask('a').connection, connection)
})

t.test('an idle connection makes room for another server name', async t => {
  const { pool, sockets, ask, take } = setUp({ connections: 1 })
  pool.release(take('a'))
  const asked = ask('b')
  t.equal(sockets[0]?.destroyed, true)
  sockets[1]?.connect()
  t.equal(asked.connection?.servername, 'b')
  const waiter = ask('c')
  pool.release(asked.connection as PoolConnection)
  sockets[2]?.connect()
  t.equal(waiter.connection?.servername, 'c', 'a released one does so too')
  await settled()
  t.equal(pool.size.connections, 1)
})

t.test('a fresh connection is one that carried nothing', async t => {
  const { pool, sockets, ask, take } = setUp()
  pool.release(take())
  const waiter = ask('', true)
  t.equal(waiter.connection, undefined)
  sockets[1]?.connect()
  t.equal(waiter.connection?.reused, false)
})

t.test('an idle connection that ends is forgotten', async t => {
  const { pool, sockets, take } = setUp()
  pool.release(take())
  t.equal(pool.size.idle, 1)
  sockets[0]?.receiveEnd()
  await settled()
  t.strictSame(pool.size, { connections: 0, idle: 0, queued: 0 })
})

t.test('a closed pool ends what is idle now, and what is released later', async t => {
  const { pool, sockets, take } = setUp()
  const [idle, busy] = [take(), take()]
  pool.release(idle)
  pool.close()
  t.strictSame([sockets[0]?.destroyed, sockets[1]?.destroyed], [true, false])
  pool.release(busy)
  t.equal(sockets[1]?.destroyed, true)
  await settled()
  t.equal(pool.size.connections, 0)
})

t.test('what comes free goes to the client that holds fewest', async t => {
  const { pool, ask, take } = setUp({ queue: 9 })
  const [first] = [take(), take()]
  const [same, other] = [ask(), ask('', false, 'b')]
  pool.release(first)
  t.equal(other.connection, first)
  t.equal(same.told, 0)
  const third = ask('', false, 'b')
  pool.release(first)
  t.strictSame([same.told, third.told], [0, 1], 'by turns among those that hold as much')
})

t.test('a connection that is being opened is held by the client it is for, and by none when that has left', async t => {
  const { pool, sockets, ask } = setUp({ queue: 9 })
  const opening = ask('', false, 'a')
  ask('', false, 'b')
  const [a, b] = [ask('', false, 'a'), ask('', false, 'b')]
  pool.cancel(opening)
  sockets[0]?.connect()
  t.strictSame([a.told, b.told], [1, 0])
})

t.test('in a full queue one client makes room for another', async t => {
  const { ask, take, pool } = setUp({ queue: 2 })
  take()
  take()
  const [older, newest] = [ask(), ask()]
  const stranger = ask('', false, 'b')
  t.equal(newest.failure?.reason, 'queue')
  t.strictSame([older.told, stranger.told, pool.size.queued], [0, 0, 2])
  ask('', false, 'b')
  t.equal(older.failure?.reason, 'queue', 'connections count too')
  for (const client of [undefined, 'b'])
    t.equal(ask('', false, client).failure?.reason, 'queue', 'as much is not taken')
  t.strictSame([stranger.told, pool.size.queued], [0, 2])
})

t.test('without a queue none waits, and none gives way', async t => {
  const { ask, take, pool, clock } = setUp({ queue: 0, connections: 1 })
  take()
  t.equal(ask('', false, 'b').failure?.reason, 'queue')
  await clock.advance(10_000)
  pool.sweep()
  t.equal(pool.size.connections, 1)
})

t.test('the slow give way to who waits, and only then', async t => {
  const { ask, pool, sockets, clock } = setUp({ connections: 1, queueMs: 5000, keepAliveMs: 1e9 })
  const slow = ask()
  sockets[0]?.connect()
  slow.pace = new ClientPace(0, 0)
  for (let i = 1; i <= 100; i++) {
    await clock.advance(250)
    slow.pace.advance(clock.now(), 0, true)
    pool.sweep()
  }
  t.equal(slow.gaveWay, false)
  const waiter = ask('', false, 'b')
  pool.sweep()
  t.equal(slow.gaveWay, false, 'it may come free by itself')
  await clock.advance(500)
  pool.sweep()
  t.equal(slow.gaveWay, true)
  await settled()
  sockets[1]?.connect()
  t.not(waiter.connection, undefined)
})

t.test('a pool is exhausted when everything is in use', async t => {
  const { pool, take } = setUp()
  const connection = take()
  t.equal(pool.exhausted, false)
  take()
  t.equal(pool.exhausted, true)
  pool.release(connection)
  t.equal(pool.exhausted, false)
})

t.test('a request that cannot be sent again', async t => {
  const idle = async (idleMs: number) => {
    const all = setUp({ keepAliveMs: 60_000 })
    const seen = all.take()
    all.pool.release(seen)
    // It is seen that the endpoint does not end connections at random.
    await all.clock.advance(20_000)
    all.take()
    seen.activeMs = all.clock.now()
    all.pool.release(seen)
    await all.clock.advance(idleMs)
    const waiter = new FakeWaiter()
    waiter.repeatable = false
    all.pool.acquire(waiter, '', false)
    return { ...all, waiter, socket: all.sockets[0] as FakeSocket }
  }
  const turn = () => new Promise(resolve => setImmediate(resolve))
  t.test('gets an idle connection in the next turn', async t => {
    const { waiter, sockets, pool } = await idle(400)
    t.equal(waiter.connection, undefined)
    t.match(pool.size, { connections: 1, idle: 0 })
    await turn()
    t.ok(waiter.connection)
    t.equal(sockets.length, 1)
  })
  t.test('at once, if that has just carried a request', async t => {
    const { waiter } = await idle(9)
    t.ok(waiter.connection)
  })
  t.test('not one that the endpoint has just ended, but a fresh one', async t => {
    const { waiter, socket, sockets } = await idle(400)
    socket.receiveEnd()
    await turn()
    await turn()
    t.equal(waiter.connection, undefined)
    t.equal(sockets.length, 2)
    sockets[1]?.connect()
    t.equal(waiter.connection?.reused, false)
    t.equal(waiter.failure, undefined)
  })
  t.test('leaves the connection to the next, if its client has left', async t => {
    const { waiter, pool, ask } = await idle(400)
    pool.cancel(waiter)
    await turn()
    t.equal(waiter.connection, undefined)
    t.ok(ask().connection)
  })
  t.test('gets a fresh one in the place of the oldest, where none is certain', async t => {
    const { waiter, socket, sockets, pool } = await idle(19_000)
    t.equal(socket.destroyed, true)
    t.match(pool.size, { connections: 1, idle: 0 })
    sockets[1]?.connect()
    t.equal(waiter.connection?.reused, false)
  })
})
