import t from 'tap'
import { flatFields } from '../../src/http/flat-fields.ts'

t.test('lines become names and values as they were written', async t => {
  t.strictSame(flatFields(''), [])
  t.strictSame(flatFields('X-A: b: c\r\nx-empty: \r\nX-A:  d\r\n'), ['X-A', 'b: c', 'x-empty', '', 'X-A', ' d'])
})
