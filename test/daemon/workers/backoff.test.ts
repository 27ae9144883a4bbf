import t from 'tap'
import { createBackoff } from '../../../src/daemon/workers/backoff.ts'

t.test('each failure waits longer than the one before, up to half a minute', async t => {
  const backoff = createBackoff(2, () => 0)
  const waits = Array.from({ length: 12 }, () => {
    backoff.started(0)
    return backoff.ended(0)
  })
  t.strictSame(waits.slice(0, 4), [100, 200, 400, 800])
  t.equal(waits.at(-1), 30_000)
  t.equal(backoff.ended(1), 100, 'another place has its own count')
  t.equal(backoff.ended(9), 30_000)
})

t.test('a worker that has lasted begins the count anew', async t => {
  let now = 0
  const backoff = createBackoff(1, () => now)
  for (let i = 0; i < 5; i++) {
    backoff.started(0)
    backoff.ended(0)
  }
  backoff.started(0)
  now += 60_000
  t.equal(backoff.ended(0), 100)
})
