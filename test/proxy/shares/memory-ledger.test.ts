import { Socket } from 'node:net'
import t from 'tap'
import { type EndedFor, MemoryLedger } from '../../../src/proxy/shares/memory-ledger.ts'

class Client extends Socket {
  readBytes = 0

  constructor() {
    super()
    Object.defineProperty(this, 'bytesRead', { get: () => this.readBytes })
  }
}

function start(connections: number, heldBytes: number) {
  const told: [EndedFor, number][] = []
  const ledger = new MemoryLedger({ connections, heldBytes, headBytes: 65_536 }, (...what) => told.push(what))
  const clients: Client[] = []
  const enter = (nowMs: number) => {
    const client = new Client()
    clients.push(client)
    return { client, memory: ledger.enter(client, nowMs) }
  }
  const hold = ({ client, memory }: ReturnType<typeof enter>, bytes: number) => {
    client.readBytes += bytes
    memory.moved()
  }
  const ended = () => clients.flatMap((client, index) => (client.destroyed ? [index] : []))
  return { ledger, told, enter, hold, ended }
}

const waiting = { req: { headBytes: 0, heldBytes: 0 }, ownBytes: 0, writableFinished: false, destroyed: false }

t.test('within the bounds no connection is ended', async t => {
  const { ledger, enter, hold, ended } = start(3, 100_000)
  for (let i = 0; i < 3; i++) hold(enter(0), 30_000)
  ledger.look()
  t.strictSame(ledger.size, { connections: 3, heldBytes: 90_000 })
  t.strictSame(ended(), [])
})

t.test('over the bytes the greediest are ended, the newest first among equals', async t => {
  const { ledger, told, enter, hold, ended } = start(100, 100_000)
  for (const bytes of [20_000, 100, 21_000, 60_000, 22_000, 100]) hold(enter(0), bytes)
  ledger.look()
  t.strictSame(ended(), [3], 'who holds most')
  hold(enter(0), 23_000)
  hold(enter(0), 24_000)
  ledger.look()
  t.strictSame(ended(), [3, 6, 7], 'the newest of those who hold about as much')
  t.strictSame(told, [
    ['held', 1],
    ['held', 2],
  ])
  t.ok(ledger.size.heldBytes <= 75_000)
})

t.test('it looks by itself before much has grown', async t => {
  const { enter, hold, ended } = start(100, 1_000_000)
  for (let i = 0; i < 40; i++) hold(enter(0), 60_000)
  await new Promise(resolve => setImmediate(resolve))
  t.ok(ended().length > 20, `${ended().length}`)
})

t.test('those who hold little are left alone however many they are', async t => {
  const { ledger, enter, hold, ended } = start(1000, 10_000)
  for (let i = 0; i < 20; i++) hold(enter(0), 1000)
  ledger.look()
  t.strictSame(ended(), [])
})

t.test('one that is closed holds nothing', async t => {
  const { ledger, enter, hold } = start(10, 100_000)
  const one = enter(0)
  hold(one, 5000)
  ledger.look()
  one.client.emit('close')
  t.strictSame(ledger.size, { connections: 0, heldBytes: 0 })
  hold(one, 5000)
  ledger.look()
  t.strictSame(ledger.size, { connections: 0, heldBytes: 0 })
})

t.test('for one connection too many', async t => {
  t.test('the one that has rested longest is ended', async t => {
    const { told, enter, ended } = start(3, 1e9)
    for (const nowMs of [0, 100, 200]) enter(nowMs)
    enter(1000)
    t.strictSame(ended(), [0])
    t.strictSame(told, [['connections', 1]])
  })
  t.test('a request that has moved since the last look stays, and the newcomer goes', async t => {
    const { enter, hold, ended } = start(1, 1e9)
    const one = enter(0)
    one.memory.began({ ...waiting })
    hold(one, 100)
    enter(1000)
    t.strictSame(ended(), [1])
  })
  t.test('where none is still, the slowest head is ended, and none that has only begun', async t => {
    const { enter, hold, ended } = start(2, 1e9)
    for (const nowMs of [0, 950]) hold(enter(nowMs), 100)
    hold(enter(1000), 100)
    t.strictSame(ended(), [0])
    hold(enter(1010), 100)
    t.strictSame(ended(), [0, 3])
  })
  t.test('a head is as old as the request before it', async t => {
    const { enter, hold, ended } = start(2, 1e9)
    const [one, other] = [enter(0), enter(10)]
    one.memory.began({ ...waiting, writableFinished: true })
    for (const { memory } of [one, other]) memory.tick(900, true)
    hold(one, 100)
    hold(other, 100)
    hold(enter(1000), 100)
    t.strictSame(ended(), [1])
  })
  t.test('else the newest whose request waits is ended', async t => {
    const { ledger, enter, ended } = start(2, 1e9)
    for (let i = 0; i < 2; i++) enter(0).memory.began({ ...waiting })
    ledger.look()
    enter(1000)
    t.strictSame(ended(), [1])
  })
})

t.test('when the process itself is too large, half of what is held goes', async t => {
  const { ledger, told, enter, hold, ended } = start(100, 500_000)
  for (const bytes of [10_000, 10_000, 40_000, 10_000]) hold(enter(0), bytes)
  t.equal(ledger.relieve(), true)
  t.strictSame(ended(), [2])
  t.strictSame(told, [['memory', 1]])
})

t.test('when the process itself is too large, and not because of its clients, none goes', async t => {
  const { ledger, enter, hold, ended } = start(100, 1_000_000)
  for (const bytes of [10_000, 10_000, 40_000, 10_000]) hold(enter(0), bytes)
  t.equal(ledger.relieve(), false)
  t.strictSame(ended(), [])
})

t.test('small chunks have a budget for all clients together, beyond which one read may bring few', async t => {
  const { ledger } = start(100, 1_000_000)
  t.equal(ledger.takesChunk(2048), true)
  t.equal(ledger.takesChunk(2049), false)
  for (let chunk = 2; chunk < 16_384; chunk++) ledger.takesChunk(1)
  t.equal(ledger.takesChunk(128), true)
  t.equal(ledger.takesChunk(129), false)
  ledger.tick()
  t.equal(ledger.takesChunk(2048), true, 'until the next tick')
})
