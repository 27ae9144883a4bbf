import t from 'tap'
import { decodeBytes, parametersOf } from '../../../src/s3/address/query-parameters.ts'

t.test('parameters of a query, as many as an operation may have', async t => {
  t.strictSame(parametersOf('a&b=c;d&', '&'), ['a', 'b=c;d', ''])
  t.strictSame(parametersOf('a&b=c;d', /[&;]/), ['a', 'b=c', 'd'])
  t.equal(parametersOf('&'.repeat(127), '&')?.length, 128)
  t.equal(parametersOf('&'.repeat(128), '&'), undefined)
})

const cases: readonly { text: string; decoded: string }[] = [
  { text: '', decoded: '' },
  { text: 'cors', decoded: 'cors' },
  { text: '%63o%72s', decoded: 'cors' },
  { text: 'a%2Fb%2fc', decoded: 'a/b/c' },
  { text: '%C3%A4', decoded: 'ä' },
  { text: '%2541', decoded: '%41' },
  { text: '%', decoded: '%' },
  { text: '%4', decoded: '%4' },
  { text: '%%41', decoded: '%A' },
  { text: '%4%41', decoded: '%4A' },
  { text: '%g1%1g%@1%1`', decoded: '%g1%1g%@1%1`' },
  { text: 'a%ffb', decoded: 'a\ufffdb' },
]
for (const { text, decoded } of cases) {
  t.test(`'${text}' is decoded to '${decoded}'`, async t => t.equal(decodeBytes(text, 'utf8'), decoded))
}

t.test('what is decoded byte by byte keeps each byte', async t => {
  t.equal(decodeBytes('%ff\xe4%C3%A4', 'latin1'), '\xff\xe4\xc3\xa4')
})

t.test('every byte is what decodeURIComponent makes of it, where that makes anything', async t => {
  for (let code = 0; code < 128; code++) {
    const hex = `%${code.toString(16).padStart(2, '0')}`
    for (const text of [hex, hex.toUpperCase()]) t.equal(decodeBytes(text, 'utf8'), decodeURIComponent(text), text)
  }
})
