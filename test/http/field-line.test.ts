import t from 'tap'
import { FieldLine, hasControl, valueAt, withoutFields } from '../../src/http/field-line.ts'
import { fieldLines } from '../fixtures/field-lines.ts'

const cases: { line: string; field?: readonly [name: string, lowerCaseName: string, value: string]; fault?: string }[] =
  [
    { line: 'ETag: "a"', field: ['ETag', 'etag', '"a"'] },
    { line: 'X:y', field: ['X', 'x', 'y'] },
    { line: 'X:', field: ['X', 'x', ''] },
    { line: 'X: \t ', field: ['X', 'x', ''] },
    { line: 'X:\t a\t b \t', field: ['X', 'x', 'a\t b'] },
    { line: 'X: a: b', field: ['X', 'x', 'a: b'] },
    { line: 'X: \xa0\xe4\xa0', field: ['X', 'x', '\xa0\xe4\xa0'] },
    { line: 'X', fault: 'field-name' },
    { line: '', fault: 'field-name' },
    { line: ': y', fault: 'field-name' },
    { line: 'X : y', fault: 'field-name' },
    { line: ' X: y', fault: 'field-name' },
    { line: '\tX: y', fault: 'field-name' },
    { line: 'X: \0', fault: 'field-value' },
    { line: 'X: a\x1fb', fault: 'field-value' },
    { line: 'X:\x0ba', fault: 'field-value' },
    { line: 'X: a\x7f', fault: 'field-value' },
    { line: 'X: a\nY: b', fault: 'field-value' },
    { line: 'X: a\rY: b', fault: 'field-value' },
  ]
for (const { line, field, fault } of cases) {
  t.test(`${JSON.stringify(line)} is ${fault === undefined ? 'a field' : 'none'}`, async t => {
    const reader = new FieldLine()
    for (const [before, after] of [
      ['', ''],
      ['A: b\r\n', '\r\nC: \0'],
      ['A: b\r\n', '\nC: d\r\n'],
    ] as const) {
      t.equal(reader.read(before + line + after, before.length, before.length + line.length), fault)
      if (field === undefined) continue
      const [name, lowerCaseName, value] = field
      t.equal(reader.text, `${name}: ${value}\r\n`, 'one space, and the CRLF')
      t.strictSame([reader.lowerCaseName, reader.value], [lowerCaseName, value])
      const lines = fieldLines([reader.text, reader.text])
      t.strictSame([valueAt(lines, 0), valueAt(lines, 1)], [value, value])
    }
  })
}

t.test('a TAB is the only control that is none', async t => {
  for (let code = 0; code < 256; code++) {
    const control = (code < 32 && code !== 9) || code === 127
    t.equal(hasControl(`a${String.fromCharCode(code)}b`, 0, 3), control, `byte ${code}`)
  }
  t.equal(hasControl('\0a\0', 1, 2), false, 'outside of the range')
})

t.test('lines go by their whole name, in any case', async t => {
  const lines = 'X-Hop: 1\r\nX-Hopper: 2\r\nx-HOP: 3\r\nY: X-Hop: 4\r\n'
  t.equal(withoutFields(lines, ['x-hop']), 'X-Hopper: 2\r\nY: X-Hop: 4\r\n')
})
