import t from 'tap'
import { ResponseParser, type ResponseSink } from '../../../../src/proxy/upstream/response/response-parser.ts'
import { fieldLines } from '../../../fixtures/field-lines.ts'
import { allCuts, generousLimits, type ObservedResponse, observeResponse } from '../../../fixtures/observed-response.ts'
import { badChunks, chunkedOk, responseCases } from '../../../fixtures/response-grammar.ts'

const ok = 'HTTP/1.1 200 OK\r\n'

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

for (const {
  name,
  bytes,
  method = 'GET',
  good,
  excess = false,
  informational = [],
  closes = false,
  fault,
} of responseCases) {
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
    fields: fieldLines([
      'ETag: "a"\r\n',
      'x-AMZ-Meta-K: \xe4 \t b\r\n',
      'Set-Cookie: a=1\r\n',
      'set-cookie: b=2\r\n',
      'X-Empty: \r\n',
      'X-Colon: :a:\r\n',
      'Keep-Alive: max=9, Timeout=20,timeout=5\r\n',
      'Keep-Alive: timeout=x\r\n',
      'Content-Length: 0\r\n',
    ]),
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

t.test('bytes that are not awaited are excess, and nothing is begun after them', async t => {
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
