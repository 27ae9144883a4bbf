import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createMetricsText } from '../../src/admin/metrics-text.ts'

t.test('all who ask before a text is begun get the same, and who asks later gets a later one', async t => {
  const renderings: PromiseWithResolvers<string>[] = []
  const text = createMetricsText(() => {
    const rendering = Promise.withResolvers<string>()
    renderings.push(rendering)
    return rendering.promise
  })
  const first = [text(), text()]
  await turn()
  t.equal(renderings.length, 1)
  const second = [text(), text(), text()]
  await turn()
  t.equal(renderings.length, 1, 'one at a time')
  renderings[0]?.resolve('one')
  t.strictSame(await Promise.all(first), ['one', 'one'])
  await turn()
  t.equal(renderings.length, 2)
  renderings[1]?.resolve('two')
  t.strictSame(await Promise.all(second), ['two', 'two', 'two'])
})

t.test('one that fails fails for those who asked for it alone', async t => {
  let calls = 0
  const text = createMetricsText(async () => {
    if (++calls === 1) throw new Error('no')
    return 'text'
  })
  await t.rejects(text(), { message: 'no' })
  t.equal(await text(), 'text')
})

t.test('texts that took more than their share wait', async t => {
  // The wait keeps no process alive.
  const hold = setTimeout(() => {}, 60_000)
  t.teardown(() => clearTimeout(hold))
  let nowMs = 0
  const text = createMetricsText(
    async () => {
      nowMs += 1060
      return 'text'
    },
    () => nowMs,
  )
  await text()
  let isDone = false
  const second = text().then(() => {
    isDone = true
  })
  const third = text()
  await turn()
  t.notOk(isDone, 'it owes 7 ms, which take 140 to come')
  await second
  t.equal(await third, 'text')
  t.equal(nowMs, 2120, 'those who waited got one text')
})
