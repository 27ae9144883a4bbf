import t from 'tap'
import { createSettlement } from '../../../src/daemon/workers/settlement.ts'

t.test('a round ends when everybody has answered or ended', async t => {
  const settlement = createSettlement<string>()
  const asked: [string, number][] = []
  const round = settlement.settle(['a', 'b', 'c'], (member, id) => asked.push([member, id]), 5000)
  t.strictSame(asked, [
    ['a', 1],
    ['b', 1],
    ['c', 1],
  ])
  settlement.answered('a', 1)
  settlement.answered('a', 1)
  settlement.answered('b', 99)
  settlement.left('c')
  settlement.answered('b', 1)
  t.strictSame(await round, [])
})

t.test('whoever is late is named', async t => {
  const settlement = createSettlement<string>()
  const round = settlement.settle(['a', 'b'], member => member === 'a' && settlement.answered('a', 1), 20)
  t.strictSame(await round, ['b'])
  settlement.answered('b', 1)
})

t.test('nobody to ask is no round', async t => {
  t.strictSame(await createSettlement<string>().settle([], () => t.fail(), 5000), [])
})
