import t from 'tap'
import { nominatedByRequest, nominatedByResponse } from '../../../src/proxy/request/hop-by-hop-removal.ts'
import { fieldLines } from '../../fixtures/field-lines.ts'

const values: readonly { value: string; nominated: readonly string[] | undefined }[] = [
  { value: 'close', nominated: [] },
  { value: 'Keep-Alive, CLOSE, ,', nominated: [] },
  { value: 'close, X-Hop , x-other', nominated: ['x-hop', 'x-other'] },
  { value: 'Origin', nominated: undefined },
  { value: 'close, x-amz-acl', nominated: undefined },
  { value: 'if-none-match', nominated: undefined },
  {
    value: Array.from({ length: 10 }, (_, i) => `x${i}`).join(','),
    nominated: Array.from({ length: 10 }, (_, i) => `x${i}`),
  },
  { value: Array.from({ length: 11 }, (_, i) => `x${i}`).join(','), nominated: undefined },
]
for (const { value, nominated } of values) {
  t.test(`Connection: ${value} nominates ${nominated?.join(' ') ?? 'what must stay'}`, async t => {
    t.strictSame(nominatedByRequest(value), nominated)
  })
}

const responses: readonly { lines: readonly string[]; nominated: readonly string[] | undefined }[] = [
  { lines: ['ETag: "a"'], nominated: undefined },
  { lines: ['Connection: Keep-Alive'], nominated: undefined },
  { lines: ['Connection: close'], nominated: undefined },
  { lines: ['Connection: close, X-Hop'], nominated: ['close', 'x-hop'] },
  { lines: ['Connection: X-One', 'Connection: X-Two'], nominated: ['x-one', 'x-two'] },
  { lines: ['Connection: ETag, Vary, Content-Length, X-Hop'], nominated: ['x-hop'] },
  { lines: ['Connection: x-amz-request-id, Access-Control-Allow-Origin'], nominated: [] },
]
for (const { lines, nominated } of responses) {
  t.test(`${lines.join(' | ')} of a response nominates ${nominated?.join(' ') ?? 'no field'}`, async t => {
    const fields = fieldLines(lines.map(line => `${line}\r\n`))
    t.strictSame(nominatedByResponse(fields), nominated)
  })
}
