import t from 'tap'
import { positionAt } from '../../src/text/source-position.ts'

const text = 'ab\n\n😀c\nd'
const cases: { name: string; offset: number; line: number; column: number }[] = [
  { name: 'the first character is line 1, column 1', offset: 0, line: 1, column: 1 },
  { name: 'a line feed belongs to the line that it ends', offset: 2, line: 1, column: 3 },
  { name: 'an empty line has one column', offset: 3, line: 2, column: 1 },
  { name: 'a line begins after the line feed', offset: 4, line: 3, column: 1 },
  { name: 'a character outside the BMP counts as two, as in editors', offset: 6, line: 3, column: 3 },
  { name: 'the end of the text has a position', offset: text.length, line: 4, column: 2 },
]
for (const { name, offset, line, column } of cases) {
  t.test(name, async t => {
    t.strictSame(positionAt(text, offset), { line, column })
  })
}

t.test('a text without line feeds is one line', async t => {
  t.strictSame(positionAt('', 0), { line: 1, column: 1 })
  t.strictSame(positionAt('abc', 2), { line: 1, column: 3 })
})
