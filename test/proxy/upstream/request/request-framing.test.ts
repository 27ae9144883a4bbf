import t from 'tap'
import type { GuardedRequest } from '../../../../src/proxy/request/request-guard.ts'
import { framingLine, hasContent } from '../../../../src/proxy/upstream/request/request-framing.ts'

type Framing = Pick<GuardedRequest, 'chunked' | 'contentLength'>

const framings: { name: string; framing: Framing; line: string; content: boolean }[] = [
  { name: 'no framing', framing: { chunked: false, contentLength: undefined }, line: '', content: false },
  {
    name: 'no content',
    framing: { chunked: false, contentLength: '0' },
    line: 'Content-Length: 0\r\n',
    content: false,
  },
  { name: 'zeros', framing: { chunked: false, contentLength: '000' }, line: 'Content-Length: 000\r\n', content: false },
  { name: 'a length', framing: { chunked: false, contentLength: '5' }, line: 'Content-Length: 5\r\n', content: true },
  {
    name: 'chunks',
    framing: { chunked: true, contentLength: undefined },
    line: 'Transfer-Encoding: chunked\r\n',
    content: true,
  },
]
for (const { name, framing, line, content } of framings) {
  t.test(`${name}: the framing goes up with the same meaning`, async t => {
    t.equal(framingLine(framing as GuardedRequest), line)
    t.equal(hasContent(framing as GuardedRequest), content)
  })
}
