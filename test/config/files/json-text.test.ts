import t from 'tap'
import { readJson } from '../../../src/config/files/json-text.ts'

const plain = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null')

const accepted: readonly string[] = [
  '{}',
  '[]',
  ' [1, -0.5e+3, "a\\u00e9\\n\\"", true, false, null] ',
  '{\r\n\t"a": {"b": [{}, []]},\n"c": ""}',
  '"text"',
  '12',
]
for (const text of accepted) {
  t.test(`${JSON.stringify(text)} reads as JSON.parse reads it`, async t => {
    const { value, faults } = readJson(text)
    t.strictSame(faults, [])
    t.strictSame(plain(value), JSON.parse(text))
  })
}

const refused: readonly { text: string; fault: string }[] = [
  { text: '', fault: '1:1 the text ends too early' },
  { text: '[1', fault: '1:3 the text ends too early' },
  { text: '["header1", etc.]', fault: '1:13 "etc." is a placeholder, not JSON' },
  { text: '[1, ...]', fault: '1:5 "..." is a placeholder, not JSON' },
  { text: '[1,\n]', fault: '2:1 a comma stands before this bracket' },
  { text: '{"a": 1,}', fault: '1:9 a comma stands before this bracket' },
  { text: "{'a': 1}", fault: '1:2 "\'a\':" is not JSON' },
  { text: '{a: 1}', fault: '1:2 "a:" is not JSON' },
  { text: '{"a" 1}', fault: '1:6 "1" stands here' },
  { text: '{"a": }', fault: '1:7 "}" stands here' },
  { text: '{1: 2}', fault: '1:2 "1" stands here' },
  { text: '["a" "b"]', fault: '1:6 "b" stands here' },
  { text: '{"a": "b”, "c": 1}', fault: '1:9 ” is a typographic quotation mark' },
  { text: '{"a": "b”,\n"c": 1}', fault: '1:9 ” is a typographic quotation mark' },
  { text: '{"ID": "Regel: „fotos“, alt" "b": 1}', fault: '1:30 "b" stands here' },
  { text: '{"ID": "Regel: „fotos“, alt", "b": 1,}', fault: '1:38 a comma stands before this bracket' },
  { text: '{"ID": "Regel: „fotos“, alt", "b": “c”}', fault: '1:36 “ is a typographic quotation mark' },
  {
    text: `["${'\\"'.repeat(300_000)}`,
    fault: `1:2 ${JSON.stringify(`"${'\\"'.repeat(300_000)}`.slice(0, 40))} stands here`,
  },
  { text: '{“a”: 1}', fault: '1:2 “ is a typographic quotation mark' },
  { text: '{"a": "he said “no”", b}', fault: '1:23 "b" is not JSON' },
  { text: '[1] [2]', fault: '1:5 "[" stands here' },
  { text: '[01]', fault: '1:2 "01" stands here' },
  { text: '[1.]', fault: '1:2 "1." stands here' },
  { text: '["a\nb"]', fault: '1:2 "\\"a" stands here' },
  { text: '// no\n[]', fault: '1:1 a comment stands here' },
  { text: '[1 2]', fault: '1:4 "2" stands here' },
  { text: '[1/2]', fault: '1:3 "/2" stands here' },
  { text: '["\\x"]', fault: '1:2 "\\"\\\\x\\"" stands here' },
  { text: '[\u00a01]', fault: '1:2 "\u00a01" stands here' },
  { text: '[1]\f', fault: '1:4 "\\f" stands here' },
  { text: `["${'a'.repeat(1_000_000)}" 1]`, fault: '1:1000005 "1" stands here' },
  { text: '{"a": 1, "a": 2}', fault: '1:10 the key "a" stands twice' },
  { text: '['.repeat(100_000), fault: '1:66 the values nest too deep' },
]
for (const { text, fault } of refused) {
  t.test(`${JSON.stringify(text.slice(0, 40))} is refused with its place`, async t => {
    const { value, faults } = readJson(text)
    t.equal(value, undefined)
    t.strictSame(
      faults.map(({ line, column, message }) => `${line}:${column} ${message}`),
      [fault],
    )
    t.throws(() => {
      if (!text.includes('"a": 2') && !text.startsWith('[[')) JSON.parse(text)
      else throw new Error('JSON.parse takes duplicate keys, and may take any depth')
    }, 'as JSON.parse refuses it')
  })
}

t.test('values and keys know where they stand', async t => {
  const json = readJson('{"a": [\n  {"b": 1}]}')
  t.strictSame(json.locate(['a', 0, 'b'], 'value'), { line: 2, column: 9, exact: true })
  t.strictSame(json.locate(['a', 0, 'b'], 'key'), { line: 2, column: 4, exact: true })
  t.strictSame(json.locate(['a', 0, 'c'], 'value'), { line: 2, column: 3, exact: false })
  t.strictSame(json.locate([], 'value'), { line: 1, column: 1, exact: true })
})

t.test('__proto__ is data', async t => {
  const { value } = readJson('{"__proto__": {"polluted": 1}}')
  t.strictSame(Object.keys(value as object), ['__proto__'])
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('of every short text, what JSON.parse takes is read, and nothing else', async t => {
  const pieces = ['[', ']', '{', '}', ',', ':', '"a"', '"b"', '0', '-', '.5', 'e1', 'true', ' ', '\u2028', '/**/']
  const texts = ['']
  let isSame = true
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] ?? ''
    const { value, faults } = readJson(text)
    const isRead = faults.length === 0
    // The pieces make no two keys of the same name that JSON.parse would take.
    if (isRead !== isJson(text) || (isRead && JSON.stringify(value) !== JSON.stringify(JSON.parse(text)))) {
      isSame = false
      t.fail(JSON.stringify(text))
    }
    if (i < 4369) texts.push(...pieces.map(piece => text + piece))
  }
  t.ok(isSame)
  t.equal(texts.length, 1 + 16 + 256 + 4096 + 65_536)
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
