import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { dateLine } from '../../../src/proxy/client/head-lines.ts'

t.test('the date is that of now, and becomes another one with the next second', async t => {
  const isNow = (line: string, fromMs: number) => {
    t.match(line, /^Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n$/)
    const saidMs = Date.parse(line.slice('Date: '.length))
    t.ok(saidMs > fromMs - 2000 && saidMs <= Date.now(), `${saidMs} where it was ${fromMs}`)
  }
  let fromMs = Date.now()
  const first = dateLine()
  isNow(first, fromMs)
  for (let i = 0; i < 100 && dateLine() === first; i++) await sleep(50)
  t.not(dateLine(), first)
  fromMs = Date.now()
  isNow(dateLine(), fromMs)
})
