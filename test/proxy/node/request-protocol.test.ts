import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { FirstLine, isRtsp } from '../../../src/proxy/node/request-protocol.ts'
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
t.test('Node does not tell RTSP from HTTP, and the bytes do', async t => {
  const found: boolean[] = []
  const server = createServer((request, response) => {
    found.push(isRtsp(request))
    response.end()
  })
  const port = await listen(t, server)
  for (const { name, bytes, rtsp } of cases) {
    found.length = 0
    const client = await openRaw(port)
    await client.write(bytes)
    await client.until(({ ended }) => ended !== undefined)
    client.destroy()
    t.strictSame(found, rtsp, name)
  }
})

t.test('where the parser has gone, or gives no bytes, nothing is found', async t => {
  for (const parser of [undefined, null, {}, { getCurrentBuffer: () => undefined }]) {
    const socket = { parser } as unknown as Socket
    t.equal(isRtsp({ httpVersionMinor: 0, method: 'GET', url: '/', socket } as IncomingMessage), false)
  }
  t.equal(isRtsp({ httpVersionMinor: 0 } as IncomingMessage), false)
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
for (const { name, pieces: sent, http } of pieces) {
  t.test(`the first line of a connection: ${name} is ${http ? '' : 'not '}HTTP`, async t => {
    let bytes = ''
    const parser = { getCurrentBuffer: () => Buffer.from(bytes, 'latin1') }
    const line = new FirstLine({ parser } as unknown as Socket)
    for (const piece of sent.slice(0, -1)) {
      bytes = piece
      line.read()
    }
    bytes = sent.at(-1) ?? ''
    t.equal(line.isHttp(), http)
    t.equal(line.isHttp(), http, 'and what follows changes nothing')
  })
}

t.test('of a first line whose bytes are not to be had nothing is said', async t => {
  t.equal(new FirstLine({ parser: null } as unknown as Socket).isHttp(), true)
})
