import t from 'tap'
import { readYaml } from '../../../src/config/files/yaml-text.ts'

const plain = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null')
const summary = (text: string) =>
  readYaml(text).faults.map(({ line, column, message }) => `${line}:${column} ${message}`)

t.test('keys that look like numbers, null or true stay what they are', async t => {
  const names = ['0123', '1e3', '0x10', '123456789012345678901', 'null', 'true', '1_000', '~', '.inf']
  const { value, faults } = readYaml(names.map(name => `${name}: 1`).join('\n'))
  t.strictSame(faults, [])
  t.strictSame(Object.keys(value as object).toSorted(), names.toSorted())
})

t.test('scalars are those of YAML 1.2', async t => {
  const { value, faults } = readYaml('a: yes\nb: on\nc: 12\nd: 12:30\ne: -16\nf: 1_000\ng: ~\nh: true\ni: 1.5\nj: no\n')
  t.strictSame(faults, [])
  t.strictSame(plain(value), {
    a: 'yes',
    b: 'on',
    c: 12,
    d: '12:30',
    e: -16,
    f: '1_000',
    g: null,
    h: true,
    i: 1.5,
    j: 'no',
  })
})

t.test('numbers that YAML 1.1 reads otherwise, or that no setting needs, are faults with their place', async t => {
  for (const text of ['012', '+5', '0x10', '0o10', '1e3', '.5', '5.', '.inf', '.nan', '-012', '0.5e1']) {
    const { faults } = readYaml(`a:\n  - ${text}\n`)
    const message = `"${text}" is a number in a form that is read in more than one way`
    const allowed = 'decimal digits without "+", leading zeros or an exponent, or text in quotes'
    t.strictSame(faults, [{ line: 2, column: 5, reason: 'number', message, allowed }])
  }
})

t.test('CRLF is a line end like any other', async t => {
  t.strictSame(plain(readYaml('a:\r\n  - b\r\n  - "c"\r\n').value), { a: ['b', 'c'] })
})

const faulty: readonly { name: string; text: string; faults: readonly string[] }[] = [
  { name: 'a key twice', text: 'a: 1\na: 2\n', faults: ['2:1 the key "a" stands twice in one mapping'] },
  { name: '123 and "123"', text: '123: 1\n"123": 2\n', faults: ['2:1 the key "123" stands twice in one mapping'] },
  { name: '__proto__', text: 'a:\n  __proto__: { b: 1 }\n', faults: ['2:3 unknown key "__proto__"'] },
  { name: 'several documents', text: 'a: 1\n---\nb: 2\n', faults: ['2:1 a second document begins here: ---'] },
  { name: 'an unknown directive', text: '%FOO\n---\na: 1\n', faults: ['1:1 %FOO is a YAML directive'] },
  { name: 'a tab as indentation', text: 'a:\n\tb: 1\n', faults: ['2:1 a tab indents this line: b: 1'] },
  {
    name: 'a line end of CR alone',
    text: 'a: 1\nb: 2\rc: 3\r',
    faults: ['2:5 a carriage return without a line feed stands here'],
  },
  {
    name: 'a list as a key',
    text: '? [a]\n: 1\n',
    faults: ['1:3 a list or a mapping stands where a key is expected: ? [a]'],
  },
  { name: 'a quote that never ends', text: 'a: "b\n', faults: [`1:4 '"' is not closed: a: "b`] },
  { name: '* without quotes', text: 'a: [*]\n', faults: ['1:5 "*" is a YAML alias without its quotes'] },
]
for (const { name, text, faults } of faulty) {
  t.test(`${name} is a fault with its place`, async t => t.strictSame(summary(text), faults))
}

t.test('no key reaches the prototype of anything', async t => {
  readYaml('__proto__: { polluted: 1 }\nconstructor: { prototype: { polluted: 1 } }\n<<: { polluted: 1 }\n')
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  const { value } = readYaml('constructor: 1\n')
  t.strictSame(Object.entries(value as object), [['constructor', 1]], 'constructor is data')
})

t.test('a merge key merges nothing', async t => {
  t.strictSame(plain(readYaml('a: { <<: { b: 1 } }\n').value), { a: { '<<': { b: 1 } } })
})

t.test('the data goes on with what was meant by an unquoted *', async t => {
  t.strictSame(plain(readYaml('a: [*, *.b]\n').value), { a: ['*', '*.b'] })
  t.strictSame(plain(readYaml('*: { a: 1 }\n').value), { '*': { a: 1 } })
})

t.test('an empty text has no value and no fault', async t => {
  t.strictSame([readYaml('').value, readYaml('# only\n').value, readYaml('~').value], [undefined, undefined, null])
})

const text = 'a: 1\nb:\n  - c: x\n    d:\n  - [e, "f"]\n'
const places: readonly { path: readonly (string | number)[]; at: 'key' | 'value'; place: string; exact: boolean }[] = [
  { path: [], at: 'value', place: '1:1', exact: true },
  { path: ['a'], at: 'key', place: '1:1', exact: true },
  { path: ['a'], at: 'value', place: '1:4', exact: true },
  { path: ['b'], at: 'value', place: '2:1', exact: true },
  { path: ['b', 0], at: 'value', place: '3:5', exact: true },
  { path: ['b', 0, 'c'], at: 'value', place: '3:8', exact: true },
  { path: ['b', 0, 'd'], at: 'value', place: '4:5', exact: true },
  { path: ['b', 1, 1], at: 'value', place: '5:9', exact: true },
  { path: ['b', 1, 7], at: 'value', place: '5:5', exact: false },
  { path: ['b', 0, 'z'], at: 'value', place: '3:5', exact: false },
  { path: ['z', 'y'], at: 'value', place: '1:1', exact: false },
  { path: ['a', 'y'], at: 'value', place: '1:4', exact: false },
]
for (const { path, at, place, exact } of places) {
  t.test(`the ${at} of ${JSON.stringify(path)} stands at ${place}`, async t => {
    const found = readYaml(text).locate(path, at)
    t.strictSame([`${found?.line}:${found?.column}`, found?.exact], [place, exact])
  })
}
