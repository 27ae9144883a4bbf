import t from 'tap'
import { createRequestQueue, maxWaiting, waitingMs } from '../../../src/telemetry/log/request-queue.ts'
import { makeRecord } from '../../fixtures/request-records.ts'

function create() {
  const writes: { targets: string[]; count: number }[] = []
  const drops: number[] = []
  const queue = createRequestQueue({
    secrets: [],
    write(lines, count) {
      const made = lines.toString().trimEnd().split('\n')
      writes.push({ targets: made.map(line => JSON.parse(line).target), count })
    },
    dropped: lines => drops.push(lines),
  })
  return { queue, writes, drops, add: (target: string) => queue.add('info', makeRecord({ target })) }
}

t.test('lines leave together and in order, once they have waited', async t => {
  const { add, writes } = create()
  add('/a')
  add('/b')
  t.strictSame(writes, [])
  await new Promise(resolve => setTimeout(resolve, waitingMs * 3))
  t.strictSame(writes, [{ targets: ['/a', '/b'], count: 2 }])
  add('/c')
  await new Promise(resolve => setTimeout(resolve, waitingMs * 3))
  t.strictSame(writes.at(-1), { targets: ['/c'], count: 1 })
})

t.test('no more wait than are worth a write', async t => {
  const { add, writes } = create()
  for (let i = 0; i < 2 * maxWaiting + 1; i++) add(`/${i}`)
  t.strictSame(
    writes.map(({ count }) => count),
    [maxWaiting, maxWaiting],
  )
  t.strictSame(
    writes.flatMap(({ targets }) => targets),
    Array.from({ length: 2 * maxWaiting }, (_, i) => `/${i}`),
  )
})

t.test('lines that are asked to leave do so at once', async t => {
  const { queue, add, writes } = create()
  add('/a')
  queue.leave()
  queue.leave()
  t.strictSame(writes, [{ targets: ['/a'], count: 1 }])
})

t.test('the time of a line is when its request ended', async t => {
  let text = ''
  const queue = createRequestQueue({
    secrets: [],
    write(lines) {
      text += lines.toString()
    },
    dropped: () => t.fail('nothing is dropped'),
  })
  const before = Date.now()
  queue.add('info', makeRecord())
  const after = Date.now()
  await new Promise(resolve => setTimeout(resolve, waitingMs * 3))
  const endedAtMs = Date.parse(JSON.parse(text).time)
  t.ok(before <= endedAtMs && endedAtMs <= after)
})

t.test('a line that cannot be made is counted, and spoils none before or after it', async t => {
  const { queue, add, writes, drops } = create()
  const broken = makeRecord({ origin: 'https://b.example', target: undefined as unknown as string })
  add('/a')
  queue.add('info', broken)
  add('/c')
  queue.leave()
  t.strictSame(writes, [{ targets: ['/a', '/c'], count: 2 }])
  queue.add('info', broken)
  queue.leave()
  t.equal(writes.length, 1)
  t.strictSame(drops, [1, 1])
})
