import t from 'tap'
import { setUnrefTimer, steadyNow } from '../../src/policies/clock.ts'

t.test('a timer runs, unless it is cancelled', async t => {
  const ran: string[] = []
  setUnrefTimer(() => ran.push('cancelled'), 1)()
  await new Promise<void>(resolve => {
    const hold = setTimeout(() => {}, 10_000)
    setUnrefTimer(() => {
      clearTimeout(hold)
      ran.push('first')
      resolve()
    }, 2)
  })
  t.strictSame(ran, ['first'])
})

t.test('a delay that Node cannot hold is not run at once', async t => {
  let ran = false
  const cancel = setUnrefTimer(() => {
    ran = true
  }, 1e12)
  await new Promise(resolve => setTimeout(resolve, 10))
  cancel()
  t.equal(ran, false)
})

t.test('the steady clock tells the time of day', async t => {
  t.ok(Math.abs(steadyNow() - Date.now()) < 60_000)
  const before = steadyNow()
  t.ok(steadyNow() >= before)
})
