import t from 'tap'
import { type ConfigurationIssue, describeIssue, inOrder, pathText, valueText } from '../../src/config/issue.ts'

const issue: ConfigurationIssue = {
  severity: 'fault',
  reason: 'x',
  file: 'a.yaml',
  line: 3,
  column: 7,
  path: ['buckets', 'my-media', 'CORSRules', 0, 'AllowedOrigins', 1],
  value: 'x',
  message: 'something is wrong',
  allowed: 'something else',
}

const lines: readonly { name: string; change: Partial<ConfigurationIssue>; line: string }[] = [
  {
    name: 'a fault',
    change: {},
    line: 'a.yaml:3:7: buckets.my-media.CORSRules[0].AllowedOrigins[1]: something is wrong; allowed: something else',
  },
  {
    name: 'a warning',
    change: { severity: 'warning', path: [] },
    line: 'a.yaml:3:7: warning: something is wrong; allowed: something else',
  },
  {
    name: 'a sentence',
    change: { path: [], message: 'It is wrong.' },
    line: 'a.yaml:3:7: It is wrong. Allowed: something else',
  },
  {
    name: 'an issue without a line',
    change: { line: undefined, path: ['a'], file: '--a' },
    line: '--a: a: something is wrong; allowed: something else',
  },
  { name: 'an issue with nothing to allow', change: { path: [], allowed: '' }, line: 'a.yaml:3:7: something is wrong' },
  {
    name: 'control characters',
    change: { path: [], message: 'a\u001b[31m\nb\u009b\u202e\u2028\u200e\u200f' },
    line: 'a.yaml:3:7: a\\u001b[31m\\u000ab\\u009b\\u202e\\u2028\\u200e\\u200f; allowed: something else',
  },
]
for (const { name, change, line } of lines) {
  t.test(`${name} in one line`, async t => t.equal(describeIssue({ ...issue, ...change }), line))
}

t.test('a path quotes what is no plain key', async t => {
  t.equal(pathText(['buckets', '*', 'a.b', 0]), 'buckets["*"]["a.b"][0]')
})

t.test('a value is shown short and without a password', async t => {
  t.equal(valueText('http://u:p@host/'), '"http://…@host/"')
  t.equal(valueText('x'.repeat(100)), `"${'x'.repeat(79)}…"`)
  t.strictSame([null, undefined, [1], {}, 5, true].map(valueText), [
    'nothing',
    'nothing',
    'a list',
    'a mapping',
    '5',
    'true',
  ])
})

t.test('issues stand in the order of their lines, file by file, once each', async t => {
  const at = (file: string, line: number | undefined, column: number | undefined) => ({ ...issue, file, line, column })
  const sorted = inOrder([
    at('b', 2, 1),
    at('a', 1, 1),
    at('b', 1, 9),
    at('b', 1, 2),
    at('b', undefined, undefined),
    at('b', 2, 1),
  ])
  t.strictSame(
    sorted.map(({ file, line, column }) => `${file}:${line}:${column}`),
    ['b:undefined:undefined', 'b:1:2', 'b:1:9', 'b:2:1', 'a:1:1'],
  )
})

t.test('of very many issues the first are left, faults before warnings, and one tells of the rest', async t => {
  const many = (severity: 'fault' | 'warning', count: number, from: number) =>
    Array.from({ length: count }, (_, index) => ({ ...issue, severity, line: from + index }))
  t.equal(inOrder(many('fault', 500, 1)).length, 500)
  const shown = inOrder([...many('warning', 700, 1), ...many('fault', 300, 2000)])
  t.equal(shown.length, 500)
  t.strictSame([shown[0]?.line, shown[198]?.line, shown[199]?.line, shown[498]?.line], [1, 199, 2000, 2299])
  const { severity, message, file, line } = shown[499] ?? issue
  t.strictSame(
    { severity, message, file, line },
    {
      severity: 'warning',
      message: '501 more faults and warnings are not listed',
      file: 'a.yaml',
      line: undefined,
    },
  )
  t.equal(inOrder(many('fault', 600, 1)).at(-1)?.severity, 'fault')
})

t.test('a value without end makes no line without end', async t => {
  const line = describeIssue({ ...issue, path: ['k'.repeat(5000)], message: 'm'.repeat(5000) })
  t.ok(line.length < 3100, String(line.length))
  t.match(line, /^a\.yaml:3:7: k+…: m+…; allowed: something else$/)
})
