import t from 'tap'
import { createCallBudget } from '../../../src/policies/upstream/call-budget.ts'

t.test('a budget of 20 a second is 20 at once, then one each 50 ms', async t => {
  let at = 0
  const mayCall = createCallBudget(20, () => at)
  const granted = (attempts: number) => Array.from({ length: attempts }, mayCall).filter(Boolean).length
  t.equal(granted(100), 20)
  at += 49
  t.equal(granted(1), 0)
  at += 1
  t.equal(granted(10), 1)
  at += 3_600_000
  t.equal(granted(100), 20, 'a pause saves up no more')
})
