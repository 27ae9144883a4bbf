import t from 'tap'
import { LineReader } from '../../../../src/proxy/upstream/response/line-reader.ts'
import { allCuts } from '../../../fixtures/observed-response.ts'

/** The lines of `text`, then the fault or the number of bytes that were not read. */
function read(text: string, cuts: readonly number[], maxBytes: number): (string | number)[] {
  const bytes = Buffer.from(text, 'latin1')
  const reader = new LineReader(maxBytes)
  const seen: (string | number)[] = []
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    while (from < to) {
      const next = reader.read(bytes, from, to)
      if (next === -2) return [...seen, `fault ${reader.fault}`]
      if (next === -1) break
      seen.push(reader.line)
      from = next
    }
    from = to
  }
  return seen
}

const cases: { name: string; text: string; maxBytes?: number; seen: (string | number)[] }[] = [
  { name: 'lines', text: 'a\r\nbc\r\n\r\n', seen: ['a', 'bc', ''] },
  { name: 'Latin-1', text: '\xe4\0\xff\r\n', seen: ['\xe4\0\xff'] },
  { name: 'a line that has not ended', text: 'a\r\nb', seen: ['a'] },
  { name: 'a line whose CR has come', text: 'a\r\nb\r', seen: ['a'] },
  { name: 'a lone LF', text: 'a\r\nb\nc', seen: ['a', 'fault line-end'] },
  { name: 'an LF at first', text: '\na\r\n', seen: ['fault line-end'] },
  { name: 'a bare CR', text: 'a\rb\r\n', seen: ['fault line-end'] },
  { name: 'two CR', text: 'a\r\r\n', seen: ['fault line-end'] },
  { name: 'as many bytes as there may be', text: 'a\r\nb\r\n', maxBytes: 6, seen: ['a', 'b'] },
  { name: 'a byte more', text: 'a\r\nb\r\n', maxBytes: 5, seen: ['a', 'fault too-large'] },
  { name: 'a line that reaches the bound', text: 'a\r\nb', maxBytes: 4, seen: ['a'] },
  { name: 'a line that begins beyond the bound', text: 'a\r\nb', maxBytes: 3, seen: ['a', 'fault too-large'] },
  { name: 'a fault beyond the bound', text: 'a\r\nbc\n', maxBytes: 5, seen: ['a', 'fault too-large'] },
  { name: 'a fault before the bound', text: 'a\r\nb\ncd', maxBytes: 5, seen: ['a', 'fault line-end'] },
]
for (const { name, text, maxBytes = 100, seen } of cases) {
  t.test(name, async t => {
    t.strictSame(read(text, [], maxBytes), seen)
    for (const cuts of allCuts(text.length)) t.strictSame(read(text, cuts, maxBytes), seen, `cut before ${cuts}`)
  })
}

t.test('a new section has its own bound, and nothing left of the last', async t => {
  const reader = new LineReader(4)
  t.equal(reader.read(Buffer.from('ab\r'), 0, 3), -1)
  reader.begin()
  t.equal(reader.read(Buffer.from('xxcd\r\n'), 2, 6), 6)
  t.equal(reader.line, 'cd')
  t.equal(reader.read(Buffer.from('e'), 0, 1), -2)
  t.equal(reader.fault, 'too-large')
})

t.test('a long line that comes byte by byte costs no more than its length', async t => {
  const length = 1 << 20
  const reader = new LineReader(length + 2)
  const bytes = Buffer.alloc(length + 2, 'x')
  bytes.write('\r\n', length)
  const start = process.cpuUsage()
  for (let at = 0; at < bytes.length; at++) reader.read(bytes, at, at + 1)
  t.equal(reader.line.length, length)
  t.equal(reader.line.charCodeAt(length - 1), 0x78)
  t.ok(process.cpuUsage(start).user < 5_000_000, 'far from quadratic')
})
