import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { LookBudget, RequestLines } from '../../../src/proxy/node/request-protocol.ts'
import { listen } from '../../fixtures/client-side.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

const rest = 'Host: a\r\nConnection: close\r\n\r\n'
const cases: readonly { name: string; bytes: string; rtsp: readonly boolean[] }[] = [
  ...['GET', 'OPTIONS', 'POST'].map(method => ({
    name: `${method} of RTSP is none of HTTP`,
    bytes: `${method} /media/key RTSP/1.0\r\n${rest}`,
    rtsp: [true],
  })),
  { name: 'several spaces hide nothing', bytes: `GET   /media/key   RTSP/1.0\r\n${rest}`, rtsp: [true] },
  { name: 'an empty line before hides nothing', bytes: `\r\nGET / RTSP/1.0\r\n${rest}`, rtsp: [true] },
  { name: 'HTTP/1.0 is HTTP', bytes: `GET /media/key HTTP/1.0\r\n${rest}`, rtsp: [false] },
  { name: 'HTTP/1.1 is HTTP', bytes: `GET /media/key HTTP/1.1\r\n${rest}`, rtsp: [false] },
  {
    name: 'a pipelined request is looked at for itself',
    bytes: `GET /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET /b RTSP/1.0\r\n${rest}`,
    rtsp: [false, true],
  },
  {
    name: 'what stands in a field is no request line',
    bytes: `GET /a HTTP/1.0\r\nX-A: GET /a RTSP/1.0\r\n${rest}`,
    rtsp: [false],
  },
  {
    name: 'what stands in the target is no protocol',
    bytes: `GET /a?RTSP/1.0 HTTP/1.0\r\n${rest}`,
    rtsp: [false],
  },
]
/** Answers every request, and says of each whether it was taken for one of HTTP. */
async function startJudge(t: Test, looks = 1000) {
  const found: boolean[] = []
  const lines = new WeakMap<Socket, RequestLines>()
  const server = createServer((request, response) => {
    found.push(lines.get(request.socket)?.isHttp(request) ?? true)
    request.resume()
    response.end()
  })
  server.prependListener('connection', (socket: Socket) =>
    lines.set(socket, new RequestLines(socket, new LookBudget(looks))),
  )
  return { port: await listen(t, server), found }
}

t.test('Node does not tell RTSP from HTTP, and the bytes do', async t => {
  const { port, found } = await startJudge(t)
  for (const { name, bytes, rtsp } of cases) {
    found.length = 0
    const client = await openRaw(port)
    await client.write(bytes)
    await client.until(({ ended }) => ended !== undefined)
    client.destroy()
    t.strictSame(
      found,
      rtsp.map(isRtsp => !isRtsp),
      name,
    )
  }
})

t.test('beyond the budget later requests of HTTP/1.1 are not looked at; those of 1.0 and SOURCE are', async t => {
  const { port, found } = await startJudge(t, 1)
  const keptOpen = 'Host: a\r\nConnection: keep-alive\r\n\r\n'
  const client = await openRaw(port)
  for (const line of ['GET /1 HTTP', 'GET /2 RTSP', 'GET /3 RTSP']) await client.write(`${line}/1.1\r\n${keptOpen}`)
  await client.write(`GET /4 RTSP/1.0\r\n${keptOpen}SOURCE /5 ICE/1.1\r\n${rest}`)
  await client.until(({ ended }) => ended !== undefined)
  client.destroy()
  t.strictSame(found, [true, false, true, false, false])
})

t.test('the budget is renewed', async t => {
  const budget = new LookBudget(1)
  t.strictSame([budget.take(), budget.take()], [true, false])
  budget.renew()
  t.equal(budget.take(), true)
})

const pieces: readonly { name: string; pieces: readonly string[]; http: boolean }[] = [
  { name: 'one piece of HTTP/1.1', pieces: ['GET / HTTP/1.1\r\nHost: a\r\n\r\n'], http: true },
  { name: 'one piece of HTTP/1.0', pieces: ['GET / HTTP/1.0\r\n\r\n'], http: true },
  { name: 'one piece of RTSP/1.1', pieces: ['GET / RTSP/1.1\r\nHost: a\r\n\r\n'], http: false },
  {
    name: 'a line cut in the name of the protocol',
    pieces: ['GET / RT', 'SP/1.1\r\n', 'Host: a\r\n\r\n'],
    http: false,
  },
  { name: 'a line cut within HTTP', pieces: ['GET / HT', 'TP/1.1\r', '\nHost: a\r\n\r\n'], http: true },
  { name: 'empty lines in pieces of their own', pieces: ['\r\n', '\r', '\n', 'GET / RTSP/1.1\r\n\r\n'], http: false },
  { name: 'a target longer than what is kept', pieces: [`GET /${'k'.repeat(9000)}`, ' HTTP/1.1\r\n\r\n'], http: true },
  { name: 'a protocol that ends in that of HTTP', pieces: ['GET / XHTTP/1.1\r\n\r\n'], http: false },
  { name: 'HTTP/1.1 in a later line', pieces: ['GET / ICE/1.0\r\nX: HTTP/1.1\r\n\r\n'], http: false },
]
/** A connection whose parser is at bytes of ours. */
function connection() {
  let bytes: Buffer | undefined
  let bytesRead = 0
  const parser = { getCurrentBuffer: () => bytes }
  const socket = {
    parser,
    get bytesRead() {
      return bytesRead
    },
  } as unknown as Socket
  const lines = new RequestLines(socket, new LookBudget(1000))
  return {
    lines,
    /** A read; `requests` become whole in it. */
    read: (text: string, requests: readonly Partial<IncomingMessage>[] = [], used = requests.length > 0) => {
      bytes = Buffer.from(text, 'latin1')
      // Node counts before it parses.
      bytesRead += bytes.length
      const found = requests.map(request =>
        lines.isHttp(
          Object.assign(request, { method: 'GET', httpVersionMinor: 1, headers: {}, ...request }) as IncomingMessage,
        ),
      )
      lines.read(used)
      bytes = undefined
      return found
    },
  }
}

for (const { name, pieces: sent, http } of pieces) {
  t.test(`the first line of a connection: ${name} is ${http ? '' : 'not '}HTTP`, async t => {
    const { read } = connection()
    for (const piece of sent.slice(0, -1)) read(piece)
    t.strictSame(read(sent.at(-1) ?? '', [{ url: '/' }]), [http])
  })

  // Here what is no HTTP is one of the protocols that Node's parser knows.
  const later = name === 'a protocol that ends in that of HTTP' ? true : http
  t.test(`a later line: ${name} is ${later ? '' : 'not '}HTTP`, async t => {
    const { read } = connection()
    t.strictSame(read('GET /first HTTP/1.1\r\nHost: a\r\n\r\n', [{ url: '/first' }]), [true])
    for (const piece of sent.slice(0, -1)) read(piece)
    t.strictSame(read(sent.at(-1) ?? '', [{ url: '/' }]), [later])
  })
}

t.test('a line that begins behind another request, and ends in a later read', async t => {
  for (const [protocol, http] of [
    ['HTTP', true],
    ['RTSP', false],
  ] as const) {
    for (let cut = 1; cut < 6; cut++) {
      const { read } = connection()
      t.strictSame(
        read(`GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c ${protocol.slice(0, cut)}`, [
          { url: '/a' },
          { url: '/b' },
        ]),
        [true, true],
      )
      t.strictSame(read(`${protocol.slice(cut)}/1.1\r\n\r\n`, [{ url: '/c' }]), [http], `${protocol} cut at ${cut}`)
    }
  }
})

t.test('a line that is whole behind another request, its head being not', async t => {
  for (const [protocol, http] of [
    ['HTTP', true],
    ['RTSP', false],
  ] as const) {
    const { read } = connection()
    read(`GET /a HTTP/1.1\r\n\r\nGET /b ${protocol}/1.1\r\nHost: a`, [{ url: '/a' }])
    read('b.example\r\n')
    t.strictSame(read('X: RTSP/1.0\r\n\r\n', [{ url: '/b' }]), [http], protocol)
  }
})

t.test('content is no line, in however many reads', async t => {
  const { read } = connection()
  const upload = { url: '/a', method: 'POST', headers: { 'transfer-encoding': 'chunked' }, complete: false }
  read('POST /a HTTP/1.1\r\n\r\n', [upload])
  read('3')
  read('\r\nabc', [], true)
  upload.complete = true
  read('\r\n0\r\n\r\n')
  read('GET /b RT')
  t.strictSame(read('SP/1.1\r\n\r\n', [{ url: '/b' }]), [false])
  read('POST /c HTTP/1.1\r\n\r\nGET /d RTSP/1.1\r\n', [{ ...upload, url: '/c', complete: true }])
  t.strictSame(read('GET /d HTTP/1.1\r\n\r\n', [{ url: '/d' }]), [true])
})

t.test('where the parser has gone, or gives no bytes, nothing is said', async t => {
  for (const parser of [undefined, null, {}, { getCurrentBuffer: () => undefined }]) {
    const lines = new RequestLines({ parser, bytesRead: 0 } as unknown as Socket, new LookBudget(1))
    for (const url of ['/1', '/2', '/3'])
      t.equal(lines.isHttp({ httpVersionMinor: 0, method: 'GET', url, headers: {} } as IncomingMessage), true)
  }
})
