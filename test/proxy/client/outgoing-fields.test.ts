import t from 'tap'
import { OutgoingFields } from '../../../src/proxy/client/outgoing-fields.ts'

const cases: { name: string; value: string; expected: Partial<OutgoingFields> }[] = [
  { name: 'ETag', value: '"a"', expected: { lines: 'ETag: "a"\r\n', lengthLine: '', isDated: false } },
  { name: 'dATE', value: 'today', expected: { lines: 'dATE: today\r\n', lengthLine: '', isDated: true } },
  { name: 'content-LENGTH', value: '7', expected: { lines: '', lengthLine: 'content-LENGTH: 7\r\n', isDated: false } },
  { name: 'Connection', value: 'Close', expected: { lines: '', lengthLine: '', closes: true } },
  { name: 'connection', value: 'keep-alive', expected: { lines: '', lengthLine: '', closes: false } },
  { name: 'Transfer-Encoding', value: 'chunked', expected: { lines: '', lengthLine: '', closes: false } },
]
for (const { name, value, expected } of cases) {
  t.test(`${name}: ${value} is known for what it says`, async t => {
    const fields = new OutgoingFields()
    fields.addAny(name, value)
    t.match(fields, { closes: false, ...expected })
  })
}

t.test('fields keep their order, and the length stands apart', async t => {
  const fields = new OutgoingFields()
  fields.add('b', '1')
  fields.setLength(12)
  fields.add('A', '2')
  t.match(fields, { lines: 'b: 1\r\nA: 2\r\n', lengthLine: 'Content-Length: 12\r\n' })
})
