import { setImmediate as turnEnd } from 'node:timers/promises'
import t from 'tap'
import { type LoopSharer, LoopShares } from '../../../src/proxy/shares/loop-shares.ts'

function sharer() {
  return { readBytes: 0, begunRequests: 0, begunAtBytes: 0, loopTurn: -1 } satisfies LoopSharer
}

/** Shares of a loop whose turn is told, and of a clock that stands still. */
function start(workMs = 0) {
  const state = { turn: 0, nowMs: 0 }
  const shares = new LoopShares(
    () => state.turn,
    () => state.nowMs,
  )
  const begun: string[] = []
  const add = (client: LoopSharer, name: string, then?: () => void) =>
    shares.add(client, () => {
      begun.push(name)
      state.nowMs += workMs
      then?.()
    })
  return { shares, state, begun, add }
}

t.test('in one turn a connection gets some requests and no more, in the next one again', async t => {
  const { shares, state } = start()
  const client = sharer()
  const taken = () => {
    let count = 0
    while (count < 100 && shares.take(client)) count++
    return count
  }
  const first = taken()
  t.ok(first > 1 && first <= 10, `${first}`)
  t.equal(shares.take(client), false)
  state.turn++
  const next = taken()
  t.ok(next > 1 && next <= 10, `${next}`)
})

t.test('a connection that sends one request in a turn always gets it', async t => {
  const { shares, state } = start()
  const client = sharer()
  for (; state.turn < 100; state.turn++) t.ok(shares.take(client))
})

t.test(
  'streams of all connections share what one turn has for all, and then each has what its connection gets',
  async t => {
    const { shares, state } = start()
    const clients = [sharer(), sharer()]
    const taken = (client: LoopSharer) => {
      let count = 0
      while (count < 1000 && shares.takeStream(client)) count++
      return count
    }
    for (; state.turn < 3; state.turn++) {
      const [first = 0, second = 0] = clients.map(taken)
      t.ok(first > 25 && first < 75, `${first}`)
      t.ok(second > 1 && second <= 10, `${second}`)
    }
  },
)

t.test('streams get no more than others while something waits, or connections come in', async t => {
  for (const cause of ['waiting', 'newcomer']) {
    const { shares, add } = start()
    if (cause === 'waiting') add(sharer(), 'a')
    else shares.onConnection()
    const client = sharer()
    let count = 0
    while (count < 1000 && shares.takeStream(client)) count++
    t.ok(count > 1 && count <= 10, `${count}`)
  }
})

t.test('in one turn a connection gets some bytes of heads and no more', async t => {
  const { shares, state } = start()
  const client = { ...sharer(), readBytes: 0 }
  const taken = []
  for (let i = 0; i < 4; i++) {
    client.readBytes += 60_000
    taken.push(shares.take(client))
  }
  t.strictSame(taken.slice(0, 2), [true, true])
  t.equal(taken.at(-1), false)
  state.turn++
  t.equal(shares.take(client), true)
})

t.test('what is left waits its turn, each in the order it came', async t => {
  const { begun, add } = start()
  const [one, other] = [sharer(), sharer()]
  add(one, 'a', () => add(one, 'c'))
  add(other, 'b')
  t.strictSame(begun, [])
  await turnEnd()
  t.strictSame(begun, ['a', 'b'], 'what is added meanwhile comes in the next turn')
  await turnEnd()
  t.strictSame(begun, ['a', 'b', 'c'])
})

t.test('one that was begun late has had its share of that turn', async t => {
  const { shares, state, add } = start()
  const client = sharer()
  let again: boolean | undefined
  add(client, 'a', () => {
    again = shares.take(client)
  })
  await turnEnd()
  t.equal(again, false)
  state.turn++
  t.equal(shares.take(client), true)
})

t.test('a turn is not long, and shorter while connections come in', async t => {
  for (const [newcomers, expected] of [
    [0, 4],
    [1, 1],
  ] as const) {
    const { shares, begun, add } = start(0.6)
    for (let i = 0; i < 100; i++) add(sharer(), `${i}`)
    for (let i = 0; i < newcomers; i++) shares.onConnection()
    await turnEnd()
    t.equal(begun.length, expected)
    for (let turns = 0; turns < 100 && begun.length < 100; turns++) await turnEnd()
    t.strictSame(
      begun,
      Array.from({ length: 100 }, (_, index) => `${index}`),
    )
  }
})
