import { promisify } from 'node:util'
import t from 'tap'
import { createBusyShare, createMemoryWatch, readMemoryUse } from '../../../src/daemon/process/memory-watch.ts'
import { collectGarbage } from '../../../src/proxy/node/collect-garbage.ts'
import { execFile } from '../../fixtures/children.ts'

t.setTimeout(300_000)

const mebibyte = 1024 * 1024

/** A process of 256 MiB with a heap of 200; what it has after a collection is `after`, and clients hold enough for `reliefs`. */
function start(before: number, after: number, { heap = 10, reliefs = 100, busyShare = (): number => 1 } = {}) {
  const done: string[] = []
  let own = before
  let left = reliefs
  const tick = createMemoryWatch({
    memoryBytes: 256 * mebibyte,
    heapLimitBytes: 200 * mebibyte,
    read: () => ({ ownBytes: own * mebibyte, heapBytes: heap * mebibyte }),
    busyShare,
    collect: () => {
      done.push('collect')
      own = after
    },
    relieve: () => {
      done.push('relieve')
      return --left >= 0
    },
  })
  /** What is done within so many seconds, four looks a second. */
  const pass = (seconds: number, fromMs = 0) => {
    for (let ms = 0; ms < seconds * 1000; ms += 250) tick(fromMs + ms)
    return done.splice(0)
  }
  return { tick, done, pass, grow: (mebibytes: number) => (own = mebibytes) }
}

t.test('a process that is small enough is left alone', async t => {
  const { pass } = start(150, 0)
  t.strictSame(pass(60), [])
})

t.test('one that has become idle collects once, and again when it has grown', async t => {
  let share = 0.5
  const { pass, grow } = start(90, 60, { busyShare: () => share })
  t.strictSame(pass(120), [], 'not while it is busy')
  share = 0.01
  t.strictSame(pass(4, 120_000), [])
  t.strictSame(pass(120, 124_000), ['collect'])
  grow(67)
  t.strictSame(pass(120, 244_000), [], 'nor for little')
  grow(90)
  t.strictSame(pass(120, 364_000), ['collect'])
})

t.test('one that is never idle for five seconds collects nothing for it', async t => {
  let look = 0
  const { pass } = start(90, 60, { busyShare: () => (look++ % 16 === 0 ? 0.03 : 0) })
  t.strictSame(pass(120), [])
})

t.test('the share of a process that only waits is small, of one that works it is near one', async t => {
  const busyShare = createBusyShare()
  busyShare()
  await new Promise(resolve => setTimeout(resolve, 50))
  const end = performance.now() + 200
  while (performance.now() < end);
  await new Promise(resolve => setImmediate(resolve))
  t.ok(busyShare() > 0.3)
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

t.test('one of whose memory nothing is garbage collects seldom', async t => {
  const { pass } = start(200, 200)
  t.strictSame(pass(10), ['collect'])
})

t.test(
  'one that is over it all the same lets go of what clients hold, and collects that before it lets go of more',
  async t => {
    const { pass } = start(230, 230)
    t.strictSame(pass(1), ['collect', 'relieve', 'collect', 'relieve'])
  },
)

t.test('where clients hold nothing, none is asked for again and again', async t => {
  const { pass, grow } = start(230, 230, { reliefs: 1 })
  t.strictSame(pass(10), ['collect', 'relieve', 'collect', 'relieve'])
  grow(150)
  t.strictSame(pass(10, 20_000), [])
})

t.test("V8's limit counts as well", async t => {
  const { tick, done } = start(10, 10, { heap: 180 })
  tick(0)
  t.strictSame(done, ['collect', 'relieve'])
})

t.test('a collection gives the memory back that V8 keeps for its heap to grow again', async t => {
  const program = `
    import { readMemoryUse } from ${JSON.stringify(new URL('../../../src/daemon/process/memory-watch.ts', import.meta.url).href)}
    import { collectGarbage } from ${JSON.stringify(new URL('../../../src/proxy/node/collect-garbage.ts', import.meta.url).href)}
    let kept = []
    for (let i = 0; i < 2400; i++) kept.push(Buffer.alloc(63_000, 'x').toString('latin1'))
    const full = readMemoryUse().ownBytes
    kept = undefined
    collectGarbage()
    console.log(full, readMemoryUse().ownBytes)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const [full = 0, after = Number.POSITIVE_INFINITY] = stdout.trim().split(' ').map(Number)
  t.ok(after < full / 2, `${full} ${after}`)
})

t.test('this process has memory, and its garbage can be collected', async t => {
  const { ownBytes, heapBytes } = readMemoryUse()
  t.ok(ownBytes > heapBytes / 2 && heapBytes > mebibyte, `${ownBytes} ${heapBytes}`)
  collectGarbage()
  collectGarbage()
})
