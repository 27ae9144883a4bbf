import t from 'tap'
import { elementEnd } from '../../src/http/list-element.ts'

t.test('an element ends before the next comma, or with the line', async t => {
  t.equal(elementEnd('a,b', 0), 1)
  t.equal(elementEnd('a,b', 2), 3)
  t.equal(elementEnd('a,,', 2), 2)
  t.equal(elementEnd('a,', 2), 2)
  t.equal(elementEnd('', 0), 0)
})
