import t from 'tap'
import { lowerCaseFieldName, lowerCaseNameWithin } from '../../src/http/field-name.ts'

const cases: { name: string; lowerCase: string | undefined }[] = [
  { name: 'ETag', lowerCase: 'etag' },
  { name: 'x-amz-Meta-K', lowerCase: 'x-amz-meta-k' },
  { name: "!#$%&'*+-.^_`|~09AZaz", lowerCase: "!#$%&'*+-.^_`|~09azaz" },
  { name: '__proto__', lowerCase: '__proto__' },
  { name: 'constructor', lowerCase: 'constructor' },
  { name: `X-${'Y'.repeat(300)}`, lowerCase: `x-${'y'.repeat(300)}` },
  ...[
    '',
    ' ',
    'X ',
    ' X',
    'X:',
    'X\0',
    'X\t',
    'X\x7f',
    'X\xe9',
    'X,Y',
    'X(Y)',
    '"X"',
    'X/Y',
    'X@Y',
    'X[Y]',
    'X{Y}',
    'X=Y',
  ].map(name => ({ name, lowerCase: undefined })),
]
for (const { name, lowerCase } of cases) {
  t.test(`${JSON.stringify(name)} is ${lowerCase === undefined ? 'no field name' : 'a field name'}`, async t => {
    t.equal(lowerCaseFieldName(name), lowerCase)
    t.equal(lowerCaseFieldName(name), lowerCase, 'the same when asked again')
    t.equal(lowerCaseNameWithin(name, 0, name.length), lowerCase)
    t.equal(lowerCaseNameWithin(`Ra${name}nge`, 2, 2 + name.length), lowerCase, 'amid others')
  })
}

t.test('every byte is a token character or not, as RFC 9110 has it', async t => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code)
    const isToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(character)
    t.equal(lowerCaseFieldName(`x${character}`), isToken ? `x${character.toLowerCase()}` : undefined, `byte ${code}`)
  }
})

t.test('more names than are remembered are lower-cased all the same', async t => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1000; i++) t.equal(lowerCaseFieldName(`X-Flood-${i}`), `x-flood-${i}`)
  }
  t.equal(lowerCaseFieldName('X-Flood 1'), undefined)
})
