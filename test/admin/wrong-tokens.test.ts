import t from 'tap'
import { createWrongTokens } from '../../src/admin/wrong-tokens.ts'

t.test('an answer waits, and only so many do', async t => {
  const wrong = createWrongTokens(30)
  const started = performance.now()
  const waits = Array.from({ length: 64 }, () => wrong.wait())
  t.equal(await wrong.wait(), false, 'one more does not wait')
  t.ok((await Promise.all([...waits, new Promise(resolve => setTimeout(resolve, 60))])).slice(0, 64).every(Boolean))
  t.ok(performance.now() - started >= 25)
  const later = wrong.wait()
  await new Promise(resolve => setTimeout(resolve, 60))
  t.equal(await later, true, 'there is room again')
})
