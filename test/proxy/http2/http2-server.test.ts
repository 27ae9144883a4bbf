// Requests and responses of HTTP/2 as a handler sees them.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { constants, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { OutgoingFields } from '../../../src/proxy/client/outgoing-fields.ts'
import type { Http2Request } from '../../../src/proxy/http2/http2-request.ts'
import type { Http2Response } from '../../../src/proxy/http2/http2-response.ts'
import { Http2Server, type OnHttp2Request } from '../../../src/proxy/http2/http2-server.ts'
import type { Http2Limits } from '../../../src/proxy/http2/http2-server-options.ts'
import { joinedFields } from '../../../src/proxy/http2/response-head.ts'
import { collectGarbage } from '../../../src/proxy/node/collect-garbage.ts'
import { askHttp2, openHttp2 } from '../../fixtures/http2-client.ts'
import { FrameClient, frame, frameTypes, requestFields } from '../../fixtures/http2-frames.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'

const limits: Http2Limits = {
  headerBytes: 65_536,
  fields: 200,
  streams: 100,
  headersMs: 60_000,
  idleMs: 60_000,
  keepAliveMs: 60_000,
}

/** Starts a server that speaks HTTP/2, and gives its port and the requests that stood still for too long. */
async function start(t: Test, onRequest: OnHttp2Request, changes: Partial<Http2Limits> = {}) {
  const idle: object[] = []
  const server = createServer({ cert: localhostCertificate, key: localhostKey, ALPNProtocols: ['h2'] } as object)
  const malformed: (string | undefined)[][] = []
  const onIdle = (socket: object) => idle.push(socket)
  const onMalformed = (...told: readonly (string | undefined)[]) => malformed.push([...told])
  const onConnectionEnd = (...told: readonly (string | undefined)[]) => malformed.push([...told])
  new Http2Server({ ...limits, ...changes }, { onRequest, onIdle, onMalformed, onConnectionEnd }).attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, idle, malformed, server }
}

function fieldsOf(lines: string, bytes = -1): OutgoingFields {
  const fields = new OutgoingFields()
  fields.lines = lines
  fields.setLength(bytes)
  return fields
}

const nodeMajor = Number(process.versions.node.split('.')[0])

const question = { method: 'GET', target: '/web/k', authority: 'a' }

t.test('responses', async t => {
  const cases: readonly {
    readonly name: string
    readonly method?: string
    readonly respond: (response: Http2Response) => void
    readonly status: number
    readonly fields: readonly string[]
    readonly body: string
  }[] = [
    {
      name: 'fields in lower case, each line by itself, in their order',
      respond(response) {
        response.writeHead(200, 'OK', fieldsOf('X-B: 1\r\nX-A: \u00e9\r\nX-B: 2\r\nVary: Origin\r\n', 2))
        response.end('ok')
      },
      status: 200,
      // Node before 24 takes no list: lines are joined.
      fields:
        nodeMajor < 24
          ? ['x-b: 1, 2', 'x-a: \u00e9', 'vary: Origin', 'content-length: 2']
          : ['x-b: 1', 'x-a: \u00e9', 'x-b: 2', 'vary: Origin', 'content-length: 2'],
      body: 'ok',
    },
    {
      name: 'a field that may stand once stands as often as the endpoint sent it',
      respond(response) {
        response.writeHead(200, 'OK', fieldsOf('ETag: "a"\r\nETag: "b"\r\n'))
        response.end()
      },
      status: 200,
      // Node before 24 takes the first alone.
      fields: nodeMajor < 24 ? ['etag: "a"'] : ['etag: "a"', 'etag: "b"'],
      body: '',
    },
    {
      name: 'HEAD has no content',
      method: 'HEAD',
      respond(response) {
        response.writeHead(200, 'OK', fieldsOf('', 5))
        response.end('never')
      },
      status: 200,
      fields: ['content-length: 5'],
      body: '',
    },
    {
      name: 'nor has 304',
      respond(response) {
        response.writeHead(304, undefined, fieldsOf('ETag: "a"\r\n'))
        response.end()
      },
      status: 304,
      fields: ['etag: "a"'],
      body: '',
    },
    {
      name: 'nor has 205, whatever the endpoint sent',
      respond(response) {
        response.writeHead(205, undefined, fieldsOf(''))
        response.write(Buffer.from('ab'), () => {})
        response.end()
      },
      status: 205,
      fields: [],
      body: '',
    },
    {
      name: 'content in pieces, as bytes and as a string',
      respond(response) {
        response.writeHead(200, undefined, fieldsOf(''))
        response.flushHead()
        response.write(Buffer.from('ab'), () => response.end('\u00e9'))
      },
      status: 200,
      fields: [],
      body: 'ab\u00e9',
    },
  ]
  for (const { name, method = 'GET', respond, ...expected } of cases) {
    await t.test(name, async t => {
      let closed = 0
      let response: Http2Response | undefined
      const { port } = await start(t, (_request, one) => {
        response = one
        one.once('close', () => closed++)
        respond(one)
      })
      const { status, fields, body, reset } = await askHttp2(await openHttp2(t, port), { ...question, method })
      const lines = fields.filter(([field]) => field !== 'date').map(([field, value]) => `${field}: ${value}`)
      t.strictSame({ status, fields: lines, body }, expected)
      t.equal(reset, 0)
      t.match(fields.find(([field]) => field === 'date')?.[1], / GMT$/)
      t.strictSame([closed, response?.writableFinished, response?.socket], [1, true, null])
    })
  }
})

t.test('where Node takes no list, the lines of a field are joined', async t => {
  const head = [':status', '200', 'Vary', 'Origin', 'ETag', '"a"', 'Set-Cookie', 'a=1', 'vary', 'Accept', 'ETag', '"b"']
  t.strictSame(Object.entries(joinedFields([...head, 'set-cookie', 'b=2', 'set-cookie', 'c=3', 'constructor', '1'])), [
    [':status', '200'],
    ['vary', 'Origin, Accept'],
    ['etag', '"a"'],
    ['set-cookie', ['a=1', 'b=2', 'c=3']],
    ['constructor', '1'],
  ])
})

t.test('an id that differs in each response takes no place in the table of fields', async t => {
  const { port } = await start(t, (_request, response) => {
    response.writeHead(200, undefined, fieldsOf('X-Amz-Request-Id: 1\r\nx-amz-id-2: a\r\n'))
    response.end()
  })
  const session = await openHttp2(t, port)
  const stream = session.request({ ':path': '/web/k' })
  const [head] = (await once(stream, 'response')) as [Record<symbol, readonly string[]>]
  t.strictSame(head[sensitiveHeaders], ['x-amz-request-id'])
})

t.test('errors of a stream are told to those who listen for them', async t => {
  const heard: (string | undefined)[] = []
  const { port } = await start(t, (request, response) => {
    request.on('error', (error: unknown) => heard.push((error as NodeJS.ErrnoException).code))
    response.once('close', () => heard.push('close'))
  })
  const session = await openHttp2(t, port)
  const stream = session.request({ ':path': '/web/k' })
  stream.on('error', () => {})
  await once(session, 'remoteSettings')
  stream.close(constants.NGHTTP2_PROTOCOL_ERROR)
  while (heard.length < 2) await delay(5)
  t.strictSame(heard, ['close', 'ERR_HTTP2_STREAM_ERROR'])
})

t.test('a date of the endpoint stays', async t => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const { port } = await start(t, (_request, response) => {
    response.writeHead(200, undefined, fieldsOf(`Date: ${date}\r\n`))
    response.end()
  })
  const { fields } = await askHttp2(await openHttp2(t, port), question)
  t.strictSame(fields, [['date', date]])
})

t.test('content that is cut has no end', async t => {
  const heard: string[] = []
  const closed = new Promise<Http2Request>(resolve => {
    void start(t, (request, response) => {
      request.on('data', piece => heard.push(piece.toString()))
      request.on('end', () => heard.push('end'))
      response.once('close', () => resolve(request))
    }).then(async ({ port }) => {
      const client = await FrameClient.open(port)
      t.teardown(() => client.close())
      client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
      client.data(1, 'abc', false)
      client.reset(1, 0)
    })
  })
  const request = await closed
  t.equal(request.destroyed || request.socket.destroyed, true)
  t.strictSame(heard, ['abc'])
})

t.test('what a request holds is counted', async t => {
  const seen = new Promise<Http2Request>(resolve => {
    void start(t, resolve).then(async ({ port }) => {
      const client = await FrameClient.open(port)
      t.teardown(() => client.close())
      client.headers(1, requestFields('PUT', '/web/k', 'a', 'x-a', 'y'.repeat(100), 'constructor', 'c'), false)
      client.data(1, 'x'.repeat(1000), false)
    })
  })
  const request = await seen
  t.equal(request.complete, false)
  t.match(request.headers, { host: 'a', 'x-a': 'y'.repeat(100), 'transfer-encoding': 'chunked' })
  t.equal(request.headers.constructor, 'c')
  t.ok(request.headBytes > 100 && request.headBytes < 1000, `${request.headBytes}`)
  while (request.heldBytes < request.headBytes + 1000) await new Promise(resolve => setTimeout(resolve, 5))
  request.holder = { heldBytes: 7 }
  t.equal(request.heldBytes, request.headBytes + 1000 + 7)
  request.socket.destroy()
})

t.test('a stream that is over leads to nothing of its request', async t => {
  const channel = 'http2.server.stream.created'
  const streams: ServerHttp2Stream[] = []
  const onCreated = (message: unknown) => streams.push((message as { stream: ServerHttp2Stream }).stream)
  subscribe(channel, onCreated)
  t.teardown(() => unsubscribe(channel, onCreated))
  const left: WeakRef<object>[] = []
  const { port } = await start(t, (request, response) => {
    left.push(new WeakRef(request), new WeakRef(response))
    response.writeHead(200, undefined, fieldsOf('X-A: b\r\n', request.url === '/web/k' ? 2 : 0))
    response.end(request.url === '/web/k' ? 'ok' : '')
  })
  const client = await openHttp2(t, port)
  for (const target of ['/web/k', '/web/empty']) await askHttp2(client, { ...question, target })
  while (streams.some(({ destroyed }) => !destroyed)) await new Promise(resolve => setTimeout(resolve, 5))
  await new Promise(resolve => setTimeout(resolve, 5))
  collectGarbage()
  t.equal(left.length, 4)
  t.equal(left.filter(reference => reference.deref() !== undefined).length, 0)
  // Before Node 24 it keeps an object that it has made itself.
  if (nodeMajor >= 24) for (const stream of streams) t.strictSame(Object.keys(stream.sentHeaders ?? {}), [])
})

t.test('pieces of content count for what each costs', async t => {
  const seen = new Promise<Http2Request>(resolve => {
    void start(t, resolve).then(async ({ port }) => {
      const client = await FrameClient.open(port)
      t.teardown(() => client.close())
      client.headers(1, requestFields('PUT', '/web/k', 'a'), false)
      for (let index = 0; index < 1000; index++) client.data(1, 'x', false)
    })
  })
  const request = await seen
  while (request.heldBytes < request.headBytes + 100_000) await new Promise(resolve => setTimeout(resolve, 5))
  let read = 0
  request.on('data', piece => {
    read += piece.length
  })
  while (read < 1000) await new Promise(resolve => setTimeout(resolve, 5))
  t.equal(request.heldBytes, request.headBytes)
  request.socket.destroy()
})

t.test('an answer that is under way when all connections are closed has no end', async t => {
  const { port, server } = await start(t, (_request, response) => {
    response.writeHead(200, 'OK', fieldsOf(''))
    response.write(Buffer.from('ab'), () => {})
  })
  const client = await FrameClient.open(port)
  t.teardown(() => client.close())
  client.headers(1, requestFields('GET', '/web/k', 'a'), true)
  await client.until(frames => frames.find(({ type }) => type === frameTypes.data))
  server.closeAllConnections()
  t.match((await client.outcome(1)) ?? 'closed', /^(RST_STREAM 2|closed)$/)
})

t.test('a stream on which nothing moves is told of, and a connection without one ends', async t => {
  const responses: Http2Response[] = []
  const { port, idle } = await start(t, (_request, response) => responses.push(response), {
    idleMs: 300,
    keepAliveMs: 300,
  })
  const session = await openHttp2(t, port)
  const answer = askHttp2(session, question)
  while (idle.length === 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(idle[0], responses[0]?.req.socket)
  responses[0]?.destroy()
  t.equal((await answer).reset, 2)
  await once(session, 'close')
})

for (const { name, pings, idleMs, leastMs } of [
  {
    name: 'streams that share a connection may each take as much longer, while anything of it is taken',
    pings: true,
    idleMs: 1000,
    leastMs: 4000,
  },
  {
    name: 'of a connection from which nothing is taken, all streams are idle at once',
    pings: false,
    idleMs: 300,
    leastMs: 300,
  },
]) {
  t.test(name, async t => {
    const { port, idle } = await start(
      t,
      (_request, response) => {
        response.writeHead(200, 'OK', fieldsOf('', 2))
        response.end('ok')
      },
      { idleMs },
    )
    const client = await FrameClient.open(port, { windowBytes: 0 })
    t.teardown(() => client.close())
    const begun = performance.now()
    for (let stream = 1; stream < 9; stream += 2) client.headers(stream, requestFields('GET', '/web/k', 'a'), true)
    while (idle.length < 4) {
      // Its answer is taken.
      if (pings) client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    t.ok(performance.now() - begun >= leastMs, `after ${leastMs} ms or more`)
  })
}

t.test('a library may answer by a response of Node’s own', async t => {
  const { port } = await start(t, (_request, response) => {
    const own = response.forLibrary()
    own.once('close', () => t.equal(own.writableFinished, true))
    own.writeHead(200, { 'x-a': '1' })
    own.end('page')
  })
  const { status, body } = await askHttp2(await openHttp2(t, port), question)
  t.strictSame([status, body], [200, 'page'])
})
