import t from 'tap'
import { LineBytes } from '../../../src/telemetry/log/line-bytes.ts'
import { seededRandom } from '../../fixtures/request-records.ts'

const numbers: readonly number[] = [
  ...[0, -0, 1, 9, 10, 99, 100, 1024, 2 ** 31 - 1, 2 ** 31, 5 * 2 ** 40, Number.MAX_SAFE_INTEGER, 1e21, -1],
  ...[0.1, 0.5, 0.25, 0.000001, 0.00001, 0.000011, 0.0001, 0.00123, 0.123456, 0.999999, 0.9999999, 0.1234567],
  ...[1e-7, 1.5e-7, 1.000001, 10.5, 59.999999, 3600.000001, 999999.999999, 1e6 + 0.5, 0.1 + 0.2, 1 / 3, -0.5],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
]

function numberText(value: number): string {
  const bytes = new LineBytes(1)
  bytes.addNumber(value)
  return bytes.copy().toString()
}

for (const value of numbers) {
  t.test(`${value} is written as String writes it`, async t => {
    t.equal(numberText(value), String(value))
  })
}

t.test('every duration is written as String writes it', async t => {
  const random = seededRandom(1)
  for (let i = 0; i < 100_000; i++) {
    const seconds = Math.round(random() * 10 ** (1 + (i % 12))) / 1e6
    if (numberText(seconds) !== String(seconds)) t.fail(`${seconds} is written as ${numberText(seconds)}`)
  }
})

const texts: readonly { text: string; isPlain: boolean }[] = [
  { text: '', isPlain: true },
  { text: '/media/a/b-c_d~e.jpg', isPlain: true },
  { text: 'AZaz09', isPlain: true },
  { text: 'J', isPlain: true },
  { text: 'ey/J', isPlain: true },
  { text: 'x'.repeat(1000), isPlain: true },
  { text: 'eyJ', isPlain: false },
  { text: '/a/eyJhbGciOiJIUzI1NiJ9', isPlain: false },
  ...[...'":=@?&%+ \\\u0000\n\u007f\u0080é€😀'].map(character => ({ text: `a${character}`, isPlain: false })),
]
for (const { text, isPlain } of texts) {
  t.test(`${JSON.stringify(text.slice(0, 40))} is ${isPlain ? '' : 'not '}plain`, async t => {
    const bytes = new LineBytes(1)
    t.equal(bytes.addPlain(text), isPlain)
    t.equal(bytes.copy().toString(), isPlain ? JSON.stringify(text) : '')
  })
}

t.test('what stood there before is not taken for the begin of a text', async t => {
  const bytes = new LineBytes(100)
  bytes.addText('"ey')
  bytes.cut(0)
  t.equal(bytes.addPlain('J'), true)
  bytes.cut(0)
  bytes.addText('e')
  bytes.addText('y')
  t.equal(bytes.addPlain('Jy'), true)
})

t.test('it grows with what is added, and keeps what it has', async t => {
  const bytes = new LineBytes(4)
  let wanted = ''
  for (const length of [1, 3, 31, 32, 33, 500]) {
    const text = 'é€'.repeat(length)
    bytes.add(Buffer.from(text))
    bytes.addText(text)
    bytes.addNumber(length)
    wanted += `${text}${text}${length}`
  }
  t.equal(bytes.copy().toString(), wanted)
  t.equal(bytes.length, Buffer.byteLength(wanted))
})

t.test('a copy does not change with what comes after', async t => {
  const bytes = new LineBytes(4)
  bytes.addText('a')
  const copy = bytes.copy()
  bytes.cut(0)
  bytes.addText('b')
  t.equal(copy.toString(), 'a')
})
