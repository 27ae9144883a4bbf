import t from 'tap'
import { checkTokens } from '../../../src/config/text/yaml-tokens.ts'

const refused: readonly {
  name: string
  text: string
  faults: readonly [line: number, column: number, reason: string][]
  masked: string
}[] = [
  { name: 'L200 an unquoted * as a value', text: 'a: [*]\n', faults: [[1, 5, 'alias']], masked: 'a: [x]\n' },
  { name: 'L200 an unquoted *.example.com', text: 'a: *.b.c\n', faults: [[1, 4, 'alias']], masked: 'a: x.b.c\n' },
  { name: 'L200 an unquoted * as a key', text: 'a:\n  *: {}\n', faults: [[2, 3, 'alias']], masked: 'a:\n  x: {}\n' },
  {
    name: 'L195 an anchor and its alias',
    text: 'a: &x b\nc: *x',
    faults: [
      [1, 4, 'anchor'],
      [2, 4, 'alias'],
    ],
    masked: 'a:    b\nc: xx',
  },
  { name: 'L201 a tag', text: 'a: !!js/function "b"', faults: [[1, 4, 'tag']], masked: 'a:               "b"' },
  { name: 'L201 a verbatim tag', text: 'a: !<x> b', faults: [[1, 4, 'tag']], masked: 'a:      b' },
  {
    name: 'L201 a directive',
    text: '%YAML 1.1\n---\na: b',
    faults: [[1, 1, 'directive']],
    masked: '#YAML 1.1\n---\na: b',
  },
]
for (const { name, text, faults, masked } of refused) {
  t.test(`${name} is found and masked`, async t => {
    const check = checkTokens(text)
    t.strictSame(
      check.faults.map(fault => [fault.line, fault.column, fault.reason]),
      faults,
    )
    t.equal(check.masked, masked)
    t.equal(check.unsafe, false)
  })
}

t.test('the same characters inside scalars and comments are text', async t => {
  const text = '"*": "&x" # *y\nb: a*b &c !d %e\nc: |\n  *f\n  - &g [[[\nd: \'*h\'\n'
  t.strictSame(checkTokens(text), { faults: [], unsafe: false, masked: text })
})

t.test('an alias bomb gives at most a hundred faults', async t => {
  t.equal(checkTokens(`a: [${'*x, '.repeat(5000)}]`).faults.length, 100)
})

const deep: readonly { name: string; text: string }[] = [
  { name: '200k brackets', text: '['.repeat(200_000) },
  { name: '200k braces', text: '{a: '.repeat(200_000) },
  { name: '5k levels of indentation', text: Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n') },
  { name: '100k dashes on one line', text: `${'- '.repeat(100_000)}a` },
  { name: '100k question marks', text: '? '.repeat(100_000) },
  { name: 'brackets with closing ones in strings', text: '["]", '.repeat(200) },
]
for (const { name, text } of deep) {
  t.test(`L196 ${name} are refused before any parser sees them`, async t => {
    const started = performance.now()
    const check = checkTokens(text)
    t.equal(check.unsafe, true)
    t.equal(check.faults.at(-1)?.reason, 'too-deep')
    t.ok(performance.now() - started < 1000, 'and quickly')
  })
}

t.test('what is indented far but not deep is safe', async t => {
  const far = ' '.repeat(300)
  t.equal(checkTokens(`a: 1\n${far}# a comment\nb: [1,\n${far}2]\nc: |\n${far}text\n`).unsafe, false)
})
