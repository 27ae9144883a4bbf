import t from 'tap'
import { withoutWhitespace } from '../../src/http/whitespace.ts'

t.test('a no-break space is no whitespace', async t => {
  t.equal(withoutWhitespace(' \t\xa0close\xa0 ', 0, 10), '\xa0close\xa0')
  t.equal(withoutWhitespace('  ', 0, 2), '')
})
