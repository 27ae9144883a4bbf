import { PassThrough } from 'node:stream'
import t from 'tap'
import { relayLines } from '../../../src/daemon/workers/line-relay.ts'

function relay() {
  const from = new PassThrough()
  const written: [string, number | undefined][] = []
  let dropped = 0
  const sink = {
    write: (text: string, lines?: number) => written.push([text, lines]),
    writeSoon: () => t.fail('a line that has come this far waits no longer'),
    flush: async () => {},
  }
  relayLines(from, sink, lines => {
    dropped += lines
  })
  return { from, written, dropped: () => dropped }
}

async function say(from: PassThrough, ...chunks: readonly (string | Buffer)[]): Promise<void> {
  for (const chunk of chunks) {
    from.write(chunk)
    await new Promise(resolve => setImmediate(resolve))
  }
}

t.test('lines come whole, however they were cut', async t => {
  const { from, written } = relay()
  const euro = Buffer.from('€')
  await say(from, 'a\nb', 'c\n', 'd', euro.subarray(0, 1), euro.subarray(1), '\ne\nf\n')
  t.strictSame(written, [
    ['a\n', 1],
    ['bc\n', 1],
    ['d€\ne\nf\n', 3],
  ])
})

t.test('what was not finished is dropped and counted', async t => {
  const { from, written, dropped } = relay()
  await say(from, 'whole\nhal')
  from.end()
  await new Promise(resolve => setTimeout(resolve, 10))
  t.strictSame(written, [['whole\n', 1]])
  t.equal(dropped(), 1)
})

t.test('a line beyond every bound is dropped, and the next one is not', async t => {
  const { from, written, dropped } = relay()
  const part = 'x'.repeat(60_000)
  await say(from, 'a\n', ...Array.from({ length: 20 }, () => part), 'end of it\nnext\n')
  t.strictSame(written, [
    ['a\n', 1],
    ['next\n', 1],
  ])
  t.equal(dropped(), 1)
})
