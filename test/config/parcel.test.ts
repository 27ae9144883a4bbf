import t from 'tap'
import { IncompleteParcel, PiecedBytes, packParcel, unpackParcel } from '../../src/config/parcel.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const bytesOf = (word: string) => Buffer.from(word, 'latin1')

const data = { a: [1, 'ü', undefined, null, Number.POSITIVE_INFINITY], b: undefined }
const whole = Buffer.concat(packParcel(data, [bytesOf('one'), bytesOf(''), bytesOf('two')]))

for (const size of [1, 3, 7, whole.length - 1, whole.length]) {
  t.test(`a parcel received in pieces of ${size} is what was sent`, async t => {
    const pieces: Uint8Array[] = []
    for (let start = 0; start < whole.length; start += size) pieces.push(whole.subarray(start, start + size))
    const received = unpackParcel(pieces)
    t.strictSame(received.data, data)
    t.equal(received.body.length, 6)
    t.equal(text(received.body.slice(0, 3)), 'one')
    t.equal(text(received.body.slice(2, 6)), 'etwo')
    t.equal(text(received.body.slice(6, 6)), '')
  })
}

t.test('bodies are sent as they are, not as copies', async t => {
  const body = bytesOf('body')
  t.equal(packParcel({}, [body]).at(-1), body)
})

const head = whole.length - 6
for (const length of [0, 3, 4, head - 1]) {
  t.test(`${length} bytes of a parcel are no parcel`, async t => {
    t.throws(() => unpackParcel([whole.subarray(0, length)]), IncompleteParcel)
  })
}

const pieced = new PiecedBytes([bytesOf('abc'), bytesOf(''), bytesOf('def'), bytesOf('g')])
const slices: readonly { start: number; end: number; found: string }[] = [
  { start: 0, end: 0, found: '' },
  { start: 0, end: 3, found: 'abc' },
  { start: 1, end: 2, found: 'b' },
  { start: 2, end: 7, found: 'cdefg' },
  { start: 3, end: 6, found: 'def' },
  { start: 7, end: 7, found: '' },
]
for (const { start, end, found } of slices) {
  t.test(`bytes ${start} to ${end} are ${JSON.stringify(found)}`, async t => {
    t.equal(text(pieced.slice(start, end)), found)
    if (start > 0) t.equal(text(pieced.from(1).slice(start - 1, end - 1)), found, 'and so after the first')
  })
}
for (const [start, end] of [
  [0, 8],
  [-1, 2],
  [3, 2],
  [8, 9],
] as const) {
  t.test(`there are no bytes ${start} to ${end}`, async t => {
    t.throws(() => pieced.slice(start, end), IncompleteParcel)
    t.equal(pieced.from(2).length, 5)
  })
}
