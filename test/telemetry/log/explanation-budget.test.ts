import t from 'tap'
import { createExplanationBudget } from '../../../src/telemetry/log/explanation-budget.ts'

t.test('explanations take no more of each second than they may, however many are wanted', async t => {
  let nowMs = 1000
  const budget = createExplanationBudget(50, () => nowMs)
  let made = 0
  // A hundred wanted each second for a minute, each of 7 ms.
  for (let wanted = 0; wanted < 6000; wanted++) {
    const startedAtMs = nowMs
    const explained = budget.explain(() => {
      nowMs += 7
      made++
      return 'explained'
    })
    if (explained === 'left-out') t.equal(nowMs, startedAtMs, 'nothing was done')
    nowMs = startedAtMs + 10
  }
  // 3000 ms of the minute, one second's more at its begin, and what the last one took too much.
  t.ok(made * 7 <= 3000 + 50 + 7, `${made * 7} ms`)
  t.ok(made * 7 >= 2900, 'and they use what they may')
})

t.test('one that took far too long is made up for before the next', async t => {
  let nowMs = 0
  const budget = createExplanationBudget(50, () => nowMs)
  budget.explain(() => {
    nowMs += 1050
  })
  t.equal(
    budget.explain(() => 'explained'),
    'left-out',
  )
  nowMs += 18_000
  t.equal(
    budget.explain(() => 'explained'),
    'left-out',
    'a second of work is twenty seconds of time',
  )
  nowMs += 1001
  t.equal(
    budget.explain(() => 'explained'),
    'explained',
  )
})

t.test('a quiet hour saves up no more than one second has', async t => {
  let nowMs = 0
  const budget = createExplanationBudget(50, () => nowMs)
  nowMs = 3_600_000
  let made = 0
  for (let wanted = 0; wanted < 100; wanted++) {
    budget.explain(() => {
      nowMs += 10
      made++
    })
  }
  t.ok(made <= 6, `${made}`)
})

t.test('an explanation that fails is paid for, too', async t => {
  let nowMs = 0
  const budget = createExplanationBudget(50, () => nowMs)
  t.throws(() =>
    budget.explain(() => {
      nowMs += 60
      throw new Error('no')
    }),
  )
  t.equal(
    budget.explain(() => 'explained'),
    'left-out',
  )
})

t.test('without a clock of its own it takes the monotonic one', async t => {
  t.equal(
    createExplanationBudget().explain(() => 'explained'),
    'explained',
  )
})
