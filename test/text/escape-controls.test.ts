import t from 'tap'
import { escapeControls, escapeControlsInLines } from '../../src/text/escape-controls.ts'

const cases: { name: string; text: string; escaped: string }[] = [
  { name: 'a terminal escape', text: '\u001b[2J', escaped: '\\u001b[2J' },
  { name: 'a C1 control sequence introducer', text: '\u009b2J', escaped: '\\u009b2J' },
  { name: 'DEL', text: '\u007f', escaped: '\\u007f' },
  { name: 'a line end', text: 'a\r\nb', escaped: 'a\\u000d\\u000ab' },
  { name: 'a line separator', text: '\u2028', escaped: '\\u2028' },
  { name: 'a right-to-left override', text: '\u202egpj', escaped: '\\u202egpj' },
  { name: 'a left-to-right mark', text: '\u200e', escaped: '\\u200e' },
  { name: 'a right-to-left mark', text: '\u200f', escaped: '\\u200f' },
  { name: 'an isolate', text: '\u2066', escaped: '\\u2066' },
]
for (const { name, text, escaped } of cases) {
  t.test(`${name} is escaped`, async t => {
    t.equal(escapeControls(text), escaped)
  })
}

t.test('letters of any script stay', async t => {
  t.equal(escapeControls('bücher 日本 "quoted" \\'), 'bücher 日本 "quoted" \\')
})

t.test('JSON means the same after it', async t => {
  const value = { text: '\u001b\u009b\u2028\u202e' }
  t.same(JSON.parse(escapeControls(JSON.stringify(value))), value)
})

t.test('a text of several lines keeps its lines and nothing else', async t => {
  t.equal(escapeControlsInLines('a\u200f\r\n\tb\n'), 'a\\u200f\\u000d\n\\u0009b\n')
})
