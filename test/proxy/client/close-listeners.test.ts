import t from 'tap'
import { inTurn } from '../../../src/proxy/client/close-listeners.ts'

t.test('listeners are called in the order in which they came', async t => {
  const heard: number[] = []
  const one = () => void heard.push(1)
  t.equal(inTurn(undefined, one), one, 'one needs no list')
  const all = [2, 3].reduce<() => void>((before, number) => inTurn(before, () => void heard.push(number)), one)
  all()
  t.strictSame(heard, [1, 2, 3])
})
