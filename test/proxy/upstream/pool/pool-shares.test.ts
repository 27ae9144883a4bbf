import t from 'tap'
import { PoolShares } from '../../../../src/proxy/upstream/pool/pool-shares.ts'
import { FakeWaiter } from '../../../fixtures/fake-pool.ts'

/** Shares of clients by their names; a waiter is told by `CLIENT NUMBER`. */
function setUp(held: Readonly<Record<string, number>> = {}) {
  const shares = new PoolShares()
  for (const [client, count] of Object.entries(held)) for (let i = 0; i < count; i++) shares.hold(client)
  const names = new Map<unknown, string>()
  const enqueue = (client: string, sinceMs = 0, servername = ''): FakeWaiter => {
    const waiter = new FakeWaiter(client)
    names.set(waiter, `${client} ${[...names.values()].filter(name => name.startsWith(`${client} `)).length + 1}`)
    shares.enqueue(waiter, servername, sinceMs)
    return waiter
  }
  /** Takes `count` out of the queue; each then holds what it waited for. */
  const served = (count: number, servername?: string): (string | undefined)[] =>
    Array.from({ length: count }, () => {
      const next = shares.next(servername)
      if (next !== undefined) shares.hold(next.waiter.client)
      return names.get(next?.waiter)
    })
  return { shares, enqueue, served, nameOf: (waiter: unknown) => names.get(waiter) }
}

const orders: { name: string; held: Record<string, number>; arrivals: string[]; served: string[] }[] = [
  { name: 'one client: in order of arrival', held: { a: 8 }, arrivals: ['a', 'a'], served: ['a 1', 'a 2'] },
  { name: 'who holds fewest first', held: { a: 8 }, arrivals: ['a', 'a', 'b'], served: ['b 1', 'a 1', 'a 2'] },
  {
    name: 'by turns among equals',
    held: {},
    arrivals: ['a', 'a', 'a', 'b', 'b', 'c'],
    served: ['a 1', 'b 1', 'c 1', 'a 2', 'b 2', 'a 3'],
  },
  {
    name: 'until they are equal',
    held: { a: 2 },
    arrivals: ['a', 'a', 'b', 'b', 'b', 'b'],
    served: ['b 1', 'b 2', 'a 1', 'b 3', 'a 2', 'b 4'],
  },
]
for (const { name, held, arrivals, served: expected } of orders) {
  t.test(name, async t => {
    const { shares, enqueue, served } = setUp(held)
    for (const client of arrivals) enqueue(client)
    t.equal(shares.queued, arrivals.length)
    t.strictSame(served(arrivals.length), expected)
    t.strictSame(served(1), [undefined])
    t.equal(shares.queued, 0)
  })
}

t.test('a connection to one server name is for those alone who wait for it', async t => {
  const { enqueue, served } = setUp()
  enqueue('a', 0, 'x')
  enqueue('a', 0, 'y')
  enqueue('b', 0, 'z')
  t.strictSame(served(2, 'y'), ['a 2', undefined])
  t.strictSame(served(2), ['b 1', 'a 1'])
})

t.test('who has left is not served, and nothing is kept of who has nothing', async t => {
  const { shares, enqueue, served } = setUp({ b: 1 })
  const left = enqueue('a')
  enqueue('a')
  t.equal(shares.delete(left), true)
  t.equal(shares.delete(left), false)
  t.equal(shares.clients, 2)
  t.strictSame(served(2), ['a 2', undefined])
  shares.leave('a')
  shares.leave('b')
  shares.leave('b')
  t.equal(shares.clients, 0)
})

const full: { name: string; held: Record<string, number>; queued: string[]; newcomer: string; refused?: string }[] = [
  { name: 'one client alone: its newcomer', held: { a: 8 }, queued: ['a', 'a'], newcomer: 'a' },
  { name: 'the newest of the greediest', held: { a: 8 }, queued: ['a', 'a'], newcomer: 'b', refused: 'a 2' },
  { name: 'connections count as well', held: { a: 8 }, queued: ['a', 'b', 'b'], newcomer: 'b', refused: 'a 1' },
  { name: 'among equals the newcomer', held: {}, queued: ['a', 'b'], newcomer: 'c' },
  { name: 'who would have as much', held: {}, queued: ['a', 'a', 'b'], newcomer: 'b' },
]
for (const { name, held, queued, newcomer, refused } of full) {
  t.test(`in a full queue a place is taken from: ${name}`, async t => {
    const { shares, enqueue, nameOf } = setUp(held)
    for (const client of queued) enqueue(client)
    const clients = shares.clients
    t.equal(nameOf(shares.greediestBeside(newcomer)), refused)
    t.equal(shares.clients, clients, 'a client that is refused leaves nothing behind')
  })
}

t.test('who has waited too long is taken out, the others stay', async t => {
  const { shares, enqueue, nameOf, served } = setUp()
  enqueue('a', 1)
  enqueue('a', 3)
  enqueue('b', 2)
  t.strictSame(
    shares.waitingSince(2, 9).map(({ share, sinceMs }) => [share.client, sinceMs]),
    [
      ['a', 1],
      ['b', 2],
    ],
  )
  t.equal(shares.waitingSince(3, 1).length, 2, 'of each client so many at most')
  t.strictSame(shares.expire(2).map(nameOf), ['a 1', 'b 1'])
  t.strictSame(served(2), ['a 2', undefined])
})
