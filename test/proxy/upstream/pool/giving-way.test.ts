import t from 'tap'
import { ClientPace } from '../../../../src/proxy/upstream/pool/client-pace.ts'
import { chooseGivingWay } from '../../../../src/proxy/upstream/pool/giving-way.ts'
import { PoolShares } from '../../../../src/proxy/upstream/pool/pool-shares.ts'
import { FakeWaiter } from '../../../fixtures/fake-pool.ts'

const nowMs = 100_000
const queueMs = 5000

/** An exchange of `client` that has moved nothing for so many seconds; `endpoint`: for which it waited for the endpoint. */
interface Holder {
  readonly client: string
  readonly stillSeconds: number
  readonly endpoint?: true
}
interface Case {
  readonly name: string
  readonly holders: readonly Holder[]
  /** Client and milliseconds waited. */
  readonly waiters: readonly (readonly [client: string, waitedMs: number])[]
  /** Which of the holders give way, by number. */
  readonly chosen: readonly number[]
  readonly connections?: number
}

const holders = (client: string, ...still: number[]): Holder[] => still.map(stillSeconds => ({ client, stillSeconds }))
const slowest = holders('a', 12, 30, 20)

const cases: readonly Case[] = [
  { name: 'without a waiter none', holders: slowest, waiters: [], chosen: [] },
  { name: 'what may come free by itself is waited for', holders: slowest, waiters: [['b', 499]], chosen: [] },
  { name: 'the slowest', holders: slowest, waiters: [['b', 500]], chosen: [1] },
  {
    name: 'one for each waiter, no more',
    holders: slowest,
    waiters: [
      ['b', 500],
      ['c', 600],
    ],
    chosen: [1, 2],
  },
  { name: 'for another request of the same client too', holders: slowest, waiters: [['a', 500]], chosen: [1] },
  {
    name: 'of the client that has most',
    holders: [...holders('a', 50), ...holders('b', 12, 11)],
    waiters: [['c', 500]],
    chosen: [1],
  },
  {
    name: 'until others have as much',
    holders: [...holders('a', 50, 40, 30), ...holders('b', 13, 12)],
    waiters: [
      ['c', 500],
      ['d', 500],
      ['e', 500],
    ],
    chosen: [0, 1, 3],
  },
  {
    name: 'not one of a client that holds less',
    holders: [...holders('a', 50), ...holders('b', 0, 0)],
    waiters: [['b', 4000]],
    chosen: [],
  },
  {
    name: 'not one that waits for the endpoint',
    holders: [{ client: 'a', stillSeconds: 60, endpoint: true }, ...holders('a', 11)],
    waiters: [['b', 4000]],
    chosen: [1],
  },
  {
    name: 'not one that is slow by the short count alone',
    holders: holders('a', 5),
    waiters: [['b', 500]],
    chosen: [],
  },
  {
    name: 'unless its client has more than its share',
    holders: [...holders('a', 5, 5, 5), ...holders('b', 5)],
    waiters: [['b', 500]],
    connections: 4,
    chosen: [0],
  },
  { name: 'unless a waiter has waited long', holders: holders('a', 5), waiters: [['b', 2000]], chosen: [0] },
  {
    name: 'not one at a good pace',
    holders: [...holders('a', 0, 0), ...holders('b', 0, 0)],
    waiters: [['c', 4000]],
    connections: 4,
    chosen: [],
  },
  {
    name: 'unless its client holds more than half and the waiter nothing',
    holders: [...holders('a', 0, 1, 0), ...holders('b', 1)],
    waiters: [['c', 4000]],
    connections: 4,
    chosen: [1],
  },
  {
    name: 'and then not for one that holds something',
    holders: [...holders('a', 0, 1, 0), ...holders('b', 1)],
    waiters: [['b', 4000]],
    connections: 4,
    chosen: [],
  },
  {
    name: 'and not the only connection there is',
    holders: holders('a', 0),
    waiters: [['b', 4000]],
    connections: 1,
    chosen: [],
  },
]
for (const { name, holders: all, waiters, chosen, connections = 8 } of cases) {
  t.test(`who gives way: ${name}`, async t => {
    const shares = new PoolShares()
    const exchanges = all.map(({ client, stillSeconds, endpoint = false }) => {
      const exchange = new FakeWaiter(client)
      exchange.awaitsEndpoint = endpoint
      exchange.pace = new ClientPace(0, 0)
      for (let i = 1; i <= stillSeconds * 4; i++) exchange.pace.advance(i * 250, 0, true)
      shares.hold(client)
      return exchange
    })
    for (const [client, waitedMs] of waiters) shares.enqueue(new FakeWaiter(client), '', nowMs - waitedMs)
    const given = chooseGivingWay({ holders: exchanges, shares, connections, queueMs, nowMs })
    t.strictSame(
      given.map(exchange => exchanges.indexOf(exchange as FakeWaiter)),
      chosen,
    )
  })
}

t.test('a look at many does a bounded amount of work', async t => {
  const shares = new PoolShares()
  const exchanges = Array.from({ length: 1000 }, () => {
    const exchange = new FakeWaiter('a')
    exchange.pace = ClientPace.ofFirstContent(0)
    exchange.pace.advance(500, 0, true)
    exchange.pace.advance(1000, 0, true)
    shares.hold('a')
    shares.enqueue(new FakeWaiter('a'), '', 0)
    return exchange
  })
  t.equal(chooseGivingWay({ holders: exchanges, shares, connections: 1000, queueMs, nowMs }).length, 64)
})

t.test('one that was not looked at yet gives way only at any pace', async t => {
  const shares = new PoolShares()
  const exchanges = [new FakeWaiter('a'), new FakeWaiter('a')]
  for (const { client } of exchanges) shares.hold(client)
  shares.enqueue(new FakeWaiter('b'), '', nowMs - 1000)
  const pressure = { holders: exchanges, shares, connections: 2, queueMs, nowMs }
  t.strictSame(chooseGivingWay(pressure), [])
  t.equal(chooseGivingWay({ ...pressure, nowMs: nowMs + 1000 }).length, 1)
})
