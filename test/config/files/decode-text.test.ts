import t from 'tap'
import { decodeText, maxFileBytes } from '../../../src/config/files/decode-text.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

t.test('UTF-8 is decoded', async t => {
  t.strictSame(decodeText(Buffer.from('a: é\r\n\t"€"\n')), { text: 'a: é\r\n\t"€"\n' })
  t.strictSame(decodeText(new Uint8Array()), { text: '' })
  t.strictSame(
    decodeText(Buffer.from('a\ufffd')),
    { text: 'a\ufffd' },
    'a replacement character that stands there is text',
  )
})

const refused: readonly { name: string; content: Uint8Array; line: number; column: number; message: RegExp }[] = [
  { name: 'invalid UTF-8', content: bytes('a: 1\nb: \xff\n'), line: 2, column: 1, message: /not UTF-8/ },
  { name: 'truncated UTF-8', content: bytes('a: \xc3'), line: 1, column: 1, message: /not UTF-8/ },
  {
    name: 'a byte order mark',
    content: bytes('\xef\xbb\xbfa: 1'),
    line: 1,
    column: 1,
    message: /byte order mark/,
  },
  { name: 'UTF-16, little end first', content: bytes('\xff\xfea\0'), line: 1, column: 1, message: /UTF-16/ },
  { name: 'UTF-16 without a mark, little end first', content: bytes('{\0}\0'), line: 1, column: 1, message: /UTF-16/ },
  { name: 'UTF-16 without a mark, big end first', content: bytes('\0{\0}'), line: 1, column: 1, message: /UTF-16/ },
  { name: 'UTF-16, big end first', content: bytes('\xfe\xff\0a'), line: 1, column: 1, message: /UTF-16/ },
  { name: 'NUL', content: bytes('a: 1\nb: "x\0"'), line: 2, column: 6, message: /U\+0000/ },
  { name: 'an escape character', content: bytes('a: \x1b[31m'), line: 1, column: 4, message: /U\+001B/ },
  { name: 'a C1 control character', content: Buffer.from('a: \u009b31m'), line: 1, column: 4, message: /U\+009B/ },
  {
    name: 'more than 1 MiB',
    content: new Uint8Array(maxFileBytes + 1),
    line: 1,
    column: 1,
    message: /1048577 bytes/,
  },
]
for (const { name, content, line, column, message } of refused) {
  t.test(`${name} is refused with its place`, async t => {
    const decoded = decodeText(content)
    if (!('fault' in decoded)) throw new Error('nothing is wrong')
    t.strictSame([decoded.fault.line, decoded.fault.column], [line, column])
    t.match(decoded.fault.message, message)
    t.not(decoded.fault.allowed, '')
  })
}
