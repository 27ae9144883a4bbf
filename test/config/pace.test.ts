import t from 'tap'
import { restEvery, unpaced } from '../../src/config/pace.ts'

const cases = [
  { name: 'whoever worked longer than agreed rests', workMs: 0, restMs: 2, calls: 20, atLeastMs: 38, belowMs: 60_000 },
  { name: 'whoever did not goes on at once', workMs: 60_000, restMs: 5000, calls: 1000, atLeastMs: 0, belowMs: 5000 },
]
for (const { name, workMs, restMs, calls, atLeastMs, belowMs } of cases) {
  t.test(name, async t => {
    const pace = restEvery(workMs, restMs)
    const startMs = performance.now()
    for (let call = 0; call < calls; call++) pace()
    const tookMs = performance.now() - startMs
    t.ok(tookMs >= atLeastMs && tookMs < belowMs, `took ${tookMs.toFixed(1)} ms`)
  })
}

t.test('work is counted from the end of a rest', async t => {
  const pace = restEvery(50, 60)
  const longMs = () => {
    const startMs = performance.now()
    pace()
    return performance.now() - startMs >= 50
  }
  let rests = 0
  for (const startMs = performance.now(); performance.now() - startMs < 80; ) if (longMs()) rests++
  t.equal(rests, 1)
  t.equal(longMs(), false)
})

t.test('unpaced never rests', async t => t.equal(unpaced(), undefined))
