import t from 'tap'
import { collectGarbage, createMemoryWatch, readMemoryUse } from '../../src/daemon/memory-watch.ts'

const mebibyte = 1024 * 1024

/** A process of 256 MiB with a heap of 200; what it has after a collection is `after`. */
function start(before: number, after: number, heap = 10) {
  const done: string[] = []
  let own = before
  const tick = createMemoryWatch({
    memoryBytes: 256 * mebibyte,
    heapLimitBytes: 200 * mebibyte,
    read: () => ({ ownBytes: own * mebibyte, heapBytes: heap * mebibyte }),
    collect: () => {
      done.push('collect')
      own = after
    },
    relieve: () => done.push('relieve'),
  })
  return { tick, done, grow: (mebibytes: number) => (own = mebibytes) }
}

t.test('a process that is small enough is left alone', async t => {
  const { tick, done } = start(150, 0)
  tick(0)
  t.strictSame(done, [])
})

t.test('one that nears its limit collects garbage, and again only after a while', async t => {
  const { tick, done, grow } = start(200, 100)
  tick(0)
  grow(200)
  tick(250)
  t.strictSame(done, ['collect'])
  tick(2000)
  t.strictSame(done, ['collect', 'collect'])
})

t.test('one that is over it all the same lets go of what clients hold', async t => {
  const { tick, done } = start(230, 230)
  tick(0)
  tick(250)
  t.strictSame(done, ['collect', 'relieve', 'relieve'])
})

t.test("V8's limit counts as well", async t => {
  const { tick, done } = start(10, 10, 180)
  tick(0)
  t.strictSame(done, ['collect', 'relieve'])
})

t.test('this process has memory, and its garbage can be collected', async t => {
  const { ownBytes, heapBytes } = readMemoryUse()
  t.ok(ownBytes > heapBytes / 2 && heapBytes > mebibyte, `${ownBytes} ${heapBytes}`)
  collectGarbage()
  collectGarbage()
})
