import t from 'tap'
import { nominatedFields, withoutFields } from '../../../src/proxy/request/nominated-fields.ts'

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
    t.strictSame(nominatedFields(value), nominated)
  })
}

t.test('lines go by their whole name, in any case', async t => {
  const lines = 'X-Hop: 1\r\nX-Hopper: 2\r\nx-HOP: 3\r\nY: X-Hop: 4\r\n'
  t.equal(withoutFields(lines, ['x-hop']), 'X-Hopper: 2\r\nY: X-Hop: 4\r\n')
})
