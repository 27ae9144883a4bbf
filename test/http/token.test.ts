import t from 'tap'
import { isToken } from '../../src/http/token.ts'

t.test('a token is not empty and holds token characters only', async t => {
  for (const text of ['a', 'x-amz-*', 'X_Y', '%60']) t.equal(isToken(text), true, text)
  for (const text of ['', ' ', 'a b', 'a:', '(a)', 'a/b', '{', '\u00e4', 'a\n', '@', '[', '"'])
    t.equal(isToken(text), false, text)
  t.equal(isToken(' a ', 1, 2), true)
})
