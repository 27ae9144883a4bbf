import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { httpDate } from '../../src/proxy/http-date.ts'

t.test('the date is that of now, and becomes another one with the next second', async t => {
  const isNow = (date: string) => {
    t.match(date, /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/)
    const behindMs = Date.now() - Date.parse(date)
    t.ok(behindMs >= 0 && behindMs < 2000, `${behindMs} ms behind`)
  }
  const first = httpDate()
  isNow(first)
  for (let i = 0; i < 100 && httpDate() === first; i++) await sleep(50)
  t.not(httpDate(), first)
  isNow(httpDate())
})
