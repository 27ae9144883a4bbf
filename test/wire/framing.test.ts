// Request framing and smuggling.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { corsFields, errorCode, readResponse, readResponses } from '../fixtures/client-responses.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { goodOrigin, startTestProxy } from '../fixtures/test-proxy.ts'
import { assertWell } from '../fixtures/well-being.ts'

const canary = 'GET /web/canary HTTP/1.1\r\nHost: a\r\n\r\n'
const head = (method: string, fields: string, version = '1.1') =>
  `${method} /web/k HTTP/${version}\r\nHost: a\r\nOrigin: ${goodOrigin}\r\n${fields}\r\n`
const chunked = head('POST', 'Transfer-Encoding: chunked\r\n')

interface Case {
  readonly name: string
  readonly bytes: string
  readonly status: number
}

const te = (value: string, status: number): Case => ({
  name: `Transfer-Encoding ${JSON.stringify(value)}`,
  bytes: `${head('POST', `Transfer-Encoding: ${value}\r\n`)}0\r\n\r\n`,
  status,
})
const size = (value: string): Case => ({
  name: `chunk size ${JSON.stringify(value)}`,
  bytes: `${chunked}${value}\r\nx\r\n0\r\n\r\n`,
  status: 400,
})

const refused: Case[] = [
  te(',chunked', 400),
  te('gzip, chunked', 501),
  te('deflate, chunked', 501),
  te('chunked, gzip', 400),
  te('chunked, identity', 400),
  te('identity', 501),
  te('xchunked', 501),
  te('"chunked"', 501),
  te('chunked;q=1', 501),
  te('\x0bchunked', 400),
  te('chunked, chunked', 400),
  te('chunked\r\nTransfer-Encoding: chunked', 400),
  te('', 400),
  {
    name: 'Content-Length beside Transfer-Encoding',
    bytes: `${head('POST', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n`,
    status: 400,
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: `${head('POST', 'Transfer-Encoding: chunked\r\n', '1.0')}1\r\nZ\r\n0\r\n\r\n`,
    status: 400,
  },
  { name: 'two lengths', bytes: head('PUT', 'Content-Length: 5\r\nContent-Length: 6\r\n'), status: 400 },
  { name: 'one length twice', bytes: head('PUT', 'Content-Length: 5\r\nContent-Length: 5\r\n'), status: 400 },
  { name: 'a list of lengths', bytes: head('PUT', 'Content-Length: 5, 5\r\n'), status: 400 },
  { name: 'a length over 2^53', bytes: head('PUT', 'Content-Length: 9007199254740993\r\n'), status: 400 },
  ...['0x1', '+1', '-1', '1_0', ' 1', '1 ', '', 'Z', '10000000000000001'].map(size),
  { name: 'a chunk longer than its size', bytes: `${chunked}1\r\nxy\r\n0\r\n\r\n`, status: 400 },
  {
    name: 'chunk extensions of 20 KB',
    bytes: `${chunked}${`1;${'a'.repeat(20_000)}\r\nx\r\n`.repeat(3)}0\r\n\r\n`,
    status: 400,
  },
  { name: 'a line that ends with LF', bytes: 'GET /web/k HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', status: 400 },
  { name: 'CR in a value', bytes: head('GET', 'X: a\rY: b\r\n'), status: 400 },
  { name: 'CR LF CR', bytes: head('GET', '\rZGET /evil: x\r\n'), status: 400 },
  { name: 'CR CR LF', bytes: head('GET', 'X: a\r\r\n'), status: 400 },
  { name: 'a folded line', bytes: head('GET', 'X: a\r\n b\r\n'), status: 400 },
  {
    name: 'a folded Transfer-Encoding',
    bytes: `${head('POST', 'Transfer-Encoding:\r\n chunked\r\n')}0\r\n\r\n`,
    status: 400,
  },
  { name: 'a folded Content-Length', bytes: `${head('POST', 'Content-Length:\r\n 5\r\n')}hello`, status: 400 },
  { name: 'space before the first field', bytes: 'GET /web/k HTTP/1.1\r\n Host: a\r\n\r\n', status: 400 },
  { name: 'space before the colon', bytes: head('POST', 'Transfer-Encoding : chunked\r\n'), status: 400 },
  { name: 'an empty name', bytes: head('GET', ': x\r\n'), status: 400 },
  { name: 'a line without a colon', bytes: head('GET', 'X-Nothing\r\n'), status: 400 },
  { name: 'a name with a space', bytes: head('GET', 'X Y: z\r\n'), status: 400 },
  { name: 'a name with a parenthesis', bytes: head('GET', 'X(Y): z\r\n'), status: 400 },
  { name: 'a name with obs-text', bytes: head('GET', 'X\xe9: z\r\n'), status: 400 },
  { name: 'NUL in a value', bytes: head('GET', 'X: a\x00b\r\n'), status: 400 },
  { name: 'BEL in a value', bytes: head('GET', 'X: a\x07b\r\n'), status: 400 },
  { name: 'HTTP/0.9', bytes: 'GET /web/k\r\n\r\n', status: 505 },
  { name: 'HTTP/2.0', bytes: head('GET', '', '2.0'), status: 505 },
  { name: 'HTTP/1.2', bytes: head('GET', '', '1.2'), status: 505 },
  ...['GET', 'OPTIONS', 'POST'].map(method => ({
    name: `${method} of RTSP`,
    bytes: head(method, '').replace('HTTP/1.1', 'RTSP/1.0'),
    status: 505,
  })),
  ...['GET', 'OPTIONS', 'POST'].flatMap(method =>
    ['RTSP/1.1', 'RTSP/2.0'].map(protocol => ({
      name: `${method} of ${protocol}`,
      bytes: head(method, '').replace('HTTP/1.1', protocol),
      status: 505,
    })),
  ),
  {
    name: 'RTSP/1.1 behind empty lines',
    bytes: `\r\n\r\n${head('GET', '').replace('HTTP/1.1', ' RTSP/1.1')}`,
    status: 505,
  },
  {
    name: 'RTSP/1.1 that says of itself that it is HTTP',
    bytes: head('GET', 'X-A: /web/k HTTP/1.1\r\n').replace(
      '/web/k HTTP/1.1\r\nHost',
      '/web/k?HTTP/1.1 RTSP/1.1\r\nHost',
    ),
    status: 505,
  },
  { name: 'PUT of RTSP', bytes: head('PUT', '').replace('HTTP/1.1', 'RTSP/1.0'), status: 400 },
  { name: 'GET of ICE', bytes: head('GET', '').replace('HTTP/1.1', 'ICE/1.0'), status: 400 },
  { name: 'SOURCE of ICE', bytes: head('SOURCE', '').replace('HTTP/1.1', 'ICE/1.0'), status: 505 },
  { name: 'HTTP/9.9', bytes: head('GET', '', '9.9'), status: 505 },
  {
    name: 'a request in the packet of a refused one with content',
    bytes: `${head('POST', 'Content-Length: 4\r\nContent_Length: 0\r\n')}5c\r\n`,
    status: 400,
  },
  {
    name: 'a request in the packet of a refused one with chunked content',
    bytes: `${head('BREW', 'Transfer-Encoding: chunked\r\n')}1\r\nx\r\n0\r\n\r\n`,
    status: 405,
  },
  {
    name: 'a request in the packet of a refused TRACE with content',
    bytes: `${head('TRACE', 'Content-Length: 1\r\n')}x`,
    status: 405,
  },
  { name: 'TRACE', bytes: head('TRACE', ''), status: 405 },
  { name: 'a method of S3 in lower case', bytes: head('get', ''), status: 405 },
  { name: 'an unknown method', bytes: head('BREW', ''), status: 405 },
  { name: 'a method of WebDAV', bytes: head('PROPFIND', ''), status: 405 },
  { name: 'CONNECT', bytes: 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', status: 405 },
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400 },
]

t.test('what is refused opens nothing that could be taken for a request, and is answered once', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const { name, bytes, status } of refused) {
    t.test(name, async t => {
      const before = upstream.requests.length
      const client = await proxy.open(t)
      await client.write(bytes + canary)
      await client.until(({ ended }) => ended !== undefined)
      client.destroy()
      const response = readResponse(client.text)
      t.equal(response.status, status)
      t.equal(response.verdict, 'complete')
      t.strictSame(response.values('connection'), ['close'])
      t.strictSame(response.values('content-type'), ['application/xml'])
      t.ok(errorCode(response))
      t.equal(response.values('x-amz-request-id').length, 1)
      // What was decided before its content was seen to be bad tells the page that it failed.
      if (!bytes.startsWith(chunked)) t.strictSame(corsFields(response), [])
      await assertWell(t, proxy, upstream)
      for (const request of upstream.requests.slice(before, -1)) {
        t.equal(request.complete, false, 'what was begun arrived as aborted')
        t.equal(request.target, '/web/k')
      }
      t.notOk(upstream.requests.some(({ target }) => target === '/web/canary'))
    })
  }
  t.test('nothing that arrived could be read in two ways', async t => t.strictSame(upstream.faults, []))
})

t.test('a chunk that is bad after good ones: the endpoint sees an aborted upload', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const client = await proxy.open(t)
  await client.write(`${chunked}3\r\nabc\r\n`)
  await upstream.until(({ requests }) => requests[0]?.bodyBytes === 3)
  await client.write(`0x1\r\nx\r\n0\r\n\r\n${canary}`)
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 400)
  client.destroy()
  await upstream.until(({ open }) => open === 0)
  t.equal(upstream.requests.length, 1)
  t.equal(upstream.requests[0]?.complete, false)
  t.notMatch(upstream.connections[0]?.received ?? '', /0\r\n\r\n$/)
  const record = await proxy.record('/web/k')
  t.match(record, { status: 400, errorCode: 'BadRequest', requestBodyBytes: 3, clientAborted: false })
  await assertWell(t, proxy, upstream)
})

interface Forwarded {
  readonly name: string
  readonly bytes: string
  readonly method: string
  readonly framing: 'none' | 'length' | 'chunked'
  readonly body: string
}

const forwarded: Forwarded[] = [
  ...['GET', 'HEAD', 'DELETE', 'PUT', 'POST'].flatMap((method): Forwarded[] => [
    {
      name: `${method} with content of a length`,
      bytes: `${head(method, 'Content-Length: 5\r\n')}GET /`,
      method,
      framing: 'length',
      body: 'GET /',
    },
    {
      name: `${method} with chunked content`,
      bytes: `${head(method, 'Transfer-Encoding: chunked\r\n')}5\r\nGET /\r\n0\r\n\r\n`,
      method,
      framing: 'chunked',
      body: 'GET /',
    },
  ]),
  {
    name: 'chunked in upper case',
    bytes: `${head('PUT', 'Transfer-Encoding: CHUNKED\r\n')}1\r\nx\r\n0\r\n\r\n`,
    method: 'PUT',
    framing: 'chunked',
    body: 'x',
  },
  {
    name: 'a length with leading zeros, which goes up without them',
    bytes: `${head('PUT', 'Content-Length: 010\r\n')}0123456789`,
    method: 'PUT',
    framing: 'length',
    body: '0123456789',
  },
  {
    name: 'empty lines before the request',
    bytes: `\r\n\r\n${head('GET', '')}`,
    method: 'GET',
    framing: 'none',
    body: '',
  },
  {
    name: 'two spaces in the request line, which go up as one',
    bytes: head('GET', '').replace(' ', '  '),
    method: 'GET',
    framing: 'none',
    body: '',
  },
]

t.test('what is forwarded is framed as it came, and is one request', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const { name, bytes, method, framing, body } of forwarded) {
    t.test(name, async t => {
      const before = upstream.requests.length
      const client = await proxy.open(t)
      await client.write(bytes)
      await client.write(head('GET', 'Connection: close\r\n'))
      await client.until(({ ended }) => ended !== undefined)
      const responses = readResponses(client.text, method)
      t.strictSame(
        responses.map(response => [response.status, response.verdict]),
        [
          [200, 'complete'],
          [200, 'complete'],
        ],
      )
      const arrived = upstream.requests.slice(before)
      const [length] = fieldValues(arrived[0] ?? { fields: [] }, 'content-length')
      t.equal(length, framing === 'length' ? `${body.length}` : undefined)
      t.strictSame(
        arrived.map(request => [request.method, request.framing, request.body.toString(), request.complete]),
        [
          [method, framing, body, true],
          ['GET', 'none', '', true],
        ],
      )
      client.destroy()
      await assertWell(t, proxy, upstream)
    })
  }
  t.strictSame(upstream.faults, [])
})

const hidden = 'GET /secret HTTP/1.1\r\nHost: a\r\n\r\n'
t.test('a chunked request that hides another in its content, with its framing nominated for removal', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST', 'PUT']) {
    for (const connection of ['', 'Transfer-Encoding, upgrade', 'upgrade', 'keep-alive, transfer-encoding']) {
      const client = await proxy.open(t)
      const fields = `Transfer-Encoding: chunked\r\n${connection === '' ? '' : `Connection: ${connection}\r\n`}`
      await client.write(`${head(method, fields)}${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`)
      await client.until(({ text, ended }) => ended !== undefined || text.includes('\r\n\r\n'))
      const { status } = readResponse(client.text)
      const isNominated = /transfer-encoding/i.test(connection)
      // An OPTIONS without Access-Control-Request-Method asks for OPTIONS, which S3 refuses.
      t.equal(status, isNominated ? 400 : method === 'OPTIONS' ? 403 : 200, `${method}, Connection: ${connection}`)
      client.destroy()
    }
  }
  t.notOk(upstream.requests.some(({ target }) => target === '/secret'))
  t.strictSame(upstream.faults, [])
  t.ok(upstream.requests.every(request => request.complete && request.body.toString() === hidden))
  await assertWell(t, proxy, upstream)
})

t.test('RTSP in pieces of any size is refused', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const bytes = `\r\n${head('GET', '').replace('HTTP/1.1', 'RTSP/1.1')}`
  for (let cut = 1; cut < bytes.length; cut += 3) {
    const client = await proxy.open(t)
    await client.write(bytes.slice(0, cut))
    await delay(2)
    await client.write(bytes.slice(cut))
    await client.until(({ ended }) => ended !== undefined)
    t.match(client.text, /^HTTP\/1\.1 505 /, `cut after ${cut} bytes`)
  }
  const client = await proxy.open(t)
  await client.writePieces(bytes, 0)
  await client.until(({ ended }) => ended !== undefined)
  t.match(client.text, /^HTTP\/1\.1 505 /, 'byte by byte')
  t.equal(upstream.requests.length, 0)
})

for (const [protocol, method] of [
  ['RTSP/1.0', 'GET'],
  ['RTSP/1.1', 'OPTIONS'],
  ['RTSP/1.1', 'POST'],
  ['ICE/1.1', 'SOURCE'],
] as const) {
  t.test(`${method} of ${protocol} as a later request is refused, in pieces of any size too`, async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startTestProxy(t, upstream.url)
    const firsts = {
      'after an answered GET': head('GET', ''),
      'after an answered PUT': `${head('PUT', 'Content-Length: 3\r\n')}abc`,
      'after an answered upload in chunks': `${head('PUT', 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n0\r\n\r\n`,
    }
    const bytes = head(method, '').replace('HTTP/1.1', protocol).replace('/web/k', '/web/later')
    const protocolAt = bytes.indexOf(protocol)
    const cuts = [0, 2, protocolAt, protocolAt + 2, protocolAt + 6, bytes.indexOf('\r\n') + 1, bytes.length - 2]
    for (const [name, first] of Object.entries(firsts)) {
      for (const cut of cuts) {
        const client = await proxy.open(t)
        await client.write(first)
        await client.until(({ text }) => text.endsWith('ok'))
        if (cut > 0) await client.write(bytes.slice(0, cut))
        await delay(2)
        await client.write(bytes.slice(cut))
        await client.until(({ ended }) => ended !== undefined)
        t.match(client.text, /ok\r?\n?HTTP\/1\.1 505 /, `${name}, cut after ${cut} bytes`)
      }
    }
    for (const cut of cuts) {
      const client = await proxy.open(t)
      await client.write(`${head('GET', '')}${bytes.slice(0, cut)}`)
      await client.until(({ text }) => text.endsWith('ok'))
      await client.write(bytes.slice(cut))
      await client.until(({ ended }) => ended !== undefined)
      t.match(client.text, /ok\r?\n?HTTP\/1\.1 505 /, `in the packet of another, cut after ${cut} bytes`)
    }
    t.notOk(upstream.requests.some(({ target }) => target === '/web/later'))
  })
}

t.test('a later request of HTTP is served however it is cut', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const bytes = head('GET', 'X-Note: RTSP/1.0\r\n', '1.0').replace('Host', 'Connection: keep-alive\r\nHost')
  const client = await proxy.open(t)
  let answers = 0
  for (let cut = 1; cut < bytes.length; cut++) {
    await client.write(bytes.slice(0, cut))
    await delay(1)
    await client.write(bytes.slice(cut))
    answers++
    await client.until(({ text, ended }) => ended !== undefined || text.split('HTTP/1.1 200').length > answers)
  }
  t.equal(client.text.split('HTTP/1.1 200').length - 1, bytes.length - 1)
})

t.test('a request in pieces of any size is waited for', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  const bytes = `${chunked}3\r\nabc\r\n0\r\n\r\n`
  const clients = await Promise.all(
    Array.from({ length: bytes.length - 1 }, async (_, index) => {
      const client = await proxy.open(t)
      await client.write(bytes.slice(0, index + 1))
      return { client, rest: bytes.slice(index + 1) }
    }),
  )
  await upstream.until(({ requests }) => requests.length > 0)
  for (const { client } of clients) t.equal(client.text, '', 'nothing is answered before the end')
  await Promise.all(
    clients.map(async ({ client, rest }) => {
      await client.write(rest)
      await client.until(({ text }) => text.endsWith('ok'))
      client.destroy()
    }),
  )
  const whole = await proxy.open(t)
  await whole.writePieces(bytes, 0)
  await whole.until(({ text }) => text.endsWith('ok'))
  whole.destroy()
  t.ok(upstream.requests.every(request => request.complete && request.body.toString() === 'abc'))
  await assertWell(t, proxy, upstream, { idle: 256 })
})

t.test('two framings that disagree, in every order, never reach the endpoint as two requests', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startTestProxy(t, upstream.url)
  for (const fields of [
    'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
    'Transfer_Encoding: chunked\r\nContent-Length: 4\r\n',
    'Content-Length: 4\r\nContent_Length: 0\r\n',
  ]) {
    const client = await proxy.open(t)
    await client.write(`${head('POST', fields)}5c\r\n${canary}`)
    await client.until(({ ended }) => ended !== undefined)
    t.equal(readResponse(client.text).status, 400, fields)
    client.destroy()
  }
  t.notOk(upstream.requests.some(({ complete }) => complete))
  await assertWell(t, proxy, upstream)
})
