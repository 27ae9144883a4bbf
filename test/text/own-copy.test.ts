import t from 'tap'
import { ownCopy } from '../../src/text/own-copy.ts'

t.test('a copy is the same text, whatever is in it', async t => {
  const texts = ['', 'a', 'a bucket of some length', 'ä\u20ac\u{1f600}', '\ud800 alone', '"\\\u0000\u2028', '__proto__']
  for (const [index, text] of texts.entries()) t.ok(ownCopy(text) === text, `${index}`)
})
