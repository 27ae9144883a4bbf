import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer, Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { OutgoingFields } from '../../../src/proxy/client/outgoing-fields.ts'
import { parseKept, pauseAsServer, stopAfterRequest } from '../../../src/proxy/node/client-parser.ts'
import { watchClusterSockets } from '../../../src/proxy/node/cluster-sockets.ts'
import { collectGarbage } from '../../../src/proxy/node/collect-garbage.ts'
import { setHeadLimit } from '../../../src/proxy/node/head-limit.ts'
import { replaceIdleTimer, reportIdle } from '../../../src/proxy/node/idle-timer.ts'
import { ProxyRequest } from '../../../src/proxy/node/proxy-request.ts'
import { ProxyResponse } from '../../../src/proxy/node/response/proxy-response.ts'
import { tcpSocketBelow } from '../../../src/proxy/node/tcp-socket.ts'
import { surviveWriteErrors } from '../../../src/proxy/node/write-errors.ts'
import { isDisconnected, unsentBytes } from '../../../src/proxy/node/write-queue.ts'
import { listen } from '../../fixtures/client-side.ts'
import { localhostCertificate as cert, localhostKey as key } from '../../fixtures/localhost-certificate.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

/** The table of src/proxy/node/README.md: `OF.MEMBER`. */
const rows = [
  ...readFileSync(new URL('../../../src/proxy/node/README.md', import.meta.url), 'utf8').matchAll(
    /^\| `([^`]+)` \| `([^`]+)` \|/gm,
  ),
].map(([, of, member]) => `${of}.${member}`)

const get = 'GET /k HTTP/1.1\r\nHost: a\r\n\r\n'

interface Parsed {
  readonly parser?: Record<string | number, unknown> | null
  readonly _paused?: boolean
  readonly _httpMessage?: object | null
}

/** What a plain server of Node's sees of one request: its socket, and `bytes` were sent. */
async function serveOne(t: Test, bytes: string, prepare?: (server: Server) => void) {
  const server = createServer()
  prepare?.(server)
  const heard = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>
  const port = await listen(t, server)
  const client = await openRaw(port)
  t.teardown(() => client.destroy())
  await client.write(bytes)
  const [request, response] = await heard
  return { server, client, request, response, socket: request.socket as Socket & Parsed }
}

/** By row: tries it on this version of Node. */
const trials: Readonly<Record<string, (t: Test) => void | Promise<void>>> = {
  'net.Socket._unrefTimer': async t => {
    let calls = 0
    const { client, response } = await serveOne(t, get, server =>
      server.prependListener('connection', socket => replaceIdleTimer(socket, () => calls++)),
    )
    t.ok(calls > 0, 'at a read')
    const read = calls
    response.end('ok')
    await client.until(({ text }) => text.endsWith('ok'))
    t.ok(calls > read, 'at a write')
  },
  'net.Socket._onTimeout': async t => {
    const { socket } = await serveOne(t, get)
    let heard = 0
    socket.on('timeout', () => heard++)
    reportIdle(socket)
    t.equal(heard, 1)
  },
  'net.Socket._handle.writeQueueSize': async t => {
    const { client, response, socket } = await serveOne(t, get)
    t.equal(unsentBytes(socket), 0)
    client.socket.pause()
    response.end(Buffer.alloc(32 * 1024 * 1024))
    await new Promise(resolve => setImmediate(resolve))
    t.ok(unsentBytes(socket) > 0)
  },
  'net.Socket._handle.getpeername': async t => {
    const { client, response, socket } = await serveOne(t, get)
    t.equal(isDisconnected(socket), false)
    client.socket.pause()
    response.end(Buffer.alloc(32 * 1024 * 1024))
    // Before this process hears of it.
    client.reset()
    while (!isDisconnected(socket) && !socket.destroyed) await new Promise(resolve => setImmediate(resolve))
    t.ok(isDisconnected(socket) || socket.destroyed)
  },
  'net.Socket._write': t => replaced(t, '_write'),
  'net.Socket._writev': t => replaced(t, '_writev'),
  'net.Socket._paused': async t => {
    const { response, socket } = await serveOne(t, get)
    const told = response as ServerResponse & { _onPendingData(bytes: number): void }
    const over = socket.writableHighWaterMark + 1
    told._onPendingData(over)
    pauseAsServer(socket)
    t.equal(socket.isPaused(), true)
    told._onPendingData(-over)
    t.strictSame([socket.isPaused(), socket._paused], [false, false])
  },
  'net.Socket._httpMessage': async t => {
    const { response, socket } = await serveOne(t, get)
    t.equal(socket._httpMessage, response)
  },
  'net.Socket.parser': async t => {
    const { socket } = await serveOne(t, get)
    t.type(socket.parser, 'object')
  },
  "net.Socket.emit('data')": async t => {
    const { server, response, socket } = await serveOne(t, get)
    response.end()
    const next = once(server, 'request') as Promise<[IncomingMessage]>
    parseKept(socket, Buffer.from('GET /kept HTTP/1.1\r\nHost: a\r\n\r\n'))
    t.equal((await next)[0].url, '/kept')
  },
  'net.Server._handle.close': async t => {
    const stopAccepting = watchClusterSockets()
    const server = createSocketServer()
    t.teardown(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    stopAccepting()
    await t.rejects(openRaw(port), { code: 'ECONNREFUSED' })
  },
  'tls.TLSSocket._parent': async t => {
    const server = createTlsServer({ cert, key })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'secureConnection')
    const client = connectTls({
      port: (server.address() as { port: number }).port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: cert,
    })
    const [socket] = (await accepted) as [TLSSocket]
    t.ok(tcpSocketBelow(socket) instanceof Socket)
    t.equal(tcpSocketBelow(new Socket()), undefined)
    client.destroy()
    server.close()
  },
  'http.Server.maxHeaderSize': async t => {
    const server = createServer((_request, response) => response.end('ok'))
    const port = await listen(t, server)
    const long = `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(4000)}\r\nConnection: close\r\n\r\n`
    for (const [limit, status] of [
      [1024, 'HTTP/1.1 431 '],
      [8192, 'HTTP/1.1 200 '],
    ] as const) {
      setHeadLimit(server, limit)
      const client = await openRaw(port)
      await client.write(long)
      await client.until(({ ended }) => ended !== undefined)
      t.equal(client.text.slice(0, status.length), status)
      client.destroy()
    }
  },
  'http.IncomingMessage.headers': t => {
    t.type(Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers')?.get, 'function')
  },
  'http.IncomingMessage.push': async t => {
    const pieces: (string | null)[] = []
    class Heard extends IncomingMessage {
      override push(piece: Buffer | null): boolean {
        pieces.push(piece === null ? null : piece.toString())
        return super.push(piece)
      }
    }
    const server = createServer({ IncomingMessage: Heard }, (request, response) => {
      request.resume()
      request.on('end', () => response.end())
    })
    const client = await openRaw(await listen(t, server))
    await client.write('PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
    await client.until(({ ended }) => ended !== undefined)
    t.strictSame(pieces, ['ok', null])
  },
  'HTTPParser.onIncoming': async t => {
    const faults: NodeJS.ErrnoException[] = []
    const targets: (string | undefined)[] = []
    const server = createServer(request => targets.push(request.url))
    server.on('connection', socket => stopAfterRequest(socket, () => true))
    server.on('clientError', (fault: NodeJS.ErrnoException) => faults.push(fault))
    const client = await openRaw(await listen(t, server))
    await client.write(get + get)
    while (faults.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    client.destroy()
    t.strictSame(targets, ['/k'])
    t.equal(faults[0]?.code, 'HPE_PAUSED')
    t.match(faults[0], { bytesParsed: Number, rawPacket: Buffer })
  },
  'HTTPParser.kOnBody': async t => {
    const { socket } = await serveOne(t, get)
    const parser = socket.parser as { [callback: number]: unknown; readonly constructor: { readonly kOnBody: number } }
    const { kOnBody } = parser.constructor
    t.type(kOnBody, 'number')
    t.type(parser[kOnBody], 'function')
  },
  'HTTPParser.getCurrentBuffer': async t => {
    let text = ''
    await serveOne(t, get, server =>
      server.on('request', ({ socket }: { socket: Socket & Parsed }) => {
        const parser = socket.parser as { getCurrentBuffer(): Buffer }
        text = parser.getCurrentBuffer().toString()
      }),
    )
    t.equal(text, get)
  },
  'vm.gc': () => collectGarbage(),
}

/** A socket whose writes go through what was put in the place of `member`. */
async function replaced(t: Test, member: '_write' | '_writev'): Promise<void> {
  const server = createServer()
  const port = await listen(t, server)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  surviveWriteErrors(socket)
  const own = Object.getOwnPropertyDescriptor(socket, member)?.value as (...given: unknown[]) => void
  let calls = 0
  socket[member] = function (...given: unknown[]) {
    calls++
    own.apply(this, given)
  }
  if (member === '_writev') socket.cork()
  socket.write('a')
  socket.write('b')
  if (member === '_writev') socket.uncork()
  t.ok(calls > 0)
  socket.destroy()
}

for (const [row, trial] of Object.entries(trials)) {
  t.test(`${row} does what the table says`, async t => {
    t.ok(rows.includes(row), 'is in the table')
    await trial(t)
  })
}

/** What is asked of a response by Node itself, in all that can happen to one. */
t.test('Node asks nothing of a response but what the table says', async t => {
  const asked = new Set<string>()
  const targets = new WeakMap<object, ProxyResponse>()
  class Watched {
    constructor(request: ProxyRequest) {
      const target = new ProxyResponse(request)
      const watched: object = new Proxy(target, {
        get(_target, name) {
          asked.add(String(name))
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            const result: unknown = Reflect.apply(value, target, given)
            const [socket] = given as [{ _httpMessage?: object }]
            if (name === 'assignSocket') socket._httpMessage = watched
            return result === target ? watched : result
          }
        },
        set(_target, name, value) {
          asked.add(String(name))
          return Reflect.set(target, name, value)
        },
        has(_target, name) {
          asked.add(String(name))
          return Reflect.has(target, name)
        },
      })
      targets.set(watched, target)
      // biome-ignore lint/correctness/noConstructorReturn: the server makes its responses by `new`.
      return watched
    }
  }
  const server = createServer({
    IncomingMessage: ProxyRequest,
    ServerResponse: Watched as unknown as typeof ServerResponse<ProxyRequest>,
    keepAliveTimeout: 200,
    requireHostHeader: false,
  }) as unknown as Server
  server.on('clientError', (_fault, socket) => socket.destroy())
  server.on('timeout', socket => socket.destroy())
  const answer = (request: ProxyRequest, watched: object) => {
    const response = targets.get(watched)
    if (response === undefined) throw new Error('expected a response of the watched class')
    const content = Buffer.alloc(request.url === '/long' ? 4 * 1024 * 1024 : 2, 'a')
    const go = () => {
      const fields = new OutgoingFields()
      if (request.url !== '/chunked') fields.setLength(content.length)
      response.writeHead(200, undefined, fields)
      if (request.url === '/reset') request.socket.resetAndDestroy()
      else if (request.url === '/wait') return
      else if (request.method === 'HEAD') response.end()
      else response.write(content, () => response.end())
    }
    if (response.socket !== null) go()
    else {
      response.pendingBytes(100_000)
      response.once('socket', () => {
        response.pendingBytes(-100_000)
        go()
      })
    }
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation'])
    server.on(event, answer as unknown as (...given: unknown[]) => void)
  const port = await listen(t, server)
  const head = (line: string, fields = '') => `${line}\r\nHost: a\r\n${fields}\r\n`
  const closing = 'Connection: close\r\n'
  const dialogues: readonly (readonly [name: string, bytes: string])[] = [
    ['one that closes', head('GET /a HTTP/1.1', closing)],
    ['several, pipelined', `${get.repeat(3)}${head('GET /a HTTP/1.1', closing)}`],
    ['until the connection was unused too long', get],
    ['HTTP/1.0', head('GET /a HTTP/1.0')],
    ['HTTP/1.0 that stays', `${head('GET /a HTTP/1.0', 'Connection: keep-alive\r\n')}`],
    ['chunked', head('GET /chunked HTTP/1.1', closing)],
    ['HEAD', head('HEAD /a HTTP/1.1', closing)],
    ['content', `${head('PUT /a HTTP/1.1', `Content-Length: 2\r\n${closing}`)}ok`],
    ['an expectation', `${head('PUT /a HTTP/1.1', `Content-Length: 2\r\nExpect: 100-continue\r\n${closing}`)}ok`],
    ['another expectation', `${head('PUT /a HTTP/1.1', `Content-Length: 2\r\nExpect: more\r\n${closing}`)}ok`],
    ['a fault after a request', `${get}\0\r\n`],
    ['a connection that breaks', head('GET /reset HTTP/1.1')],
    ['a long response', head('GET /long HTTP/1.1', closing)],
    ['an upgrade that is not taken', head('GET /a HTTP/1.1', 'Connection: upgrade, close\r\nUpgrade: other\r\n')],
  ]
  for (const [name, bytes] of dialogues) {
    await t.test(name, async t => {
      const client = await openRaw(port)
      t.teardown(() => client.destroy())
      await client.write(bytes)
      await client.until(({ ended }) => ended !== undefined)
    })
  }
  for (const end of ['closeIdleConnections', 'closeAllConnections', 'timeout', 'client'] as const) {
    await t.test(`a request under way when it is ended by ${end}`, async t => {
      const client = await openRaw(port)
      t.teardown(() => client.destroy())
      const accepted = once(server, 'connection') as Promise<[Socket]>
      const second = await openRaw(port)
      t.teardown(() => second.destroy())
      const [socket] = await accepted
      const heard = once(server, 'request')
      await second.write(head('GET /wait HTTP/1.1') + get)
      await heard
      if (end === 'timeout') reportIdle(socket)
      else if (end === 'client') second.reset()
      else server[end]()
      if (end === 'closeIdleConnections') second.reset()
      while (!socket.destroyed) await new Promise(resolve => setTimeout(resolve, 5))
    })
  }
  const told = rows.filter(row => row.startsWith('http.ServerResponse.')).map(row => row.slice(20))
  // By the listener that it has itself on the socket.
  asked.delete('close')
  t.strictSame(
    [...asked].filter(name => !told.includes(name)),
    [],
  )
  const unasked = told.filter(name => !asked.has(name))
  t.strictSame(unasked, process.version.startsWith('v22.') ? ['destroy'] : [], 'and no row is left over')
})

t.test('the table has no row that is not tried', async t => {
  const tried = Object.keys(trials)
  for (const row of rows) t.ok(tried.includes(row) || row.startsWith('http.ServerResponse.'), row)
  t.ok(rows.length > 20)
})

t.test('Node’s own class has what is asked of it beside the documented', async t => {
  const own = new ServerResponse(new IncomingMessage(new Socket()))
  for (const member of ['_keepAliveTimeout', '_closed', '_last', 'shouldKeepAlive', '_onPendingData']) {
    t.ok(member in own, member)
  }
})
