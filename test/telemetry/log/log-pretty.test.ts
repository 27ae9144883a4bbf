import t from 'tap'
import { formatPretty } from '../../../src/telemetry/log/log-pretty.ts'

const head = { level: 'warn', time: '2026-01-02T03:04:05.678Z', event: 'cors_denied' }

const cases: { name: string; fields: Record<string, unknown>; line: string }[] = [
  { name: 'plain values', fields: { bucket: 'media', status: 403 }, line: 'bucket=media status=403\n' },
  { name: 'a value with spaces', fields: { a: 'b c' }, line: 'a="b c"\n' },
  { name: 'an empty value', fields: { a: '' }, line: 'a=""\n' },
  { name: 'several lines', fields: { change: 'a:\n  - b', z: 1 }, line: 'z=1\n  change:\n    a:\n      - b\n' },
  { name: 'a terminal escape', fields: { origin: 'https://a\u001b[2J' }, line: 'origin=https://a\\u001b[2J\n' },
  { name: 'a C1 control', fields: { origin: '\u009b2J x' }, line: 'origin="\\u009b2J x"\n' },
  { name: 'a hostile field name', fields: { '\u001b[2J': 1 }, line: '\\u001b[2J=1\n' },
  { name: 'an escape in several lines', fields: { a: 'b\n\u001b[2J' }, line: '\n  a:\n    b\n    \\u001b[2J\n' },
]
for (const { name, fields, line } of cases) {
  t.test(`a line with ${name}`, async t => {
    const text = formatPretty(JSON.stringify({ ...head, ...fields }), false)
    t.equal(text, `03:04:05.678 WARN  cors_denied${line.startsWith('\n') ? '' : ' '}${line}`)
  })
}

t.test('colours are ours alone', async t => {
  const text = formatPretty(JSON.stringify({ ...head, origin: '\u001b[31mred' }), true)
  t.equal(text.split('\u001b[31m').length, 1)
  t.match(text, '\u001b[33mWARN ')
})
