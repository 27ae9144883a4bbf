import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type SecureVersion } from 'node:tls'
import t, { type Test } from 'tap'
import type { ProxySettings } from '../../../src/proxy/handling/proxy-context.ts'
import { applyLimits, createProxyServer, type ServerLimits } from '../../../src/proxy/server/proxy-server.ts'
import { errorCode, readResponse, readResponses } from '../../fixtures/client-responses.ts'
import { createContext, listen } from '../../fixtures/client-side.ts'
import { localhostCertificate as cert, localhostKey as key } from '../../fixtures/localhost-certificate.ts'
import { openRaw } from '../../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { startTestProxy } from '../../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const limits: ServerLimits = {
  headerBytes: 2000,
  connections: 10,
  heldBytes: 1e9,
  headersMs: 60_000,
  idleMs: 60_000,
  keepAliveMs: 60_000,
  streams: 100,
}

function create(changes: Partial<ServerLimits> = {}, tls = false): Server & { maxHeaderSize?: number } {
  // Every request here is refused by the guard, or before it.
  const { context } = createContext({ guardLimits: { targetBytes: 0, fields: 10 } } as Partial<ProxySettings>)
  return createProxyServer(context, { ...limits, ...changes }, tls ? { cert, key } : undefined)
}

t.test("Node's own limits give way to ours", async t => {
  const server = create({ connections: 7, headersMs: 3000, idleMs: 4000, keepAliveMs: 5000 })
  const seen = () => [
    server.maxConnections,
    server.headersTimeout,
    server.timeout,
    server.keepAliveTimeout,
    server.maxHeaderSize,
  ]
  // One more than there may be, for which another is ended.
  t.strictSame(seen(), [8, 3000, 4000, 5000, 2000])
  // One line more than the guard lets pass.
  t.strictSame([server.requestTimeout, server.maxHeadersCount], [0, 11])
  applyLimits(server, {
    headerBytes: 10,
    connections: 20,
    heldBytes: 1,
    headersMs: 30,
    idleMs: 40,
    keepAliveMs: 50,
    streams: 0,
  })
  t.strictSame(seen(), [21, 30, 40, 50, 10])
  server.close()
})

/** What a client gets until the end of the connection. */
async function ask(t: Test, server: Server, bytes: string): Promise<string> {
  const client = await openRaw(await listen(t, server))
  t.teardown(() => client.destroy())
  await client.write(bytes)
  await client.until(({ ended }) => ended !== undefined)
  return client.text
}

const refusals: { name: string; bytes: string; limits?: Partial<ServerLimits>; status: number; code: string }[] = [
  {
    name: 'a head beyond its limit',
    bytes: `GET / HTTP/1.1\r\nA: ${'x'.repeat(2100)}\r\n\r\n`,
    status: 431,
    code: 'RequestHeaderSectionTooLarge',
  },
  {
    name: 'a head that does not come in time',
    bytes: 'GET / HT',
    limits: { headersMs: 100 },
    status: 408,
    code: 'RequestTimeout',
  },
  { name: 'CONNECT', bytes: 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', status: 405, code: 'MethodNotAllowed' },
  { name: 'no Host', bytes: 'GET / HTTP/1.1\r\n\r\n', status: 414, code: 'RequestURITooLong' },
  {
    name: 'an unknown Expect',
    bytes: 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n',
    status: 414,
    code: 'RequestURITooLong',
  },
  {
    name: 'a request that waits for a 100',
    bytes: 'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
    status: 414,
    code: 'RequestURITooLong',
  },
]
for (const { name, bytes, limits, status, code } of refusals) {
  t.test(`${name}: the answer is ours, not Node's`, async t => {
    const response = readResponse(await ask(t, create(limits), bytes))
    t.strictSame([response.status, errorCode(response)], [status, code])
  })
}

t.test('a connection that says nothing for its idle time is ended', async t => {
  t.equal(await ask(t, create({ idleMs: 100 }), ''), '')
})

t.test('for a connection beyond the limit, one that rests is ended', async t => {
  const port = await listen(t, create({ connections: 1 }))
  const first = await openRaw(port)
  await sleep(600)
  const second = await openRaw(port)
  await first.until(({ ended }) => ended !== undefined)
  t.equal(second.ended, undefined)
  second.destroy()
})

t.test('where none rests, one whose request waits is ended, and none that moves', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => undefined })
  const proxy = await startTestProxy(t, upstream.url, { limits: { connections: 2 } })
  const [waits, moves] = [await proxy.open(t), await proxy.open(t)]
  await waits.write(get('/web/k'))
  await moves.write('PUT /web/k HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n')
  for (let i = 0; i < 10; i++) {
    await sleep(100)
    await moves.write('x')
  }
  const newcomer = await proxy.open(t)
  await waits.until(({ ended }) => ended !== undefined)
  t.strictSame([moves.ended, newcomer.ended], [undefined, undefined])
})

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`

t.test('pipelined requests are served one after another', async t => {
  const upstream = await startRecordingUpstream(t, {
    // A later request that was begun before this answer would be seen here.
    answer: async ({ target }) => {
      await new Promise(resolve => setTimeout(resolve, 20))
      const body = `${target} ${upstream.requests.length}`
      return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    },
  })
  const proxy = await startTestProxy(t, upstream.url)
  const last = get('/web/3').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
  const text = await proxy.send(t, get('/web/1') + get('/web/2') + last + get('/web/4'))
  t.strictSame(
    readResponses(text).map(({ body }) => body),
    ['/web/1 1', '/web/2 2', '/web/3 3'],
  )
  t.equal(upstream.requests.length, 3, 'nothing is served after the last')
})

t.test('what is pipelined far ahead is read when its turn comes, in order and whole', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: ({ target, body }) => {
      const content = `${target} ${body.toString()}`
      return `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`
    },
  })
  for (const tls of [false, true]) {
    const proxy = await startTestProxy(t, upstream.url, {}, { tls })
    const sent = Array.from({ length: 1500 }, (_, index) => {
      const target = `/web/${index}`
      if (index % 7 === 3)
        return { bytes: `PUT ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`, body: `${target} body` }
      if (index % 7 === 5)
        return {
          bytes: `PUT ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n`,
          body: `${target} body`,
        }
      return { bytes: get(target), body: `${target} ` }
    })
    const last = get('/web/last').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    const text = await proxy.send(t, sent.map(({ bytes }) => bytes).join('') + last)
    t.strictSame(
      readResponses(text).map(({ body }) => body),
      [...sent.map(({ body }) => body), '/web/last '],
      tls ? 'TLS' : 'plain',
    )
  }
})

const handshakes: { version: SecureVersion; speaks: boolean }[] = [
  { version: 'TLSv1.1', speaks: false },
  { version: 'TLSv1.2', speaks: true },
  { version: 'TLSv1.3', speaks: true },
]
for (const { version, speaks } of handshakes) {
  t.test(`${version} is ${speaks ? '' : 'not '}spoken`, async t => {
    const port = await listen(t, create({}, true))
    const seen = await new Promise(resolve => {
      const options = {
        port,
        host: '127.0.0.1',
        ca: cert,
        servername: 'localhost',
        minVersion: version,
        maxVersion: version,
      }
      // Old versions are off in OpenSSL unless its level is lowered.
      const client = connectTls({ ...options, ciphers: 'DEFAULT@SECLEVEL=0', ALPNProtocols: ['h2', 'http/1.1'] })
      t.teardown(() => client.destroy())
      client.once('secureConnect', () => resolve([client.getProtocol(), client.alpnProtocol]))
      client.once('error', () => resolve(undefined))
    })
    t.strictSame(seen, speaks ? [version, 'h2'] : undefined)
  })
}
