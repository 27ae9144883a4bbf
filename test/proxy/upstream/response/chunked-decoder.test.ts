import t from 'tap'
import { ChunkedDecoder } from '../../../../src/proxy/upstream/response/chunked-decoder.ts'

// What is malformed is tabled in response-parser.test.ts, in every cut; here is what the decoder does by itself.

const limits = { trailerBytes: 100, trailers: 4 }

function decode(decoder: ChunkedDecoder, text: string, sink = (_: Buffer): void => {}): number {
  const bytes = Buffer.from(text, 'latin1')
  return decoder.decode(bytes, 0, bytes.length, { onBody: sink })
}

t.test('it stops after the end of a body, and reads the next', async t => {
  const decoder = new ChunkedDecoder(limits)
  t.equal(decoder.done, true, 'before any body')
  for (let i = 0; i < 2; i++) {
    const parts: string[] = []
    decoder.begin()
    t.equal(decoder.done, false)
    t.equal(
      decode(decoder, '1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n0\r\n\r\n', part => parts.push(part.toString())),
      24,
    )
    t.equal(decoder.done, true)
    t.strictSame(parts, ['a', 'bc'])
  }
})

t.test('a body that failed leaves nothing in the next', async t => {
  const decoder = new ChunkedDecoder(limits)
  for (const bad of ['fx', '5;\0', '0\r\nX: y\r\nY: z\r\n: x\r\n', '0\r\nX: y\rz', '2\r\nabc']) {
    decoder.begin()
    t.equal(decode(decoder, bad), -1, bad)
    decoder.begin()
    t.equal(decode(decoder, '1\r\na\r\n0\r\nA: a\r\nB: b\r\nC: c\r\nD: d\r\n\r\n'), 35)
    t.equal(decoder.done, true)
  }
})

t.test('the greatest size is counted down exactly', async t => {
  const decoder = new ChunkedDecoder(limits)
  decoder.begin()
  t.equal(decode(decoder, '001FFFFFFFFFFFFF;x\r\n'), 20)
  let bytes = 0
  t.equal(
    decode(decoder, 'abc', part => (bytes += part.length)),
    3,
  )
  t.equal(bytes, 3)
})

t.test('each extension has its own bound', async t => {
  const decoder = new ChunkedDecoder(limits)
  decoder.begin()
  const chunk = `1;${'x'.repeat(256)}\r\na\r\n`
  t.equal(decode(decoder, chunk.repeat(3)), 3 * chunk.length)
  t.equal(decode(decoder, chunk.replace('x', 'xx')), -1)
  t.equal(decoder.fault, 'chunk-extension')
})

t.test('an abandoned body gives nothing more', async t => {
  const decoder = new ChunkedDecoder(limits)
  decoder.begin()
  const parts: string[] = []
  decode(decoder, '1\r\na\r\n1\r\nb\r\n0\r\n\r\n', part => {
    parts.push(part.toString())
    decoder.abandon()
  })
  t.strictSame(parts, ['a'])
  t.equal(decoder.done, true)
})
