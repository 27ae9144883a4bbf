import t from 'tap'
import {
  type ResponseFault,
  ResponseParser,
  type ResponseSink,
} from '../../../../src/proxy/upstream/response/response-parser.ts'
import { allCuts, generousLimits, type ObservedResponse, observeResponse } from '../../../fixtures/observed-response.ts'

interface Case {
  readonly name: string
  readonly bytes: string
  readonly method?: string
  /** Status, framing, content, and what the end of the connection after these bytes means. */
  readonly good?: readonly [statusCode: number, framing: string, body: string, finish: string]
  readonly excess?: boolean
  readonly informational?: readonly number[]
  readonly closes?: boolean
  readonly fault?: ResponseFault
}

const ok = 'HTTP/1.1 200 OK\r\n'
const chunkedOk = `${ok}Transfer-Encoding: chunked\r\n\r\n`

const good: Case[] = [
  {
    name: 'content of a known length',
    bytes: `${ok}Content-Length: 3\r\n\r\nabc`,
    good: [200, 'length', 'abc', 'idle'],
  },
  { name: 'content of length 0', bytes: `${ok}Content-Length: 0\r\n\r\n`, good: [200, 'length', '', 'idle'] },
  {
    name: 'a length with leading zeros',
    bytes: `${ok}Content-Length: 003\r\n\r\nabc`,
    good: [200, 'length', 'abc', 'idle'],
  },
  {
    name: 'the greatest length',
    bytes: `${ok}Content-Length: 9007199254740991\r\n\r\nabc`,
    good: [200, 'length', 'abc', 'truncated'],
  },
  {
    name: 'a head without its content',
    bytes: `${ok}Content-Length: 3\r\n\r\n`,
    good: [200, 'length', '', 'truncated'],
  },
  {
    name: 'content of one byte less',
    bytes: `${ok}Content-Length: 3\r\n\r\nab`,
    good: [200, 'length', 'ab', 'truncated'],
  },
  { name: 'no length and no coding', bytes: `${ok}\r\nabc`, good: [200, 'close', 'abc', 'complete'] },
  { name: 'no field line at all, and no content', bytes: `${ok}\r\n`, good: [200, 'close', '', 'complete'] },
  {
    name: 'chunks, an extension, a trailer',
    bytes: `${chunkedOk}3\r\nabc\r\nA;x="y z\xe4"\r\n0123456789\r\n000\r\nX-T: 1\r\nContent-Length: 7\r\n\r\n`,
    good: [200, 'chunked', 'abc0123456789', 'idle'],
  },
  {
    name: 'a trailer that would allow an origin, dropped',
    bytes: `${chunkedOk}0\r\nAccess-Control-Allow-Origin: *\r\n\r\n`,
    good: [200, 'chunked', '', 'idle'],
  },
  {
    name: 'a coding in another case, with whitespace around it',
    bytes: `${ok}TRANSFER-ENCODING: \tChUnKeD\t \r\n\r\n0\r\n\r\n`,
    good: [200, 'chunked', '', 'idle'],
  },
  { name: 'no last chunk', bytes: `${chunkedOk}3\r\nabc\r\n`, good: [200, 'chunked', 'abc', 'truncated'] },
  { name: 'an end within a chunk', bytes: `${chunkedOk}3\r\nab`, good: [200, 'chunked', 'ab', 'truncated'] },
  { name: 'an end within a chunk size', bytes: `${chunkedOk}3`, good: [200, 'chunked', '', 'truncated'] },
  {
    name: 'an end before the last empty line',
    bytes: `${chunkedOk}0\r\n`,
    good: [200, 'chunked', '', 'truncated'],
  },
  {
    name: 'an end within the trailers',
    bytes: `${chunkedOk}0\r\nX: 1\r\n\r`,
    good: [200, 'chunked', '', 'truncated'],
  },
  {
    name: 'a second response in the same packet',
    bytes: `${ok}Content-Length: 2\r\n\r\nok${ok}Content-Length: 4\r\n\r\nEVIL`,
    good: [200, 'length', 'ok', 'idle'],
    excess: true,
  },
  {
    name: 'a byte after the last chunk',
    bytes: `${chunkedOk}0\r\n\r\n\r\n`,
    good: [200, 'chunked', '', 'idle'],
    excess: true,
  },
  {
    name: '204 with content',
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nEVIL',
    good: [204, 'none', '', 'idle'],
    excess: true,
    closes: true,
  },
  {
    name: '304 with content',
    bytes: 'HTTP/1.1 304 Not Modified\r\n\r\nEVIL',
    good: [304, 'none', '', 'idle'],
    excess: true,
  },
  {
    name: 'an answer to HEAD with content',
    method: 'HEAD',
    bytes: `${ok}Content-Length: 4\r\n\r\nEVIL`,
    good: [200, 'none', '', 'idle'],
    excess: true,
  },
  {
    name: '304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    good: [304, 'none', '', 'idle'],
  },
  {
    name: 'an answer to HEAD with a length of 5 GiB',
    method: 'HEAD',
    bytes: `${ok}Content-Length: 5368709120\r\n\r\n`,
    good: [200, 'none', '', 'idle'],
  },
  {
    name: 'an answer to HEAD with a coding',
    method: 'HEAD',
    bytes: chunkedOk,
    good: [200, 'none', '', 'idle'],
  },
  {
    name: '204 with a length of 0',
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    good: [204, 'none', '', 'idle'],
  },
  {
    name: '204 with a coding, after which chunks may come',
    bytes: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
    good: [204, 'none', '', 'idle'],
    closes: true,
  },
  { name: 'no reason', bytes: 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', good: [200, 'length', '', 'idle'] },
  {
    name: 'an empty reason',
    bytes: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    good: [200, 'length', '', 'idle'],
  },
  {
    name: 'a reason with obs-text',
    bytes: 'HTTP/1.1 404 Pas trouv\xe9 \t!\r\nContent-Length: 0\r\n\r\n',
    good: [404, 'length', '', 'idle'],
  },
  {
    name: 'the greatest status',
    bytes: 'HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n',
    good: [599, 'length', '', 'idle'],
  },
  {
    name: '100 and then 200',
    bytes: `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 1\r\n\r\na`,
    good: [200, 'length', 'a', 'idle'],
    informational: [100],
  },
  {
    name: '102 and 103 and then 200',
    bytes: `HTTP/1.1 102\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 0\r\n\r\n${ok}Content-Length: 1\r\n\r\na`,
    good: [200, 'length', 'a', 'idle'],
    informational: [102, 103],
  },
  {
    name: '32 informational responses',
    bytes: `${'HTTP/1.1 102 x\r\n\r\n'.repeat(32)}${ok}Content-Length: 0\r\n\r\n`,
    good: [200, 'length', '', 'idle'],
    informational: Array(32).fill(102),
  },
  {
    name: 'HTTP/1.0, which closes',
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na',
    good: [200, 'length', 'a', 'idle'],
    closes: true,
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    bytes: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na',
    good: [200, 'length', 'a', 'idle'],
  },
  {
    name: 'Connection: close among options',
    bytes: `${ok}Connection: x, \tCLOSE ,keep-alive\r\nContent-Length: 0\r\n\r\n`,
    good: [200, 'length', '', 'idle'],
    closes: true,
  },
  {
    name: 'Connection: close in a second field',
    bytes: `${ok}Connection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    good: [200, 'length', '', 'idle'],
    closes: true,
  },
  {
    name: 'HTTP/1.0 with something like keep-alive',
    bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\xa0\r\nContent-Length: 1\r\n\r\na',
    good: [200, 'length', 'a', 'idle'],
    closes: true,
  },
  {
    name: 'an option that only begins like close',
    bytes: `${ok}Connection: closed, not close\r\nContent-Length: 0\r\n\r\n`,
    good: [200, 'length', '', 'idle'],
  },
]

const badHeads: { name: string; head: string; fault: ResponseFault }[] = [
  { name: 'the greeting of another protocol', head: 'SSH-2.0-OpenSSH_9.9\r\n', fault: 'status-line' },
  { name: 'a TLS alert', head: '\x15\x03\x03\0\x02\x02\x50', fault: 'status-line' },
  { name: 'content without a head', head: '<html>', fault: 'status-line' },
  { name: 'an empty line before the status line', head: `\r\n${ok}\r\n`, fault: 'status-line' },
  { name: 'a space before the status line', head: ` ${ok}\r\n`, fault: 'status-line' },
  { name: 'HTTP in lower case', head: 'http/1.1 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'HTTP/2.0', head: 'HTTP/2.0 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'HTTP/1.2', head: 'HTTP/1.2 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'HTTP/1.10', head: 'HTTP/1.10 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'HTTP/01.1', head: 'HTTP/01.1 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'ICY', head: 'ICY 200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'status 99', head: 'HTTP/1.1 99 x\r\n\r\n', fault: 'status-line' },
  { name: 'status 099', head: 'HTTP/1.1 099 x\r\n\r\n', fault: 'status-line' },
  { name: 'status 600', head: 'HTTP/1.1 600 x\r\n\r\n', fault: 'status-line' },
  { name: 'status 1000', head: 'HTTP/1.1 1000 x\r\n\r\n', fault: 'status-line' },
  { name: 'no status', head: 'HTTP/1.1\r\n\r\n', fault: 'status-line' },
  { name: 'a status in words', head: 'HTTP/1.1 OK\r\n\r\n', fault: 'status-line' },
  { name: 'a signed status', head: 'HTTP/1.1 +20 x\r\n\r\n', fault: 'status-line' },
  { name: 'two spaces before the status', head: 'HTTP/1.1  200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'a TAB before the status', head: 'HTTP/1.1\t200 OK\r\n\r\n', fault: 'status-line' },
  { name: 'a TAB after the status', head: 'HTTP/1.1 200\tOK\r\n\r\n', fault: 'status-line' },
  { name: 'a control in the reason', head: 'HTTP/1.1 200 O\x01K\r\n\r\n', fault: 'status-line' },
  { name: 'a control for a reason', head: 'HTTP/1.1 200 \x01\r\n\r\n', fault: 'status-line' },
  { name: 'a NUL in the reason', head: 'HTTP/1.1 200 O\0K\r\n\r\n', fault: 'status-line' },
  { name: 'a DEL in the reason', head: 'HTTP/1.1 200 O\x7fK\r\n\r\n', fault: 'status-line' },
  { name: 'a bare CR in the reason', head: 'HTTP/1.1 200 O\rK\r\n\r\n', fault: 'line-end' },
  { name: '101', head: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', fault: 'switching-protocols' },
  { name: 'a status line that ends in LF', head: 'HTTP/1.1 200 OK\nX: y\r\n\r\n', fault: 'line-end' },
  { name: 'a field line that ends in LF', head: `${ok}X: a\nY: b\r\n\r\n`, fault: 'line-end' },
  { name: 'lines that all end in LF', head: 'HTTP/1.1 200 OK\nX: a\n\n', fault: 'line-end' },
  { name: 'an LF in a name', head: `${ok}X\nY: b\r\n\r\n`, fault: 'line-end' },
  { name: 'a bare CR in a value', head: `${ok}X: a\rY: b\r\n\r\n`, fault: 'line-end' },
  { name: 'a CR too many at a line end', head: `${ok}X: a\r\r\n\r\n`, fault: 'line-end' },
  { name: 'a CR too many before the content', head: `${ok}X: a\r\n\r\rX`, fault: 'line-end' },
  { name: 'an empty line that ends in LF', head: `${ok}X: a\r\n\nabc`, fault: 'line-end' },
  { name: 'a folded value', head: `${ok}X: a\r\n b\r\n\r\n`, fault: 'field-name' },
  { name: 'a folded Content-Length', head: `${ok}Content-Length:\r\n 5\r\n\r\n`, fault: 'content-length' },
  {
    name: 'a folded Transfer-Encoding',
    head: `${ok}Transfer-Encoding:\r\n\tchunked\r\n\r\n`,
    fault: 'transfer-encoding',
  },
  { name: 'a space before the first name', head: `${ok} X: a\r\n\r\n`, fault: 'field-name' },
  { name: 'a space before the colon', head: `${ok}Transfer-Encoding : chunked\r\n\r\n`, fault: 'field-name' },
  { name: 'a TAB before the colon', head: `${ok}Content-Length\t: 3\r\n\r\n`, fault: 'field-name' },
  { name: 'an empty name', head: `${ok}: x\r\n\r\n`, fault: 'field-name' },
  { name: 'a line without a colon', head: `${ok}X\r\n\r\n`, fault: 'field-name' },
  { name: 'a line without a colon before one with', head: `${ok}X\r\nY: b\r\n\r\n`, fault: 'field-name' },
  { name: 'a name that is no token', head: `${ok}X(y): b\r\n\r\n`, fault: 'field-name' },
  { name: 'a name with obs-text', head: `${ok}X\xe9: b\r\n\r\n`, fault: 'field-name' },
  { name: 'a name with a NUL', head: `${ok}X\0: b\r\n\r\n`, fault: 'field-name' },
  { name: 'a NUL in a value', head: `${ok}X: a\0b\r\n\r\n`, fault: 'field-value' },
  { name: 'a BEL in a value', head: `${ok}X: a\x07\r\n\r\n`, fault: 'field-value' },
  { name: 'a DEL in a value', head: `${ok}X: \x7f\r\n\r\n`, fault: 'field-value' },
  {
    name: 'a vertical tab before a value',
    head: `${ok}Transfer-Encoding: \x0bchunked\r\n\r\n`,
    fault: 'field-value',
  },
  {
    name: 'a length and a coding',
    head: `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    fault: 'transfer-encoding-and-content-length',
  },
  {
    name: 'a coding and a length of 0',
    head: `${ok}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n`,
    fault: 'transfer-encoding-and-content-length',
  },
  {
    name: 'two lengths',
    head: `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`,
    fault: 'content-length',
  },
  {
    name: 'the same length twice',
    head: `${ok}Content-Length: 0\r\ncontent-length: 0\r\n\r\n`,
    fault: 'content-length',
  },
  { name: 'a negative length', head: `${ok}Content-Length: -1\r\n\r\n`, fault: 'content-length' },
  {
    name: 'a length beyond 2^53 - 1',
    head: `${ok}Content-Length: 9007199254740992\r\n\r\n`,
    fault: 'content-length',
  },
  {
    name: 'a length of 400 digits',
    head: `${ok}Content-Length: ${'9'.repeat(400)}\r\n\r\n`,
    fault: 'content-length',
  },
  {
    name: 'a length with a full-width digit, cut to a byte',
    head: `${ok}Content-Length: \x15\r\n\r\n`,
    fault: 'field-value',
  },
  { name: 'a length with a no-break space', head: `${ok}Content-Length: 5\xa0\r\n\r\n`, fault: 'content-length' },
  { name: 'chunked, gzip', head: `${ok}Transfer-Encoding: chunked, gzip\r\n\r\n`, fault: 'transfer-encoding' },
  { name: 'gzip, chunked', head: `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, fault: 'transfer-encoding' },
  {
    name: 'chunked, chunked',
    head: `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n`,
    fault: 'transfer-encoding',
  },
  { name: ',chunked', head: `${ok}Transfer-Encoding: ,chunked\r\n\r\n`, fault: 'transfer-encoding' },
  { name: 'chunked,', head: `${ok}Transfer-Encoding: chunked,\r\n\r\n`, fault: 'transfer-encoding' },
  { name: 'identity', head: `${ok}Transfer-Encoding: identity\r\n\r\n`, fault: 'transfer-encoding' },
  { name: 'xchunked', head: `${ok}Transfer-Encoding: xchunked\r\n\r\n`, fault: 'transfer-encoding' },
  { name: '"chunked"', head: `${ok}Transfer-Encoding: "chunked"\r\n\r\n`, fault: 'transfer-encoding' },
  { name: 'chunked;q=1', head: `${ok}Transfer-Encoding: chunked;q=1\r\n\r\n`, fault: 'transfer-encoding' },
  {
    name: 'a Kelvin sign is no k',
    head: `${ok}Transfer-Encoding: chun\u212aed\r\n\r\n`,
    fault: 'transfer-encoding',
  },
  {
    name: 'chunked and a no-break space',
    head: `${ok}Transfer-Encoding: chunked\xa0\r\n\r\n`,
    fault: 'transfer-encoding',
  },
  { name: 'an empty coding', head: `${ok}Transfer-Encoding:\r\n\r\n`, fault: 'transfer-encoding' },
  {
    name: 'chunked in two fields',
    head: `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    fault: 'transfer-encoding',
  },
  {
    name: 'a coding in HTTP/1.0',
    head: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    fault: 'transfer-encoding',
  },
  {
    name: '1xx with a coding',
    head: 'HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n',
    fault: 'informational-content',
  },
  { name: '1xx with a length', head: `HTTP/1.1 103 x\r\nContent-Length: 9\r\n\r\n`, fault: 'informational-content' },
  {
    name: '33 informational responses',
    head: 'HTTP/1.1 102 x\r\n\r\n'.repeat(33),
    fault: 'too-many-informational',
  },
]

const badChunks: { name: string; body: string; fault: ResponseFault; content?: string }[] = [
  ...['0x1', '+1', '-1', ' 1', '\t1', '1 ', '1\t', '1_0', '', 'Z', '1.', '"1"', 'g', '@', '`', '1:', '\xb9'].map(
    size => ({
      name: `chunk size ${JSON.stringify(size)}`,
      body: `${size}\r\nx\r\n0\r\n\r\n`,
      fault: 'chunk-size' as const,
    }),
  ),
  { name: 'a size beyond 2^53 - 1', body: '20000000000000\r\n', fault: 'chunk-size' },
  { name: 'a size of 17 digits', body: '00000000000000001\r\nx\r\n0\r\n\r\n', fault: 'chunk-size' },
  { name: 'a size that wraps in 64 bits', body: '10000000000000001\r\nx\r\n0\r\n\r\n', fault: 'chunk-size' },
  { name: 'whitespace before an extension', body: '1 ;x\r\na\r\n0\r\n\r\n', fault: 'chunk-size' },
  { name: 'an extension of 257 bytes', body: `1;${'x'.repeat(257)}\r\na\r\n0\r\n\r\n`, fault: 'chunk-extension' },
  { name: 'an LF in an extension', body: '1;x\na\r\n0\r\n\r\n', fault: 'chunk-extension' },
  { name: 'a TAB in an extension', body: '1;\tx\r\na\r\n0\r\n\r\n', fault: 'chunk-extension' },
  { name: 'a DEL in an extension', body: '1;\x7f\r\na\r\n0\r\n\r\n', fault: 'chunk-extension' },
  { name: 'a bare CR in an extension', body: '1;x\ry\r\na\r\n0\r\n\r\n', fault: 'line-end' },
  { name: 'a size that ends in LF', body: '1\na\r\n0\r\n\r\n', fault: 'chunk-size' },
  { name: 'a size that ends in CR CR', body: '1\r\ra\r\n0\r\n\r\n', fault: 'line-end' },
  { name: 'a chunk longer than its size', body: '1\r\nab\r\n0\r\n\r\n', fault: 'chunk-end', content: 'a' },
  { name: 'a chunk that ends in LF', body: '1\r\na\n0\r\n\r\n', fault: 'chunk-end', content: 'a' },
  { name: 'a chunk that ends in CR', body: '1\r\na\r0\r\n\r\n', fault: 'chunk-end', content: 'a' },
  { name: 'a chunk shorter than its size', body: '5\r\na\r\n0\r\n\r\n', fault: 'chunk-end', content: 'a\r\n0\r' },
  { name: 'a second last chunk', body: '0\r\n0\r\n\r\n', fault: 'field-name' },
  { name: 'a trailer without a colon', body: '1\r\na\r\n0\r\nX\r\n\r\n', fault: 'field-name', content: 'a' },
  { name: 'a trailer with a space before the colon', body: '0\r\nX : y\r\n\r\n', fault: 'field-name' },
  { name: 'a folded trailer', body: '0\r\nX: y\r\n z\r\n\r\n', fault: 'field-name' },
  { name: 'a trailer with a NUL', body: '0\r\nX: \0\r\n\r\n', fault: 'field-value' },
  { name: 'a trailer that ends in LF', body: '0\r\nX: y\n\r\n', fault: 'line-end' },
  { name: 'no CRLF but LF at the end', body: '0\r\n\n', fault: 'line-end' },
  { name: '257 trailers', body: `0\r\n${'x:\r\n'.repeat(257)}\r\n`, fault: 'too-many-trailers' },
]

const cases: Case[] = [
  ...good,
  ...badHeads.map(({ name, head, fault }) => ({ name, bytes: head, fault })),
  // What would fault a head with content faults one without.
  ...badHeads
    .filter(({ fault }) => /content-length|transfer-encoding/.test(fault))
    .map(({ name, head, fault }) => ({ name: `${name}, answering HEAD`, method: 'HEAD', bytes: head, fault })),
  ...badHeads
    .filter(({ fault }) => /content-length|transfer-encoding/.test(fault))
    .map(({ name, head, fault }) => ({ name: `${name}, in a 304`, bytes: head.replace(' 200 OK', ' 304 x'), fault })),
]

/** What must be the same however the bytes are cut. */
function checkEveryCut(t: Tap, bytes: Buffer, whole: ObservedResponse, method: string): void {
  let differing: readonly number[] | undefined
  for (const cuts of allCuts(bytes.length)) {
    if (JSON.stringify(observeResponse(bytes, cuts, { method })) !== JSON.stringify(whole)) differing = cuts
  }
  t.strictSame(
    differing && [differing, observeResponse(bytes, differing, { method })],
    undefined,
    'the same in any cut',
  )
}

type Tap = typeof t

for (const { name, bytes, method = 'GET', good, excess = false, informational = [], closes = false, fault } of cases) {
  t.test(name, async t => {
    const buffer = Buffer.from(bytes, 'latin1')
    const seen = observeResponse(buffer, [], { method })
    t.equal(seen.fault, fault)
    t.strictSame(seen.disorder, [])
    if (good !== undefined) {
      const [statusCode, framing, body, finish] = good
      const complete = finish === 'idle'
      t.match(seen, { head: { statusCode, closes }, framing, body, finish, ended: finish !== 'truncated', excess })
      t.strictSame(
        seen.informational.map(head => head.statusCode),
        informational,
      )
      t.equal(seen.reusable, complete && !excess && !closes && framing !== 'close', 'reusable only after a certain end')
    } else {
      t.match(seen, { head: undefined, body: '', ended: false, finish: 'truncated', reusable: false })
    }
    checkEveryCut(t as Tap, buffer, seen, method)
  })
}

for (const { name, body, fault, content = '' } of badChunks) {
  t.test(`a chunked response: ${name}`, async t => {
    const buffer = Buffer.from(chunkedOk + body, 'latin1')
    const seen = observeResponse(buffer)
    t.match(seen, { fault, framing: 'chunked', body: content, ended: false, finish: 'truncated', disorder: [] })
    checkEveryCut(t as Tap, buffer, seen, 'GET')
  })
}

// The combinations of WPT fetch/content-length/resources/content-lengths.json. Browsers must add up repetitions, and read until
// the close what is no number; a gateway must answer 502 to what is invalid, and we do to what is merely repeated too.
const contentLengths: { lines: string; length?: number }[] = [
  { lines: '42', length: 42 },
  { lines: '42,42' },
  { lines: '42\r\nContent-Length: 42' },
  { lines: '42\r\nContent-Length: 42,42' },
  { lines: '30', length: 30 },
  { lines: '30,30' },
  { lines: '30\r\nContent-Length: 30' },
  { lines: '30\r\nContent-Length: 30,30' },
  { lines: '42,30' },
  { lines: '30,42' },
  { lines: '42\r\nContent-Length: 30' },
  { lines: '30\r\nContent-Length: 42' },
  { lines: '30,' },
  { lines: ',30' },
  { lines: '30\r\nContent-Length: \t' },
  { lines: '\r\nContent-Length: 30' },
  { lines: 'aaaah\r\nContent-Length: nah' },
  { lines: 'aaaah, nah' },
  { lines: 'aaaah\r\nContent-Length: aaaah' },
  { lines: 'aaaah, aaaah' },
  { lines: 'aaaah' },
  { lines: '42s' },
  { lines: '30s' },
  { lines: '-1' },
  { lines: '0x20' },
  { lines: '030', length: 30 },
  { lines: '030\r\nContent-Length: 30' },
  { lines: '030, 30' },
]
for (const { lines, length } of contentLengths) {
  t.test(`Content-Length: ${JSON.stringify(lines)} is ${length ?? 'a fault'}`, async t => {
    const buffer = Buffer.from(`${ok}Content-Length: ${lines}\r\n\r\n${'x'.repeat(42)}`, 'latin1')
    const seen = observeResponse(buffer)
    if (length === undefined) t.match(seen, { fault: 'content-length', head: undefined })
    else t.match(seen, { fault: undefined, head: { contentLength: length }, body: 'x'.repeat(length), ended: true })
    checkEveryCut(t as Tap, buffer, seen, 'GET')
  })
}

t.test('a head is given as it was sent', async t => {
  const bytes = Buffer.from(
    'HTTP/1.1 206 Partial  Content\r\nETag:"a"\r\nx-AMZ-Meta-K:\t \xe4 \t b\t\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n' +
      'X-Empty:\r\nX-Colon: :a:\r\nKeep-Alive: max=9, Timeout=20,timeout=5\r\nKeep-Alive: timeout=x\r\nContent-Length: 0\r\n\r\n',
    'latin1',
  )
  const seen = observeResponse(bytes)
  t.strictSame(seen.head, {
    statusCode: 206,
    reason: 'Partial  Content',
    minorVersion: 1,
    fields: [
      ...['ETag', '"a"'],
      ...['x-AMZ-Meta-K', '\xe4 \t b'],
      ...['Set-Cookie', 'a=1'],
      ...['set-cookie', 'b=2'],
      ...['X-Empty', ''],
      ...['X-Colon', ':a:'],
      ...['Keep-Alive', 'max=9, Timeout=20,timeout=5'],
      ...['Keep-Alive', 'timeout=x'],
      ...['Content-Length', '0'],
    ],
    names: [
      ...['etag', 'x-amz-meta-k', 'set-cookie', 'set-cookie', 'x-empty', 'x-colon'],
      ...['keep-alive', 'keep-alive', 'content-length'],
    ],
    contentLength: 0,
    chunked: false,
    closes: false,
    keepAliveTimeoutSeconds: 5,
  })
  checkEveryCut(t as Tap, bytes, seen, 'GET')
})

t.test('the bounds of a head hold to the byte', async t => {
  const head = `${ok}Content-Length: 0\r\nX: y\r\n\r\n`
  for (const prefix of ['', 'HTTP/1.1 100 x\r\n\r\n']) {
    const bytes = Buffer.from(prefix + head, 'latin1')
    for (const [headerBytes, fault] of [
      [head.length, undefined],
      [head.length - 1, 'head-too-large'],
      [head.length - 3, 'head-too-large'],
      [24, 'head-too-large'],
    ] as const) {
      const limits = { ...generousLimits, headerBytes }
      const seen = observeResponse(bytes, [], { limits })
      t.equal(seen.fault, fault, `${headerBytes} bytes`)
      for (const cuts of allCuts(bytes.length)) t.strictSame(observeResponse(bytes, cuts, { limits }), seen)
    }
  }
  for (const [lines, fault] of [
    [256, undefined],
    [257, 'too-many-fields'],
  ] as const) {
    const bytes = Buffer.from(`${ok}${'x:\r\n'.repeat(lines - 1)}Content-Length: 0\r\n\r\n`, 'latin1')
    t.equal(observeResponse(bytes).fault, fault, `${lines} lines`)
    t.equal(observeResponse(bytes, [99]).fault, fault, `${lines} lines, cut`)
  }
})

t.test('the bounds of a trailer section hold to the byte', async t => {
  const trailers = 'X: y\r\nY: z\r\n\r\n'
  const head = 'HTTP/1.1 200\r\ntransfer-encoding:chunked\r\n\r\n'
  const bytes = Buffer.from(`${head}0\r\n${'X: yyyyy\r\n'.repeat(5)}${trailers}`, 'latin1')
  for (const [headerBytes, fault] of [
    [50 + trailers.length, undefined],
    [50 + trailers.length - 1, 'trailers-too-large'],
    [head.length, 'trailers-too-large'],
  ] as const) {
    const limits = { ...generousLimits, headerBytes }
    const seen = observeResponse(bytes, [], { limits })
    t.equal(seen.fault, fault, `${headerBytes} bytes`)
    for (const cuts of allCuts(bytes.length)) t.strictSame(observeResponse(bytes, cuts, { limits }), seen)
  }
})

t.test('a fault is told with the first byte that cannot be right', async t => {
  const early: { name: string; bytes: string }[] = [
    { name: 'another protocol', bytes: 'S' },
    { name: 'another version', bytes: 'HTTP/2' },
    { name: 'a lone LF in the status line', bytes: 'HTTP/1.1 200 OK\n' },
    { name: 'a bare CR in a value', bytes: `${ok}X: a\rb` },
    { name: 'a line that is no field', bytes: `${ok}X\r\n` },
    { name: 'a status that is none', bytes: 'HTTP/1.1 999\r\n' },
    { name: 'a chunk size that is none', bytes: `${chunkedOk}1x` },
  ]
  for (const { name, bytes } of early) {
    const buffer = Buffer.from(bytes, 'latin1')
    t.type(observeResponse(buffer).fault, 'string', name)
    t.equal(observeResponse(buffer.subarray(0, -1)).fault, undefined, `${name}, a byte before`)
  }
})

t.test('the end of the connection before a head', async t => {
  t.match(observeResponse(Buffer.alloc(0)), { finish: 'empty', fault: undefined })
  t.match(observeResponse(Buffer.from('H')), { finish: 'truncated', fault: undefined })
  t.match(observeResponse(Buffer.from('HTTP/1.1 100 x\r\n\r\n')), { finish: 'truncated', fault: undefined })
})

function newParser(): ResponseParser {
  return new ResponseParser(generousLimits)
}

const silent: ResponseSink = { onInformation() {}, onHead() {}, onBody() {}, onEnd() {} }

function feed(parser: ResponseParser, text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1')
  return parser.feed(bytes, 0, bytes.length)
}

t.test('one parser reads the responses of a connection one after another', async t => {
  const parser = newParser()
  const statuses: number[] = []
  const sink: ResponseSink = { ...silent, onHead: head => statuses.push(head.statusCode) }
  for (let i = 0; i < 3; i++) {
    parser.begin('HEAD', sink)
    t.equal(feed(parser, `${ok}Content-Length: 5\r\n\r\n`), undefined)
    t.equal(parser.reusable, true)
    parser.begin('GET', sink)
    t.equal(feed(parser, 'HTTP/1.1 404 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n'), undefined)
    t.equal(parser.state, 'body')
    t.equal(feed(parser, 'a\r\n0\r\n\r\n'), undefined)
    t.equal(parser.state, 'done')
  }
  t.strictSame(statuses, [200, 404, 200, 404, 200, 404])
})

t.test('bytes that nobody awaits are excess, and nothing is begun after them', async t => {
  const unasked = newParser()
  t.equal(feed(unasked, ok), undefined)
  t.match(unasked, { excess: true, reusable: false })
  t.throws(() => unasked.begin('GET', silent), { message: 'The connection cannot carry another response' })

  const late = newParser()
  late.begin('GET', silent)
  feed(late, `${ok}Content-Length: 0\r\n\r\n`)
  t.equal(late.excess, false)
  feed(late, 'x')
  t.equal(late.excess, true)
  t.throws(() => late.begin('GET', silent))
})

t.test('a sink that begins the next exchange at the end does not read it from the same packet', async t => {
  const parser = newParser()
  const statuses: number[] = []
  const sink: ResponseSink = {
    ...silent,
    onHead: head => statuses.push(head.statusCode),
    onEnd() {
      t.equal(parser.excess, true)
      t.throws(() => parser.begin('GET', sink))
    },
  }
  parser.begin('GET', sink)
  feed(parser, `${ok}Content-Length: 0\r\n\r\nHTTP/1.1 201 EVIL\r\nContent-Length: 0\r\n\r\n`)
  t.strictSame(statuses, [200])
})

t.test('nothing is begun while a response is under way, after a fault, or after a close', async t => {
  for (const bytes of ['', 'H', `${ok}\r\n`, 'X', `${ok}Connection: close\r\nContent-Length: 0\r\n\r\n`]) {
    const parser = newParser()
    parser.begin('GET', silent)
    feed(parser, bytes)
    t.throws(() => parser.begin('GET', silent), `after ${JSON.stringify(bytes)}`)
  }
  const ended = newParser()
  ended.begin('GET', silent)
  feed(ended, `${ok}\r\nabc`)
  t.equal(ended.finish(), 'complete')
  t.match(ended, { state: 'done', reusable: false })
  t.equal(ended.finish(), 'idle')
})

t.test('a sink that abandons the response hears nothing more of it', async t => {
  const bytes = `HTTP/1.1 103 x\r\n\r\n${chunkedOk}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`
  for (const at of ['onInformation', 'onHead', 'onBody'] as const) {
    for (const text of [
      bytes,
      bytes.replace('Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1', 'Content-Length: 1\r\n\r\n'),
    ]) {
      const parser = newParser()
      const calls: string[] = []
      const note = (call: string): void => {
        calls.push(call)
        if (call === at) parser.abandon()
      }
      parser.begin('GET', {
        onInformation: () => note('onInformation'),
        onHead: () => note('onHead'),
        onBody: () => note('onBody'),
        onEnd: () => note('onEnd'),
      })
      t.equal(feed(parser, text), undefined)
      t.strictSame(calls, ['onInformation', 'onHead', 'onBody'].slice(0, calls.indexOf(at) + 1))
      t.equal(calls.at(-1), at)
      t.match(parser, { state: 'done', reusable: false })
    }
  }
})

t.test('content that fills the buffer is given as that buffer, else as a view of it', async t => {
  const parser = newParser()
  const parts: Buffer[] = []
  parser.begin('GET', { ...silent, onBody: part => parts.push(part) })
  feed(parser, `${ok}Content-Length: 8\r\n\r\n`)
  const buffer = Buffer.from('abcd')
  parser.feed(buffer, 0, 4)
  parser.feed(buffer, 1, 3)
  parser.feed(buffer, 0, 4)
  t.equal(parts[0], buffer)
  t.equal(parts[1]?.buffer, buffer.buffer)
  t.strictSame(parts.map(String), ['abcd', 'bc', 'ab'])
  t.match(parser, { state: 'done', excess: true })
})
