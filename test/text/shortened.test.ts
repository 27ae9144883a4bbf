import t from 'tap'
import { shortened } from '../../src/text/shortened.ts'

t.test('a text that is too long ends in the mark, which counts for one of its characters', async t => {
  for (const [text, mostLength, short] of [
    ['', 1, ''],
    ['abc', 4, 'abc'],
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abc…'],
    ['abcde', 1, '…'],
  ] as const) {
    t.equal(shortened(text, mostLength), short, `${text}, ${mostLength}`)
  }
})
