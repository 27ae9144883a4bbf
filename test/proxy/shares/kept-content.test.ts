import t from 'tap'
import { KeptContent } from '../../../src/proxy/shares/kept-content.ts'

t.test('what comes in pieces is one content', async t => {
  const kept = new KeptContent(100)
  t.strictSame([kept.content.length, kept.heldBytes], [0, 0])
  for (const piece of ['a', 'bc', '', 'defg']) t.equal(kept.add(Buffer.from(piece)), true)
  t.equal(kept.content.toString(), 'abcdefg')
})

t.test('it may be as long as the limit, and no longer', async t => {
  const kept = new KeptContent(5)
  t.equal(kept.add(Buffer.from('abcde')), true)
  t.equal(kept.add(Buffer.from('f')), false)
  t.equal(kept.content.toString(), 'abcde')
})

t.test('byte after byte costs at most twice the bytes', async t => {
  const kept = new KeptContent(65_536)
  for (let i = 0; i < 10_000; i++) kept.add(Buffer.from('x'))
  t.equal(kept.content.length, 10_000)
  t.ok(kept.heldBytes <= 20_000, `${kept.heldBytes}`)
})
