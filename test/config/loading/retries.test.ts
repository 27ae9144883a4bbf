import t from 'tap'
import { Retries } from '../../../src/config/loading/retries.ts'

/** How many looks are put off until the state is read again. */
function looksUntil(retries: Retries, state: string): number {
  let looks = 1
  while (retries.isPutOff(state)) looks++
  return looks
}

t.test('a state is read again after ever more looks, and at least every 200', async t => {
  const retries = new Retries()
  const waits: number[] = []
  for (let failures = 0; failures < 10; failures++) {
    t.equal(retries.putOff('a'), failures === 0, 'news the first time')
    waits.push(looksUntil(retries, 'a'))
  }
  t.strictSame(waits, [2, 4, 8, 16, 32, 64, 128, 200, 200, 200])
})

t.test('another state is read at once, and begins anew', async t => {
  const retries = new Retries()
  t.equal(retries.isPutOff('a'), false)
  retries.putOff('a')
  retries.putOff('a')
  t.equal(retries.isPutOff('b'), false)
  t.equal(retries.putOff('b'), true)
  t.equal(looksUntil(retries, 'b'), 2)
})

t.test('after a success nothing is put off', async t => {
  const retries = new Retries()
  retries.putOff('a')
  retries.forget()
  t.equal(retries.isPutOff('a'), false)
  t.equal(retries.putOff('a'), true)
})
