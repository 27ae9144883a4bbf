import t from 'tap'
import { readAnswer, type Said } from '../../../src/cli/connect/read-answer.ts'

const cases: readonly { name: string; status: number; body: string; said: Partial<Said> }[] = [
  {
    name: 'an error',
    status: 404,
    body: '<Error><Code>NoSuchBucket</Code></Error>',
    said: { code: 'NoSuchBucket', text: '404 NoSuchBucket' },
  },
  {
    name: 'an error with a region',
    status: 400,
    body: '<Error><Code>A</Code><Region>gra</Region></Error>',
    said: { code: 'A', region: 'gra', text: '400 A' },
  },
  {
    name: 'a document',
    status: 200,
    body: '<s:LocationConstraint xmlns:s="u"/>',
    said: { code: undefined, text: '200 LocationConstraint' },
  },
  { name: 'a page', status: 412, body: 'Bad URL', said: { code: undefined, text: '412' } },
  { name: 'an element with a name of its own', status: 200, body: '<a.b/>', said: { text: '200' } },
]
for (const { name, status, body, said } of cases) {
  t.test(`${name} is read as ${said.text}`, async t => {
    t.match(readAnswer({ status, headers: [], body: Buffer.from(body) }), { status, ...said })
  })
}

t.test('no answer has the status 0 and says why', async t => {
  const said = readAnswer({ kind: 'failure', reason: 'timeout', detail: 'no complete answer within 2 s' })
  t.strictSame(said, { status: 0, code: undefined, region: undefined, text: 'no complete answer within 2 s' })
})
