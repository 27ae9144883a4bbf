import { createServer, type ServerResponse } from 'node:http'
import { createServer as createNetServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Exchange } from '../../../src/proxy/exchange/exchange.ts'
import type { ProxyContext } from '../../../src/proxy/handling/proxy-context.ts'
import { answerFault, onClientFault } from '../../../src/proxy/server/client-fault.ts'
import type { ClientFault } from '../../../src/proxy/shares/client-memory.ts'
import { type S3Error, s3Errors } from '../../../src/s3/errors/error-catalogue.ts'
import { errorCode, readResponses } from '../../fixtures/client-responses.ts'
import { createContext, listen } from '../../fixtures/client-side.ts'
import { openRaw } from '../../fixtures/raw-client.ts'

/** A server whose requests are answered by `handle`, and its faults by the proxy. */
async function start(t: Test, handle: (response: ServerResponse, context: ProxyContext) => void) {
  const { context, heard } = createContext()
  const server = createServer({ maxHeaderSize: 1000 }, (request, response) => {
    context.responseOf.set(request.socket, response)
    handle(response, context)
  })
  server.on('clientError', (fault: ClientFault, socket: Socket) => onClientFault(context, fault, socket))
  const port = await listen(t, server)
  /** Sends bytes, and resolves with everything that comes until the end. */
  const send = async (bytes: string): Promise<string> => {
    const client = await openRaw(port)
    t.teardown(() => client.destroy())
    await client.write(bytes)
    await client.until(({ ended }) => ended !== undefined)
    return client.text
  }
  return { send, heard }
}

const good = 'GET /k HTTP/1.1\r\nHost: a\r\n\r\n'
const faults: { name: string; bytes: string; status: number; code: string }[] = [
  { name: 'what is no HTTP', bytes: '\x16\x03\x01\x00\x05hello\r\n\r\n', status: 400, code: 'BadRequest' },
  { name: 'a field without a colon', bytes: 'GET / HTTP/1.1\r\nHost\r\n\r\n', status: 400, code: 'BadRequest' },
  { name: 'an unknown method', bytes: 'FOO / HTTP/1.1\r\n\r\n', status: 405, code: 'MethodNotAllowed' },
  { name: 'an unknown version', bytes: 'GET / HTTP/9.9\r\n\r\n', status: 505, code: 'HTTPVersionNotSupported' },
  {
    name: 'a head that is too long',
    bytes: `GET / HTTP/1.1\r\nA: ${'x'.repeat(2000)}\r\n\r\n`,
    status: 431,
    code: 'RequestHeaderSectionTooLarge',
  },
]
for (const { name, bytes, status, code } of faults) {
  for (const before of ['', good]) {
    t.test(`${name} is answered with ${status}${before === '' ? '' : ', after the response before it'}`, async t => {
      const { send, heard } = await start(t, response => setTimeout(() => response.end('ok'), 20))
      const responses = readResponses(await send(before + bytes))
      t.strictSame(
        responses.map(response => response.status),
        before === '' ? [status] : [200, status],
      )
      const answer = responses.at(-1)
      t.equal(answer && errorCode(answer), code)
      t.strictSame(
        answer?.fields.filter(([field]) => field !== 'Date'),
        [
          ['x-amz-request-id', '0123456789ABCDEF'],
          ['x-amz-id-2', 'host'],
          ['Content-Type', 'application/xml'],
          ['X-Content-Type-Options', 'nosniff'],
          ...(status >= 500 ? [['Cache-Control', 'no-store']] : []),
          ['Content-Length', String(answer?.body.length)],
          ['Connection', 'close'],
        ],
      )
      t.equal(heard.started, 1)
      t.strictSame(
        heard.ended.map(({ kind, status, errorCode }) => ({ kind, status, errorCode })),
        [{ kind: 'rejected', status, errorCode: code }],
      )
    })
  }
}

t.test('a connection whose last answer was given gets no other', async t => {
  const { send, heard } = await start(t, (response, context) => {
    context.closing.add(response.req.socket)
    setTimeout(() => response.writeHead(200, { Connection: 'close' }).end('ok'), 20)
  })
  t.strictSame(readResponses(await send(`${good}FOO / HTTP/1.1\r\n\r\n`)).length, 1)
  t.equal(heard.ended.length, 0)
})

const badChunk = 'PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'

t.test('a fault within the content of a request aborts its exchange', async t => {
  const aborted: S3Error[] = []
  const { send } = await start(t, (response, context) => {
    const exchange = {
      underWay: true,
      abort(error: S3Error) {
        aborted.push(error)
        response.req.socket.destroy()
      },
    }
    context.exchangeOf.set(response.req.socket, exchange as Partial<Exchange> as Exchange)
  })
  t.equal(await send(badChunk), '')
  t.strictSame(aborted, [s3Errors.badRequest])
})

t.test('where nothing is under way, the connection ends', async t => {
  const { send, heard } = await start(t, () => undefined)
  t.equal(await send(badChunk), '')
  t.equal(heard.ended.length, 0)
})

const socketFaults: { name: string; bytes: string; code: string; status: number | undefined }[] = [
  { name: 'a head that does not come in time', bytes: 'GET /', code: 'ERR_HTTP_REQUEST_TIMEOUT', status: 408 },
  { name: 'a connection without a byte', bytes: '', code: 'ERR_HTTP_REQUEST_TIMEOUT', status: undefined },
  { name: 'a connection that broke', bytes: 'GET /', code: 'ECONNRESET', status: undefined },
  { name: 'a handshake that failed', bytes: 'GET /', code: 'ERR_SSL_HTTP_REQUEST', status: undefined },
]
for (const { name, bytes, code, status } of socketFaults) {
  t.test(`${name} is ${status === undefined ? 'answered with nothing' : `answered with ${status}`}`, async t => {
    const { context, heard } = createContext()
    const give = (socket: Socket): void => onClientFault(context, Object.assign(new Error(code), { code }), socket)
    const server = createNetServer(socket => {
      if (bytes === '') give(socket)
      else socket.once('data', () => give(socket))
    })
    server.listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const client = await openRaw((server.address() as { port: number }).port)
    t.teardown(() => client.destroy())
    if (bytes !== '') await client.write(bytes)
    await client.until(({ ended }) => ended !== undefined)
    t.strictSame(
      readResponses(client.text).map(response => response.status),
      status === undefined ? [] : [status],
    )
    t.equal(heard.ended.length, status === undefined ? 0 : 1)
  })
}

t.test('a client that ignores the answer is left', async t => {
  const { context } = createContext()
  const server = createNetServer({ allowHalfOpen: true }, socket => answerFault(context, socket, s3Errors.badRequest))
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const client = await openRaw((server.address() as { port: number }).port)
  await client.until(({ ended }) => ended === 'fin')
  // Reads no end of ours: the socket is destroyed all the same.
  const count = () => new Promise<number>(resolve => server.getConnections((_error, open) => resolve(open)))
  while ((await count()) > 0) await new Promise(resolve => setTimeout(resolve, 20))
  client.destroy()
})
