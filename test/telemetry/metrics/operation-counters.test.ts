import t from 'tap'
import { createOperationCounters } from '../../../src/telemetry/metrics/operation-counters.ts'

t.test('fetches are counted by result', async t => {
  const counters = createOperationCounters()
  for (const result of ['rules', 'none', 'rules']) counters.countRulesFetch(result)
  t.strictSame(
    [...counters.rulesFetches],
    [
      ['rules', 2],
      ['none', 1],
    ],
  )
})

t.test('ever new results end up as other', async t => {
  const counters = createOperationCounters()
  for (let i = 0; i < 100; i++) counters.countRulesFetch(`result-${i}`)
  t.equal(counters.rulesFetches.size, 17)
  t.equal(counters.rulesFetches.get('other'), 84)
})
