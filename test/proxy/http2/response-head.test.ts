import t from 'tap'
import { OutgoingFields } from '../../../src/proxy/client/outgoing-fields.ts'
import { headOf } from '../../../src/proxy/http2/response-head.ts'

function fieldsOf(requestId: string, lines: string, bytes = -1): OutgoingFields {
  const fields = new OutgoingFields()
  fields.requestId = requestId
  fields.lines = lines
  fields.setLength(bytes)
  return fields
}

t.test('a head is flat, with names in lower case and the length last', async t => {
  t.strictSame(headOf(404, fieldsOf('', 'ETag: "a: b"\r\nX-Empty: \r\n', 7)), [
    ...[':status', '404', 'etag', '"a: b"', 'x-empty', '', 'content-length', '7'],
  ])
})

t.test('a reply that comes again has its own id, status and fields', async t => {
  const long = `Vary: ${'a'.repeat(5000)}\r\n`
  const replies: readonly (readonly [status: number, id: string, lines: string, bytes: number])[] = [
    [200, 'A1', 'X-A: b\r\n', 0],
    [200, 'A2', 'X-A: b\r\n', 0],
    [403, 'A3', 'X-A: b\r\n', 0],
    [200, 'A4', 'X-A: c\r\n', 0],
    [200, 'A5', 'X-A: b\r\n', 1],
    [200, 'A6', 'X-A: b\r\n', -1],
    [200, 'A7', long, 0],
    [200, 'A8', long, 0],
    // More than are remembered.
    ...Array.from({ length: 300 }, (_, at) => {
      const filler = '.'.repeat(at)
      return [200, `B${at}`, `Access-Control-Allow-Origin: https://${filler}x${'.'.repeat(299 - at)}\r\n`, 0] as const
    }),
  ]
  for (let time = 0; time < 2; time++) {
    for (const [status, id, lines, bytes] of replies) {
      const expected = headOf(status, fieldsOf('', `x-amz-request-id: ${id}\r\n${lines}`, bytes))
      const head = headOf(status, fieldsOf(id, lines, bytes))
      t.strictSame(head, expected, id)
      // Node adds a Date to what it is given, and the response empties the list.
      head.push('date', 'x')
      head.length = 1
    }
  }
})
