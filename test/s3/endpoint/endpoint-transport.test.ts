import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { fieldValues } from '../../../src/http/field-values.ts'
import { createTransport, type TransportOptions } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'
import { httpAnswer, type Script, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const request = {
  method: 'GET',
  target: '/media?cors',
  headers: ['host', 'endpoint.example'],
  maxBodyBytes: 1024,
} as const

function transportTo(t: Test, options: TransportOptions) {
  const transport = createTransport(options)
  t.teardown(() => transport.close())
  return transport
}

async function endpointOf(t: Test, scripts: readonly Script[], tls?: { cert: string; key: string }) {
  const endpoint = await startScriptedEndpoint(scripts, tls)
  t.teardown(() => endpoint.close())
  return endpoint
}

const faults: readonly { name: string; script: Script; reason: string; detail: RegExp }[] = [
  { name: 'an endpoint that never answers', script: () => {}, reason: 'timeout', detail: /within 0.3 s/ },
  {
    name: 'a head that drips',
    script: (_, socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-Slow: '),
    reason: 'timeout',
    detail: /within 0.3 s/,
  },
  {
    name: 'a body that drips, byte by byte, within every timeout but the whole one',
    script: (_, socket) => drip(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'),
    reason: 'timeout',
    detail: /within 0.3 s/,
  },
  {
    name: 'a connection that is closed without an answer',
    script: (_, socket) => socket.destroy(),
    reason: 'network',
    detail: /UND_ERR_SOCKET|ECONNRESET/,
  },
  {
    name: 'a body announced as 100 MB',
    script: (_, socket) => pour(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n', 'x'.repeat(65_536)),
    reason: 'oversized',
    detail: /over 1024 bytes/,
  },
  {
    name: 'a chunked body without end',
    script: (_, socket) =>
      pour(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', `1000\r\n${'x'.repeat(4096)}\r\n`),
    reason: 'oversized',
    detail: /over 1024 bytes/,
  },
  {
    name: 'a gzip bomb',
    script: (_, socket) => {
      const bomb = gzipSync(Buffer.alloc(10_000_000))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`)
      socket.write(bomb)
    },
    reason: 'malformed',
    detail: /Content-Encoding/,
  },
  {
    name: 'a head without end',
    script: (_, socket) => pour(socket, 'HTTP/1.1 200 OK\r\n', `X-A: ${'a'.repeat(4096)}\r\n`),
    reason: 'oversized',
    detail: /HEADERS_OVERFLOW/,
  },
  {
    name: 'a body shorter than its Content-Length',
    script: (_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<CORSConfiguration/>'),
    reason: 'network',
    detail: /./,
  },
  {
    name: 'a chunked body without its last chunk',
    script: (_, socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<CORS\r\n'),
    reason: 'network',
    detail: /./,
  },
  {
    name: 'an answer that is not HTTP',
    script: 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    reason: 'malformed',
    detail: /HPE_/,
  },
]
for (const { name, script, reason, detail } of faults) {
  t.test(`${name} is a failure`, async t => {
    const endpoint = await endpointOf(t, [script])
    const transport = transportTo(t, {
      url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
      // What is to be found before the time limit has the time of a busy machine.
      timeoutMs: reason === 'timeout' ? 300 : 60_000,
    })
    t.match(await transport.send(request), { kind: 'failure', reason, detail })
  })
}

t.test('a port without a listener is a failure', async t => {
  const endpoint = await startScriptedEndpoint([''])
  await endpoint.close()
  const transport = transportTo(t, {
    url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
    timeoutMs: 1000,
  })
  t.strictSame(await transport.send(request), {
    kind: 'failure',
    reason: 'network',
    detail: 'the connection failed (ECONNREFUSED)',
  })
})

t.test('a host name that does not exist is a failure', async t => {
  const transport = transportTo(t, {
    url: { protocol: 'http:', hostname: 'endpoint.invalid', port: 80 },
    timeoutMs: 2000,
  })
  t.match(await transport.send(request), { kind: 'failure', reason: /^(dns|timeout)$/ })
})

t.test('an endpoint that speaks no TLS is a failure', async t => {
  const endpoint = await endpointOf(t, [httpAnswer(200, 'x')])
  const transport = transportTo(t, {
    url: { protocol: 'https:', hostname: 'localhost', port: endpoint.port },
    timeoutMs: 300,
  })
  t.match(await transport.send(request), { kind: 'failure', reason: /^(tls|timeout)$/ })
})

const tls = { cert: localhostCertificate, key: localhostKey }

t.test('a certificate that cannot be verified is a failure', async t => {
  const endpoint = await endpointOf(t, [httpAnswer(200, 'x')], tls)
  const transport = transportTo(t, {
    url: { protocol: 'https:', hostname: 'localhost', port: endpoint.port },
    timeoutMs: 2000,
  })
  t.strictSame(await transport.send(request), {
    kind: 'failure',
    reason: 'tls',
    detail: 'TLS failed (DEPTH_ZERO_SELF_SIGNED_CERT)',
  })
  t.equal(endpoint.seen.length, 0, 'nothing was sent')
})

t.test('a certificate for another name is a failure', async t => {
  const endpoint = await endpointOf(t, [httpAnswer(200, 'x')], tls)
  const url = { protocol: 'https:', hostname: '127.0.0.1', port: endpoint.port } as const
  const transport = transportTo(t, { url, ca: localhostCertificate, timeoutMs: 2000 })
  t.match(await transport.send(request), { kind: 'failure', reason: 'tls', detail: /ALTNAME/ })
})

t.test('an address is checked itself: a caller cannot choose the name by its Host', async t => {
  const endpoint = await endpointOf(t, [httpAnswer(200, 'x')], tls)
  const url = { protocol: 'https:', hostname: '127.0.0.1', port: endpoint.port } as const
  const transport = transportTo(t, { url, ca: localhostCertificate, timeoutMs: 2000 })
  const asked = { ...request, headers: ['host', 'localhost'] }
  t.match(await transport.send(asked), { kind: 'failure', reason: 'tls', detail: /ALTNAME/ })
  t.equal(endpoint.seen.length, 0, 'nothing was sent')
})

t.test('the certificate is checked for the endpoint, whatever Host says, over one connection', async t => {
  const endpoint = await endpointOf(t, [httpAnswer(200, 'x')], tls)
  const url = { protocol: 'https:', hostname: 'localhost', port: endpoint.port } as const
  const transport = transportTo(t, { url, ca: localhostCertificate, timeoutMs: 2000, connections: 1 })
  for (const host of ['media.s3.example.com', 'other.s3.example.com']) {
    t.match(await transport.send({ ...request, headers: ['host', host] }), { status: 200 })
  }
  t.strictSame(
    endpoint.seen.map(request => request.header('host')),
    ['media.s3.example.com', 'other.s3.example.com'],
  )
  t.equal(endpoint.open(), 1)
})

t.test('a whole answer is given as it came', async t => {
  const endpoint = await endpointOf(t, [
    httpAnswer(404, '<Error/>', { 'X-Twice': 'a' }).replace('X-Twice: a', 'X-Twice: a\r\nX-Twice: b'),
  ])
  const transport = transportTo(t, {
    url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
    timeoutMs: 2000,
  })
  const answer = await transport.send({ ...request, method: 'PUT', body: Buffer.from('body') })
  t.match(answer, { status: 404, body: Buffer.from('<Error/>') })
  const headers = 'headers' in answer ? answer.headers : []
  t.strictSame(fieldValues(headers, 'content-type'), ['application/xml'])
  t.strictSame(fieldValues(headers, 'x-twice'), ['a', 'b'])
  t.ok(headers.includes('X-Twice'), 'names in the letters that came')
  t.match(endpoint.seen[0], { method: 'PUT', target: '/media?cors', body: 'body' })
  t.equal(transport.authority, `127.0.0.1:${endpoint.port}`)
})

t.test('a call that is given up ends at once', async t => {
  const endpoint = await endpointOf(t, [() => {}])
  const transport = transportTo(t, {
    url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
    timeoutMs: 5000,
  })
  const controller = new AbortController()
  const answer = transport.send({ ...request, signal: controller.signal })
  controller.abort()
  t.strictSame(await answer, { kind: 'failure', reason: 'network', detail: 'given up' })
})

const authorities: readonly { hostname: string; port: number; protocol: 'http:' | 'https:'; authority: string }[] = [
  { hostname: 's3.example.com', port: 443, protocol: 'https:', authority: 's3.example.com' },
  { hostname: '::1', port: 9000, protocol: 'http:', authority: '[::1]:9000' },
  { hostname: '[::1]', port: 80, protocol: 'http:', authority: '[::1]' },
]
for (const { hostname, port, protocol, authority } of authorities) {
  t.test(`Host for ${protocol}//${hostname} port ${port} is ${authority}`, async t => {
    t.equal(transportTo(t, { url: { protocol, hostname, port }, timeoutMs: 1000 }).authority, authority)
  })
}

function drip(socket: Socket, first: string): void {
  socket.write(first)
  const timer = setInterval(() => socket.write('x'), 20)
  socket.on('close', () => clearInterval(timer))
}

function pour(socket: Socket, first: string, again: string): void {
  socket.write(first)
  const more = () => {
    while (!socket.destroyed && socket.write(again));
  }
  socket.on('drain', more)
  more()
}
