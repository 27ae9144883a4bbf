import t from 'tap'
import { holdLongText } from '../../../src/telemetry/metrics/held-text.ts'

function start(length: number) {
  const state = { made: 0, nowMs: 0, length, fails: false }
  const text = holdLongText(
    async () => {
      state.made++
      if (state.fails) throw new Error('cannot be made')
      return 'x'.repeat(state.length)
    },
    () => state.nowMs,
  )
  return { state, text }
}

t.test('a short text is made for each who asks', async t => {
  const { state, text } = start(100_000)
  for (let i = 0; i < 5; i++) t.equal((await text()).length, 100_000)
  await Promise.all([text(), text()])
  t.equal(state.made, 7)
})

t.test('a long one is made once in a while, for all who ask meanwhile', async t => {
  const { state, text } = start(1_350_000)
  await text()
  for (; state.nowMs < 1000; state.nowMs++) await Promise.all([text(), text()])
  t.equal(state.made, 4)
})

t.test('while a long one is made, all wait for it', async t => {
  const { state, text } = start(1_350_000)
  await text()
  state.nowMs = 1000
  await Promise.all([text(), text(), text()])
  t.equal(state.made, 2)
})

t.test('one that has become short is made for each', async t => {
  const { state, text } = start(1_350_000)
  await text()
  state.nowMs = 1000
  state.length = 10
  for (let i = 0; i < 3; i++) t.equal((await text()).length, 10)
  t.equal(state.made, 4)
})

t.test('one that cannot be made is tried again', async t => {
  const { state, text } = start(1_350_000)
  await text()
  state.nowMs = 1000
  state.fails = true
  for (let i = 0; i < 2; i++) await t.rejects(text(), { message: 'cannot be made' })
  state.fails = false
  t.equal((await text()).length, 1_350_000)
})
