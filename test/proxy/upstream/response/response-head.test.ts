import t from 'tap'
import {
  type HeadFault,
  type ResponseHead,
  ResponseHeadReader,
} from '../../../../src/proxy/upstream/response/response-head.ts'

// Status lines, field lines and framing as a whole are tabled in response-parser.test.ts; here is what the reader says of them
// by itself, and that it forgets one head before the next.

function read(reader: ResponseHeadReader, text: string): ResponseHead | HeadFault {
  return reader.readAll(text) ?? reader.end()
}

t.test('nothing of a head is left in the next', async t => {
  const reader = new ResponseHeadReader(4)
  const first = read(
    reader,
    'HTTP/1.0 200 A\r\nTransfer-encodin: x\r\nContent-Length: 3\r\nConnection: keep-alive\r\nKeep-Alive: timeout=7\r\n\r\n',
  )
  const second = read(reader, 'HTTP/1.1 201\r\nX: y\r\n\r\n')
  t.match(first, { statusCode: 200, contentLength: 3, closes: false, keepAliveTimeoutSeconds: 7 })
  t.strictSame(second, {
    statusCode: 201,
    reason: '',
    minorVersion: 1,
    fields: { text: 'X: y\r\n', names: ['x'], ends: [6] },
    contentLength: -1,
    chunked: false,
    closes: false,
    keepAliveTimeoutSeconds: -1,
  })
  t.match(
    first,
    { fields: { text: /^Transfer-encodin: x\r\n.*timeout=7\r\n$/s, names: { length: 4 } } },
    'the first keeps what is its own',
  )
  t.match(read(reader, 'HTTP/1.0 200 A\r\n\r\n'), { closes: true, reason: 'A' })
})

t.test('a head that failed leaves nothing in the next', async t => {
  const reader = new ResponseHeadReader(4)
  t.equal(read(reader, 'HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\nX\r\n\r\n'), 'field-name')
  t.match(read(reader, 'HTTP/1.1 200 B\r\nContent-Length: 0\r\n\r\n'), { chunked: false, contentLength: 0 })
  t.equal(read(reader, 'HTTP/1.1 200 A\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n'), 'content-length')
  t.match(read(reader, 'HTTP/1.1 200 B\r\nTransfer-Encoding: chunked\r\n\r\n'), { chunked: true, contentLength: -1 })
})

const timeouts: { value: string; seconds: number }[] = [
  { value: 'timeout=5', seconds: 5 },
  { value: 'Timeout=5, max=100', seconds: 5 },
  { value: 'max=100,timeout=0', seconds: 0 },
  { value: 'timeout=9, timeout=4', seconds: 4 },
  { value: 'timeout="5"', seconds: -1 },
  { value: 'timeout=-5', seconds: -1 },
  { value: 'timeout=', seconds: -1 },
  { value: 'timeout=99999999999999999999', seconds: -1 },
  { value: 'xtimeout=5', seconds: -1 },
  { value: '', seconds: -1 },
]
for (const { value, seconds } of timeouts) {
  t.test(`Keep-Alive: ${value} means ${seconds}`, async t => {
    const head = read(new ResponseHeadReader(9), `HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\n\r\n`)
    t.match(head, { keepAliveTimeoutSeconds: seconds })
  })
}

const connections: { minorVersion: 0 | 1; values: string[]; closes: boolean }[] = [
  { minorVersion: 1, values: [], closes: false },
  { minorVersion: 1, values: ['keep-alive'], closes: false },
  { minorVersion: 1, values: ['close'], closes: true },
  { minorVersion: 1, values: ['x-hop,Close'], closes: true },
  { minorVersion: 1, values: ['keep-alive', 'close'], closes: true },
  { minorVersion: 1, values: ['closed', 'clos', '"close"'], closes: false },
  { minorVersion: 0, values: [], closes: true },
  { minorVersion: 0, values: ['Keep-Alive'], closes: false },
  { minorVersion: 0, values: [' , \tkeep-alive ,'], closes: false },
  { minorVersion: 0, values: ['keep-alive, close'], closes: true },
]
for (const { minorVersion, values, closes } of connections) {
  t.test(`HTTP/1.${minorVersion} with Connection ${JSON.stringify(values)} ${closes ? 'closes' : 'stays'}`, async t => {
    const lines = values.map(value => `Connection: ${value}\r\n`).join('')
    t.match(read(new ResponseHeadReader(9), `HTTP/1.${minorVersion} 200 OK\r\n${lines}\r\n`), { closes })
  })
}

t.test('a head nominates a few fields, in one line or in several, and no more', async t => {
  const options = (count: number) => Array.from({ length: count }, (_, index) => `x-${index}`)
  const headOf = (lines: readonly string[]) =>
    read(new ResponseHeadReader(99), `HTTP/1.1 200 OK\r\n${lines.map(line => `Connection: ${line}\r\n`).join('')}\r\n`)
  t.match(headOf([options(16).join(',')]), { statusCode: 200 })
  t.match(headOf(options(16)), { statusCode: 200 })
  t.equal(headOf([options(17).join(',')]), 'too-many-connection-options')
  t.equal(headOf(options(17)), 'too-many-connection-options')
  t.equal(headOf([','.repeat(60_000)]), 'too-many-connection-options')
})

t.test('of Keep-Alive the first few parameters are read', async t => {
  const head = read(new ResponseHeadReader(9), `HTTP/1.1 200 OK\r\nKeep-Alive: ${'a,'.repeat(8)}timeout=5\r\n\r\n`)
  t.match(head, { keepAliveTimeoutSeconds: -1 })
})
