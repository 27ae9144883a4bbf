import t from 'tap'
import type { Question } from '../../../src/daemon/workers/messages.ts'
import { createQuestionDesk } from '../../../src/daemon/workers/questions.ts'

const asked = { source: 'upstream', bucket: 'media' } as const

t.test('each answer reaches who asked', async t => {
  const sent: Question[] = []
  const desk = createQuestionDesk(question => sent.push(question))
  const first = desk.ask('load', asked, 5000)
  const second = desk.ask('load', asked, 5000)
  t.match(sent, [
    { kind: 'question', id: 1, name: 'load', asked },
    { kind: 'question', id: 2, name: 'load', asked },
  ])
  desk.answer(2, 'two')
  desk.answer(1, 'one')
  desk.answer(7, 'to nobody')
  t.strictSame(await Promise.all([first, second]), ['one', 'two'])
  t.equal(desk.waiting, 0)
})

t.test('a primary that says nothing is not waited for', async t => {
  const desk = createQuestionDesk(() => {})
  await t.rejects(desk.ask('load', asked, 5), /did not answer "load" in time/)
  t.equal(desk.waiting, 0)
})
