import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { dateLine } from '../../../src/proxy/node/date-line.ts'

t.test('the date is that of now, and becomes another one with the next second', async t => {
  const isNow = (line: string) => {
    t.match(line, /^Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n$/)
    const behindMs = Date.now() - Date.parse(line.slice('Date: '.length))
    t.ok(behindMs >= 0 && behindMs < 2000, `${behindMs} ms behind`)
  }
  const first = dateLine()
  isNow(first)
  for (let i = 0; i < 100 && dateLine() === first; i++) await sleep(50)
  t.not(dateLine(), first)
  isNow(dateLine())
})
