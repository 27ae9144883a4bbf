// Content of an endpoint that speaks TLS, as a client gets it: whole, or seen to be broken off, and at what cost.

import { connect, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { readResponse } from '../fixtures/client-responses.ts'
import { get, openMany, stall } from '../fixtures/crowd.ts'
import { parseExposition, sumOf } from '../fixtures/exposition.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { megabytes, noProcessMemory, peakResidentBytes, residentBytes } from '../fixtures/process-memory.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { openRaw } from '../fixtures/raw-client.ts'
import {
  type RecordedConnection,
  type RecordingOptions,
  type RecordingUpstream,
  startRecordingUpstream,
} from '../fixtures/recording-upstream.ts'
import { chunkedBytes, patternedBytes, readSlowly, writeEndlessly } from '../fixtures/streams.ts'

t.setTimeout(300_000)

const startEndpoint = (t: Test, options: RecordingOptions): Promise<RecordingUpstream> =>
  startRecordingUpstream(t, {
    ...options,
    createServer: (onSocket): Server =>
      createTlsServer({ cert: localhostCertificate, key: localhostKey, noDelay: true }, onSocket),
    keepBytes: false,
  })

async function start(
  t: Test,
  { port, url }: RecordingUpstream,
  { clientTls = false, endpointTls = true } = {},
): Promise<ProxyProcess> {
  const endpoint = endpointTls ? `"https://localhost:${port}", caFile: ca.pem` : `"${url}"`
  const tls = clientTls ? 'tls: { certFile: ca.pem, keyFile: key.pem }\n' : ''
  const text = `${tls}upstream: { url: ${endpoint}, credentials: none, connections: 600 }`
  const proxy = await startProxy(text, { files: { 'ca.pem': localhostCertificate, 'key.pem': localhostKey } })
  t.teardown(() => proxy.stop('SIGKILL'))
  return proxy
}

/** Resolves when the kernel has taken it. */
const write = (socket: Socket, bytes: Buffer | string) =>
  new Promise<void>(resolve => socket.write(bytes, () => resolve()))

const content = patternedBytes(1, 3_000_001)

/** In records of every length, many and few to a read. */
async function writeInRecords(socket: Socket, bytes: Buffer): Promise<void> {
  const lengths = [1, 100, 1000, 16_383, 16_384, 16_385, 65_536, 300_000, 700_000]
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[(i * 7) % lengths.length] ?? 1
    const written = write(socket, bytes.subarray(at, at + length))
    if (i % 5 === 0) await written
    at += length
  }
}

t.test('content arrives byte for byte, however its records are cut', async t => {
  const upstream = await startEndpoint(t, {
    async answer({ target }, { socket }) {
      const fields = {
        '/web/length': `Content-Length: ${content.length}\r\n`,
        '/web/chunked': 'Transfer-Encoding: chunked\r\n',
        '/web/close': '',
      }[target]
      if (fields === undefined) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
      const bytes = target === '/web/chunked' ? chunkedBytes(content, 1) : content
      await writeInRecords(socket, Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`), bytes]))
      if (target === '/web/close') socket.end()
      return undefined
    },
  })
  const proxy = await start(t, upstream)
  for (const framing of ['length', 'chunked', 'close'] as const) {
    for (const slow of [false, true]) {
      await t.test(`${framing}, to a client that reads ${slow ? 'by fits and starts' : 'on'}`, async t => {
        const client = await openRaw(proxy.port)
        t.teardown(() => client.destroy())
        await client.write(get(`/web/${framing}`).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
        if (slow) readSlowly(client.socket, 1)
        await client.until(({ ended }) => ended !== undefined, 120_000)
        const { body, verdict, framing: seen } = readResponse(client.text)
        t.equal(client.ended, 'fin')
        t.equal(seen, framing)
        t.equal(verdict, framing === 'close' ? 'open' : 'complete')
        t.equal(Buffer.from(body, 'latin1').equals(content), true)
      })
    }
  }
})

/** Without a close_notify: only the TCP connection ends. */
const endTcp = ({ socket }: RecordedConnection) => {
  const { _parent: below } = socket as TLSSocket & { readonly _parent?: Socket }
  below?.end()
}

const ends: readonly {
  readonly name: string
  readonly head: string
  readonly end: (connection: RecordedConnection) => void
  readonly whole: boolean
  readonly clientEnd: 'fin' | 'reset'
}[] = [
  {
    name: 'a close_notify before the length is reached',
    head: 'Content-Length: 1000000\r\n',
    end: ({ socket }) => socket.end(),
    whole: false,
    clientEnd: 'fin',
  },
  {
    name: 'the end of TCP alone before the length is reached',
    head: 'Content-Length: 1000000\r\n',
    end: endTcp,
    whole: false,
    clientEnd: 'fin',
  },
  {
    name: 'a close_notify within chunks',
    head: 'Transfer-Encoding: chunked\r\n',
    end: ({ socket }) => socket.end(),
    whole: false,
    clientEnd: 'fin',
  },
  {
    name: 'a close_notify where it is the end of the content',
    head: '',
    end: ({ socket }) => socket.end(),
    whole: true,
    clientEnd: 'fin',
  },
  {
    name: 'a reset where the end of the connection is the end of the content',
    head: '',
    end: ({ socket }) => (socket as TLSSocket & { _parent?: Socket })._parent?.resetAndDestroy(),
    whole: false,
    clientEnd: 'reset',
  },
]
for (const { name, head, end, whole, clientEnd } of ends) {
  t.test(`${name} is ${whole ? 'whole' : 'broken off'}`, async t => {
    const part = patternedBytes(2, 200_000)
    const upstream = await startEndpoint(t, {
      async answer({ target }, connection) {
        if (target !== '/web/k') return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
        const size = head.startsWith('Transfer') ? `${(1_000_000).toString(16)}\r\n` : ''
        await write(connection.socket, Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n${size}`), part]))
        await received
        end(connection)
        return undefined
      },
    })
    const proxy = await start(t, upstream)
    const client = await openRaw(proxy.port)
    t.teardown(() => client.destroy())
    // A reset may overtake what was sent before it.
    const received = client.until(({ receivedBytes }) => receivedBytes > part.length, 30_000)
    await client.write(get('/web/k'))
    await client.until(({ ended }) => ended !== undefined, 30_000)
    t.equal(client.ended, clientEnd)
    const { body, verdict } = readResponse(client.text)
    t.equal(verdict, head === '' ? 'open' : 'incomplete')
    t.equal(Buffer.from(body, 'latin1').equals(part), true, 'all that came was passed on')
    const { body: metrics } = await sendHttp({ url: `${proxy.adminUrl}/metrics` })
    const failures = sumOf(parseExposition(String(metrics)), 's3cors_upstream_failures_total', { reason: 'truncated' })
    t.equal(failures, whole ? 0 : 1)
  })
}

async function majorCollections(proxy: ProxyProcess): Promise<number> {
  const { body } = await sendHttp({ url: `${proxy.adminUrl}/metrics` })
  return sumOf(parseExposition(String(body)), 'nodejs_gc_duration_seconds_count', { kind: 'major' })
}

/** Where each 30 MB or so cost a collection, four times the two that are allowed. */
const longBytes = 256 * 1024 ** 2
const piece = Buffer.alloc(256 * 1024, 'x')

async function writeLong(socket: Socket): Promise<void> {
  for (let sent = 0; sent < longBytes; sent += piece.length) await write(socket, piece)
}

/** An endpoint that sends much to GET, and counts what comes with PUT. */
const startLong = (t: Test, tls: boolean) =>
  (tls ? startEndpoint : startRecordingUpstream)(t, {
    async answer({ method, target }, { socket }) {
      if (target !== '/web/k') return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
      if (method === 'PUT') return 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
      await write(socket, `HTTP/1.1 200 OK\r\nContent-Length: ${longBytes}\r\n\r\n`)
      await writeLong(socket)
      return undefined
    },
    keepBytes: false,
  })

for (const [client, endpoint] of [
  ['plain', 'plain'],
  ['plain', 'TLS'],
  ['TLS', 'plain'],
] as const) {
  for (const what of ['download', 'upload', 'upload in chunks'] as const) {
    t.test(`a long ${what} costs no collection of all memory: ${client} client, ${endpoint} endpoint`, async t => {
      const upstream = await startLong(t, endpoint === 'TLS')
      const proxy = await start(t, upstream, { clientTls: client === 'TLS', endpointTls: endpoint === 'TLS' })
      const socket = client === 'TLS' ? connectTls({ port: proxy.port, ca: localhostCertificate }) : connect(proxy.port)
      t.teardown(() => socket.destroy())
      const before = await majorCollections(proxy)
      let received = 0
      const wanted = what === 'download' ? longBytes : 10
      const done = new Promise<void>(resolve => {
        socket.on('data', chunk => {
          received += chunk.length
          if (received >= wanted) resolve()
        })
      })
      if (what === 'download') await write(socket, get('/web/k'))
      else {
        const framing = what === 'upload' ? `Content-Length: ${longBytes}` : 'Transfer-Encoding: chunked'
        await write(socket, `PUT /web/k HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`)
        if (what === 'upload') await writeLong(socket)
        else {
          const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
          for (let sent = 0; sent < longBytes; sent += piece.length) await write(socket, chunk)
          await write(socket, '0\r\n\r\n')
        }
      }
      await done
      // Each 30 MB or so would cost one; a process that finds itself idle between the pieces collects once by itself.
      const collections = (await majorCollections(proxy)) - before
      t.ok(collections <= 2, `${collections} collections`)
    })
  }
}

t.test('two hundred stalled readers of large objects', { skip: noProcessMemory }, async t => {
  let asked = 0
  let begin = (): void => undefined
  const allAsked = new Promise<void>(resolve => {
    begin = resolve
  })
  const upstream = await startEndpoint(t, {
    async answer({ target }, connection) {
      if (target !== '/web/large') return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
      connection.socket.setMaxListeners(0)
      // While it sends, it has no time for handshakes.
      if (++asked === 200) begin()
      await allAsked
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n')
      await writeEndlessly(connection)
      return undefined
    },
  })
  const proxy = await start(t, upstream)
  await sendHttp({ url: `${proxy.url}/web/warm` })
  const before = residentBytes(proxy.pid)
  const clients = await openMany(t, proxy, 200)
  await stall(upstream, clients)
  const peak = peakResidentBytes(proxy.pid)
  t.comment(`200 stalled readers: peak RSS ${megabytes(peak)}, ${megabytes(peak - before)} more than before them`)
  t.ok(peak - before < 200 * 500_000, 'at most 500 KB for each')
})
