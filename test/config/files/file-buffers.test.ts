import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FileBuffers } from '../../../src/config/files/file-buffers.ts'
import { type FileContent, readFileContent } from '../../../src/config/files/file-content.ts'

const large = 64 * 1024
const held = (bytes: Uint8Array): FileContent => ({ kind: 'bytes', bytes })

const cases: { name: string; first: number; second: number; isReused: boolean }[] = [
  { name: 'a large file of the same size', first: large, second: large, isReused: true },
  { name: 'a smaller, but large file', first: 2 * large, second: large, isReused: true },
  { name: 'a file that grew a little', first: large + 1, second: large + 40, isReused: true },
  { name: 'a larger file', first: large, second: large + 1, isReused: false },
  { name: 'a small file', first: large - 1, second: large - 1, isReused: false },
]
for (const { name, first, second, isReused } of cases) {
  t.test(`${name} is read into ${isReused ? 'the memory of the one before' : 'memory of its own'}`, async t => {
    const buffers = new FileBuffers()
    const before = buffers.take(first)
    buffers.giveBack([held(before)])
    const after = buffers.take(second)
    t.equal(after.length, second)
    t.equal(after.buffer === before.buffer, isReused)
  })
}

t.test('memory is lent to one at a time', async t => {
  const buffers = new FileBuffers()
  const one = buffers.take(large)
  const other = buffers.take(large)
  t.not(one.buffer, other.buffer)
  buffers.giveBack([held(one), held(one.subarray(0, 10)), { kind: 'failed', message: 'gone' }])
  t.equal(buffers.take(large).buffer, one.buffer)
  t.not(buffers.take(large).buffer, one.buffer, 'given back twice, it is still one')
})

t.test('memory from elsewhere is not taken in', async t => {
  const buffers = new FileBuffers()
  const foreign = new Uint8Array(large)
  buffers.giveBack([held(foreign)])
  t.not(buffers.take(large).buffer, foreign.buffer)
})

t.test('of much that is given back, four pieces are kept', async t => {
  const buffers = new FileBuffers()
  const lent = Array.from({ length: 6 }, () => buffers.take(large))
  buffers.giveBack(lent.map(held))
  const again = Array.from({ length: 6 }, () => buffers.take(large).buffer)
  t.equal(again.filter(buffer => lent.some(one => one.buffer === buffer)).length, 4)
})

t.test('what a longer file left behind is no part of a shorter one', async t => {
  const file = join(t.testdir(), 'file')
  const buffers = new FileBuffers()
  writeFileSync(file, 'a'.repeat(2 * large))
  buffers.giveBack([await readFileContent(file, buffers.take)])
  writeFileSync(file, 'b'.repeat(large))
  const content = await readFileContent(file, buffers.take)
  t.equal(content.kind === 'bytes' && Buffer.from(content.bytes).toString(), 'b'.repeat(large))
})
