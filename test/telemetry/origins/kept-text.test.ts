import t from 'tap'
import { keepLines, keepText } from '../../../src/telemetry/origins/kept-text.ts'

t.test('a kibibyte of text is kept, more is not', async t => {
  t.equal(keepText('x'.repeat(1024))?.length, 1024)
  t.equal(keepText('x'.repeat(1025)), undefined)
  t.equal(keepText(undefined), undefined)
})

t.test('lines are kept or not all together', async t => {
  t.strictSame(keepLines(['a', 'b']), ['a', 'b'])
  t.equal(keepLines(['x'.repeat(1000), 'x'.repeat(25)]), undefined)
  t.equal(keepLines(undefined), undefined)
})
