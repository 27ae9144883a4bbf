import t from 'tap'
import { parseCanonicalDecimal, parseDecimal } from '../../src/http/decimal.ts'

const cases: readonly { text: string; number: number; canonical: number }[] = [
  { text: '0', number: 0, canonical: 0 },
  { text: '7', number: 7, canonical: 7 },
  { text: '10', number: 10, canonical: 10 },
  { text: '9007199254740991', number: 9_007_199_254_740_991, canonical: 9_007_199_254_740_991 },
  { text: '010', number: 10, canonical: -1 },
  { text: '00', number: 0, canonical: -1 },
  ...[
    ...[
      '',
      ' ',
      '+5',
      '-5',
      '-0',
      ' 5',
      '5 ',
      '\t5',
      '5\r',
      '5,5',
      '5, 5',
      '5.0',
      '.5',
      '5e0',
      '0x5',
      '0b1',
      '0o7',
      '5n',
    ],
    ...['1_000', '1 000', '٥', '５', '²', 'Infinity', 'NaN', '9007199254740992', '99999999999999999999'],
  ].map(text => ({ text, number: -1, canonical: -1 })),
]
for (const { text, number, canonical } of cases) {
  t.test(`${JSON.stringify(text)} is ${number}, and in canonical form ${canonical}`, async t => {
    t.equal(parseDecimal(text), number)
    t.equal(parseCanonicalDecimal(text), canonical)
    t.equal(parseDecimal(`a1${text}`, 2), number)
    t.equal(parseCanonicalDecimal(`a1${text}2`, 2, text.length + 2), canonical)
  })
}

t.test('past the end of a text there is no digit', async t => {
  t.equal(parseDecimal('12', 0, 3), -1)
  t.equal(parseDecimal('12', 2), -1)
})
