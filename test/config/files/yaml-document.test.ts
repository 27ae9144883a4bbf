import t from 'tap'
import { parseDocument } from 'yaml'
import { parseYamlDocument } from '../../../src/config/files/yaml-document.ts'

const options = { version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: false, strict: true } as const

const places = (faults: readonly { readonly offset: number; readonly reason: string }[]) =>
  faults.map(({ offset, reason }) => [offset, reason])

// The library's own function for one document is what this one stands for, but for what is refused.
const texts: Readonly<Record<string, string>> = {
  nothing: '',
  'a comment': '# only\n',
  'a scalar': 'a',
  'a mapping': 'a: 1\nb: [x, "y", {z: null}]\nc: |\n  text\n  more\nd:\n  - e\n',
  'an end': 'a: 1\n...\n',
  'two documents': 'a: 1\n---\nb: 2\n',
  'three documents': 'a: 1\n---\nb: 2\n---\nc: 3\n',
  'a second document that is broken': 'a: 1\n---\nb: "2\n',
  'a quote that never ends': 'a: "b\n',
  'a list as a key': '? [a]\n: 1\n',
  'a tab as indentation': 'a:\n\tb: 1\n',
  'a bracket too many': 'a: [1]]\n',
  'a key twice': 'a: 1\na: 2\n',
  'indicators inside scalars and comments': '"*": "&x" # *y\nb: a*b &c !d %e\nc: |\n  *f\n  - &g [[[\nd: \'*h\'\n',
  'text far to the right': `a: 1\n${' '.repeat(300)}# a comment\nb: [1,\n${' '.repeat(300)}2]\nc: |\n${' '.repeat(300)}text\n`,
  'as much nesting as may be': `${'[{a: '.repeat(32)}1${'}]'.repeat(32)}`,
}
/** A quote that is not closed is told of where it begins, and that of a second document, too. */
const elsewhere: Readonly<Record<string, readonly number[]>> = {
  'a quote that never ends': [3],
  'a second document that is broken': [5, 12],
}
for (const [name, text] of Object.entries(texts)) {
  t.test(`${name} is read as the library reads it`, async t => {
    const expected = parseDocument(text, { ...options, prettyErrors: false })
    const { root, refused, errors } = parseYamlDocument(text)
    t.strictSame(refused, [])
    t.equal(JSON.stringify(root), JSON.stringify(expected.contents))
    t.strictSame(root?.range, expected.contents?.range)
    const found = [...expected.errors, ...expected.warnings].map(({ pos }) => pos[0])
    t.strictSame(
      places(errors),
      (elsewhere[name] ?? found).map(offset => [offset, 'yaml']),
    )
  })
}

const refused: readonly {
  name: string
  text: string
  faults: readonly [offset: number, reason: string][]
  data: unknown
}[] = [
  { name: 'an unquoted * as a value', text: 'a: [*]\n', faults: [[4, 'alias']], data: { a: ['*'] } },
  { name: 'an unquoted *.example.com', text: 'a: *.b.c\n', faults: [[3, 'alias']], data: { a: '*.b.c' } },
  { name: 'an unquoted * as a key', text: 'a:\n  *: {}\n', faults: [[5, 'alias']], data: { a: { '*': {} } } },
  { name: 'an unquoted * as a key in braces', text: '{*: 1}', faults: [[1, 'alias']], data: { '*': 1 } },
  {
    name: 'an anchor and its alias',
    text: 'a: &x b\nc: *x',
    faults: [
      [3, 'anchor'],
      [11, 'alias'],
    ],
    data: { a: 'b', c: '*x' },
  },
  {
    name: 'an alias with an anchor',
    text: '- &a *b',
    faults: [
      [2, 'anchor'],
      [5, 'alias'],
    ],
    data: ['*b'],
  },
  { name: 'a tag', text: 'a: !!js/function "b"', faults: [[3, 'tag']], data: { a: 'b' } },
  { name: 'a verbatim tag', text: 'a: !<x> b', faults: [[3, 'tag']], data: { a: 'b' } },
  { name: 'a directive', text: '%YAML 1.1\n---\na: b', faults: [[0, 'directive']], data: { a: 'b' } },
]
for (const { name, text, faults, data } of refused) {
  t.test(`${name} is refused at its place, and the rest is read`, async t => {
    const document = parseYamlDocument(text)
    t.strictSame(places(document.refused), faults)
    t.strictSame(document.errors, [])
    t.strictSame(JSON.parse(JSON.stringify(document.root)), data)
  })
}

t.test('an alias bomb gives at most a hundred faults', async t => {
  t.equal(parseYamlDocument(`a: [${'*x, '.repeat(5000)}]`).refused.length, 100)
})

// What is refused for its length alone is larger: see parser-process.ts for what that may cost.
const deep: readonly { name: string; text: string; offset: number }[] = [
  { name: '65 brackets', text: '['.repeat(65) + ']'.repeat(65), offset: 64 },
  { name: '100k brackets', text: '['.repeat(100_000), offset: 64 },
  { name: '20k braces', text: '{a: '.repeat(20_000), offset: 256 },
  {
    name: '1,400 levels of indentation',
    text: Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    offset: 2272,
  },
  { name: '50k dashes on one line', text: `${'- '.repeat(50_000)}a`, offset: 128 },
  { name: '50k question marks', text: '? '.repeat(50_000), offset: 128 },
  { name: 'brackets with closing ones in strings', text: '["]", '.repeat(200), offset: 384 },
]
for (const { name, text, offset } of deep) {
  t.test(`${name} are too deep, and nothing else is said of them`, async t => {
    const { root, errors } = parseYamlDocument(text)
    t.equal(root, null)
    t.strictSame(places(errors), [[offset, 'too-deep']])
  })
}
