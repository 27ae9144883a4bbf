import t from 'tap'
import { keepText } from '../../../src/telemetry/origins/kept-text.ts'

t.test('a kibibyte of text is kept, more is not', async t => {
  t.equal(keepText('x'.repeat(1024))?.length, 1024)
  t.equal(keepText('x'.repeat(1025)), undefined)
  t.equal(keepText(undefined), undefined)
})
