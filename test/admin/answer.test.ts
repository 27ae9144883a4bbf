import t from 'tap'
import { errorAnswer, jsonAnswer } from '../../src/admin/answer.ts'

t.test('data is JSON with a line end', async t => {
  t.match(jsonAnswer(200, { a: 1, b: undefined }), { status: 200, type: 'application/json', body: '{\n  "a": 1\n}\n' })
})

t.test('an error is JSON too, and may have fields', async t => {
  t.strictSame(errorAnswer(405, 'no', [['Allow', 'GET']]), {
    status: 405,
    type: 'application/json',
    body: '{\n  "error": "no"\n}\n',
    fields: [['Allow', 'GET']],
  })
})

t.test('what steers a terminal is written out, and means the same', async t => {
  const value = { '\u009b2J\u2028': ['\u202e<b>', '\u001b[2J\n'] }
  const { body } = jsonAnswer(200, value)
  t.notMatch(body, /[\u001b\u009b\u2028\u202e]/)
  t.strictSame(JSON.parse(body), value)
})
