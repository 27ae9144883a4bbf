import t from 'tap'
import { restEvery, unpaced } from '../../src/config/pace.ts'

/** A clock that stands still but for the work of a test and for rests. */
function setUp(workMs: number, restMs: number) {
  let nowMs = 1000
  let rests = 0
  const pace = restEvery(workMs, restMs, {
    now: () => nowMs,
    sleep(ms) {
      nowMs += ms
      rests++
    },
  })
  return {
    work(ms: number) {
      nowMs += ms
      pace()
    },
    rests: () => rests,
  }
}

const cases = [
  { name: 'whoever has not worked so long goes on', work: [0.1, 0.1, 0.1], rests: 0 },
  { name: 'whoever has rests', work: [0.1, 0.1, 0.2], rests: 1 },
  { name: 'one long piece of work is followed by one rest', work: [7], rests: 1 },
  { name: 'work is counted from the end of a rest', work: [0.4, 0.3, 0.1, 0.3], rests: 2 },
]
for (const { name, work, rests } of cases) {
  t.test(name, async t => {
    const paced = setUp(0.4, 0.2)
    for (const ms of work) paced.work(ms)
    t.equal(paced.rests(), rests)
  })
}

t.test('a rest is time that passes', async t => {
  const pace = restEvery(0, 2)
  const startMs = performance.now()
  for (let call = 0; call < 20; call++) pace()
  t.ok(performance.now() - startMs >= 38)
})

t.test('unpaced never rests', async t => t.equal(unpaced(), undefined))
