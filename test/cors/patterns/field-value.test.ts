import t from 'tap'
import { fromFieldValue, isAscii, toFieldValue } from '../../../src/cors/patterns/field-value.ts'

const cases: { name: string; text: string; value: string }[] = [
  { name: 'ASCII is the same in both forms', text: 'https://a.example', value: 'https://a.example' },
  { name: 'nothing is nothing', text: '', value: '' },
  { name: 'a Latin-1 letter has two bytes', text: 'https://\u00e4.example', value: 'https://\u00c3\u00a4.example' },
  { name: 'a CJK character has three bytes', text: '\u4e2d', value: '\u00e4\u00b8\u00ad' },
  { name: 'a character beyond the BMP has four bytes', text: '\u{1f600}', value: '\u00f0\u009f\u0098\u0080' },
  { name: 'a byte order mark is kept', text: '\ufeffa', value: '\u00ef\u00bb\u00bfa' },
]

for (const { name, text, value } of cases) {
  t.test(name, async t => {
    t.equal(toFieldValue(text), value)
    t.equal(fromFieldValue(value), text)
  })
}

t.test('bytes that are not UTF-8 have no text', async t => {
  for (const value of ['\u00e4', 'a\u0080', '\u00c3', '\u00ed\u00a0\u0080', '\u00c0\u00af']) {
    t.equal(fromFieldValue(value), undefined, JSON.stringify(value))
  }
})

t.test('characters that are no bytes have no text', async t => {
  for (const value of ['\u0443', 'https://m\u0443-app.xyz', '\u{1f600}', '\u4e2d']) {
    t.equal(fromFieldValue(value), undefined, JSON.stringify(value))
  }
})

t.test('ASCII ends at 7F', async t => {
  t.equal(isAscii('\u0000 ~\u007f'), true)
  t.equal(isAscii('a\u0080'), false)
})
