import t from 'tap'
import { longReadBytes, ReadBuffers } from '../../../src/proxy/upstream/read-buffers.ts'

/** One that is lent for certain. */
function lend(buffers: ReadBuffers): Buffer {
  const buffer = buffers.lend()
  if (buffer === undefined) throw new Error('none is left')
  return buffer
}

t.test('no more are lent than there may be', async t => {
  const buffers = new ReadBuffers(2)
  const first = lend(buffers)
  t.equal(first.length, longReadBytes)
  t.equal(first.buffer.byteLength, longReadBytes, 'it shares its memory with nothing')
  t.not(lend(buffers), first)
  t.equal(buffers.lend(), undefined)
  t.strictSame(buffers.size, { lent: 2, free: 0 })
})

t.test('what came back is lent again', async t => {
  const buffers = new ReadBuffers(1)
  const first = lend(buffers)
  buffers.takeBack(first)
  t.strictSame(buffers.size, { lent: 0, free: 1 })
  t.equal(lend(buffers), first)
})

t.test('what was lost never is, and another takes its place', async t => {
  const buffers = new ReadBuffers(1)
  const first = lend(buffers)
  buffers.lose()
  t.strictSame(buffers.size, { lent: 0, free: 0 })
  t.not(lend(buffers), first)
})

t.test('what was not needed for five seconds is freed at once', async t => {
  const buffers = new ReadBuffers(3)
  const lent = [lend(buffers), lend(buffers), lend(buffers)]
  for (const buffer of lent) buffers.takeBack(buffer)
  buffers.trim(0)
  t.equal(buffers.size.free, 3, 'all were needed before this trim')
  const needed = lend(buffers)
  buffers.takeBack(needed)
  buffers.trim(4999)
  t.equal(buffers.size.free, 3, 'it is too early')
  buffers.trim(5000)
  t.equal(buffers.size.free, 1, 'one was needed since')
  t.strictSame(
    lent.filter(({ length }) => length > 0),
    [needed],
    'the collector is not waited for',
  )
  buffers.trim(10_000)
  t.equal(buffers.size.free, 0)
})

t.test('a load that comes and goes has its buffers allocated once', async t => {
  const buffers = new ReadBuffers(8)
  const seen = new Set<Buffer>()
  for (let nowMs = 0; nowMs < 60_000; nowMs += 250) {
    const lent = Array.from({ length: nowMs % 1000 === 0 ? 8 : 1 }, () => lend(buffers))
    for (const buffer of lent) {
      seen.add(buffer)
      buffers.takeBack(buffer)
    }
    buffers.trim(nowMs)
  }
  t.equal(seen.size, 8)
})
