import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { mapBounded } from '../../../src/cli/connect/map-bounded.ts'

t.test('results keep the order of the items, and no more than the limit are under way', async t => {
  let running = 0
  let most = 0
  const results = await mapBounded([5, 1, 4, 2, 3], 2, async item => {
    most = Math.max(most, ++running)
    await sleep(item)
    running--
    return item * 10
  })
  t.strictSame(results, [50, 10, 40, 20, 30])
  t.equal(most, 2)
})

t.test('nothing is mapped to nothing', async t => {
  t.strictSame(await mapBounded([], 8, async () => t.fail('called')), [])
})

t.test('a failure is passed on', async t => {
  const failing = mapBounded([1], 8, async () => {
    throw new Error('no')
  })
  await t.rejects(failing, { message: 'no' })
})
