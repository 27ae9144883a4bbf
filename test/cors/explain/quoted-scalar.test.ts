import t from 'tap'
import { parse } from 'yaml'
import { escapeText, quote, quoteShort } from '../../../src/cors/explain/quoted-scalar.ts'

const hostile: { name: string; text: string; quoted: string }[] = [
  { name: 'an ordinary origin', text: 'https://a.example', quoted: '"https://a.example"' },
  { name: 'nothing', text: '', quoted: '""' },
  { name: 'quotes and backslashes', text: 'a"b\\c', quoted: '"a\\"b\\\\c"' },
  { name: 'HTML', text: '<script>&', quoted: '"\\x3cscript\\x3e\\x26"' },
  { name: 'line ends', text: 'a\r\nb: c', quoted: '"a\\x0d\\x0ab: c"' },
  { name: 'terminal escapes', text: '\u001b[2J\u0007', quoted: '"\\x1b[2J\\x07"' },
  { name: 'C1 controls and DEL', text: '\u0085\u009b\u007f', quoted: '"\\x85\\x9b\\x7f"' },
  { name: 'Latin-1', text: '\u00e4\u00a0', quoted: '"\\xe4\\xa0"' },
  { name: 'text that turns round', text: '\u202e\u2028\ufeff', quoted: '"\\u202e\\u2028\\ufeff"' },
  { name: 'beyond the BMP', text: '\u{1f600}', quoted: '"\\U0001f600"' },
  {
    name: 'what means something to YAML',
    text: '*a &b !c {d} # e: - | >',
    quoted: '"*a \\x26b !c {d} # e: - | \\x3e"',
  },
]

for (const { name, text, quoted } of hostile) {
  t.test(`${name}: escaped, and YAML reads it back`, async t => {
    t.equal(quote(text), quoted)
    t.equal(parse(quoted), text)
    t.equal(`"${escapeText(text)}"`, quoted)
    t.match(quoted, /^[\x20-\x7e]*$/, 'printable ASCII alone')
  })
}

t.test('every byte and some code points round them are read back', async t => {
  for (let code = 0; code < 0x3000; code++) {
    const text = String.fromCodePoint(code)
    if (parse(quote(text)) !== text) t.fail(code.toString(16))
  }
})

t.test('a long text is cut, with a note', async t => {
  t.equal(quoteShort('a'.repeat(200)), quote('a'.repeat(200)))
  t.equal(quoteShort('a'.repeat(15_000)), `"${'a'.repeat(200)}..." (cut: 15000 characters)`)
  t.equal(quoteShort('abc', 2), '"ab..." (cut: 3 characters)')
})
