// TLS of the S3 port, through the whole process: what it speaks, and what a renewed certificate does to transfers under way.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { type ConnectionOptions, connect, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { parseExposition, sumOf } from '../fixtures/exposition.ts'
import { until } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { createTestAuthority, type IssuedCertificate, skipWithoutOpenssl } from '../fixtures/test-authority.ts'

t.setTimeout(300_000)

const skip = skipWithoutOpenssl()

function start(t: Test, url: string, { cert, key }: IssuedCertificate, env: Readonly<Record<string, string>> = {}) {
  const text = `tls:\n  certFile: tls.crt\n  keyFile: tls.key\nupstream:\n  url: ${url}\nbuckets:\n  media: { from: none }\n`
  return startProxy(text, { files: { 'tls.crt': cert, 'tls.key': key }, env }).then(proxy => {
    t.teardown(() => proxy.stop('SIGINT'))
    return proxy
  })
}

/** Replaces the file in one step, as programs that renew certificates should; `write` is how others do. */
function fileOf(proxy: ProxyProcess, name: string) {
  const file = join(dirname(proxy.configFile), name)
  return {
    replace(text: string) {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    },
    write: (text: string) => writeFileSync(file, text),
  }
}

const patient = { host: '127.0.0.1', servername: 'localhost', ciphers: 'ALL:@SECLEVEL=0' } as const

/** What was agreed on, or the code of the refusal. */
function handshake(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise(resolve => {
    const client = connect({ ...patient, port, rejectUnauthorized: false, ...options })
    client.once('secureConnect', () => {
      resolve(`${client.getProtocol()} ${client.getCipher().name} ${client.alpnProtocol}`)
      client.destroy()
    })
    client.once('error', (error: NodeJS.ErrnoException) => {
      resolve(`refused: ${error.code}`)
      client.destroy()
    })
  })
}

const only = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: version, maxVersion: version })
const suite = (ciphers: string) => ({ ...only('TLSv1.2'), ciphers: `${ciphers}:@SECLEVEL=0` })
const refused =
  /^refused: ERR_SSL_(TLSV1_ALERT_PROTOCOL_VERSION|SSL\/TLS_ALERT_HANDSHAKE_FAILURE|SSLV3_ALERT_HANDSHAKE_FAILURE)$/

/** With an RSA certificate, for which every old suite exists. `lax`: a server that was told nothing speaks it. */
const offers: readonly { name: string; options: ConnectionOptions; agreed: RegExp; lax: RegExp }[] = [
  { name: 'TLS 1.0', options: only('TLSv1'), agreed: refused, lax: /^TLSv1 / },
  { name: 'TLS 1.1', options: only('TLSv1.1'), agreed: refused, lax: /^TLSv1\.1 / },
  { name: 'TLS 1.2', options: only('TLSv1.2'), agreed: /^TLSv1\.2 ECDHE-RSA-AES128-GCM-SHA256 /, lax: /^TLSv1\.2 / },
  { name: 'TLS 1.3', options: only('TLSv1.3'), agreed: /^TLSv1\.3 TLS_AES_128_GCM_SHA256 /, lax: /^TLSv1\.3 / },
  { name: 'nothing in particular', options: {}, agreed: /^TLSv1\.3 /, lax: /^TLSv1\.3 / },
  { name: 'ChaCha20 alone', options: suite('ECDHE-RSA-CHACHA20-POLY1305'), agreed: /CHACHA20/, lax: /CHACHA20/ },
  {
    name: 'RSA without forward secrecy',
    options: suite('AES256-GCM-SHA384'),
    agreed: refused,
    lax: / AES256-GCM-SHA384 /,
  },
  { name: 'RSA and CBC', options: suite('AES128-SHA'), agreed: refused, lax: / AES128-SHA / },
  { name: 'CBC with SHA-1', options: suite('ECDHE-RSA-AES256-SHA'), agreed: refused, lax: / ECDHE-RSA-AES256-SHA / },
  { name: 'CBC with SHA-2', options: suite('ECDHE-RSA-AES128-SHA256'), agreed: refused, lax: /-SHA256 / },
  { name: 'no authentication', options: suite('AECDH-AES128-SHA'), agreed: refused, lax: / AECDH-AES128-SHA / },
  { name: 'no encryption', options: suite('NULL-SHA256'), agreed: refused, lax: / NULL-SHA256 / },
  {
    name: 'HTTP/2 and HTTP/1.1',
    options: { ALPNProtocols: ['h2', 'http/1.1'] },
    agreed: / h2$/,
    lax: / false$/,
  },
]

t.test('old protocols and weak ciphers are not spoken, before and after a renewal', { skip }, async t => {
  const authority = createTestAuthority()
  const first = authority.issue(['localhost'], { rsa: true, commonName: 'first' })
  const lax = createTlsServer({ ...first, minVersion: 'TLSv1', ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' })
  lax.on('tlsClientError', () => undefined)
  lax.listen(0, '127.0.0.1')
  await once(lax, 'listening')
  t.teardown(() => lax.close())
  // Node is told to speak everything: what is refused is refused by the proxy itself.
  const env = { NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=ALL:COMPLEMENTOFALL:@SECLEVEL=0' }
  const proxy = await start(t, 'http://127.0.0.1:9', first, env)
  for (const { name, options, lax: expected } of offers) {
    await t.test(`a server that was told nothing takes ${name}`, async t => {
      t.match(await handshake((lax.address() as AddressInfo).port, options), expected)
    })
  }
  const ask = async (when: string) => {
    for (const { name, options, agreed } of offers) {
      await t.test(`${name}, ${when}`, async t => t.match(await handshake(proxy.port, options), agreed))
    }
  }
  await ask('at first')
  const second = authority.issue(['localhost'], { rsa: true, commonName: 'second' })
  fileOf(proxy, 'tls.crt').write(second.cert)
  fileOf(proxy, 'tls.key').write(second.key)
  process.kill(proxy.pid, 'SIGHUP')
  await until(async () => (await nameOf(proxy, authority.ca)) === 'second', proxy.logs)
  await ask('renewed')
})

function open(proxy: ProxyProcess, ca: string, more: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const client = connect({ host: '127.0.0.1', port: proxy.port, servername: 'localhost', ca, ...more })
    client.once('secureConnect', () => resolve(client))
    client.once('error', reject)
  })
}

/** The common name of the certificate that a new connection gets; its session is not kept. */
async function nameOf(proxy: ProxyProcess, ca: string): Promise<unknown> {
  const client = await open(proxy, ca)
  const { CN } = client.getPeerCertificate().subject
  client.destroy()
  return CN
}

const pieceBytes = 64 * 1024
const pieces = 40

/** Gives its object, and takes a client's, one piece for each step of the test. */
async function startSlowEndpoint(t: Test, object: Buffer) {
  const waiting = new Set<ServerResponse>()
  const received: Buffer[] = []
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.method === 'GET' && incoming.url === '/media/slow') {
      response.writeHead(200, { 'Content-Length': object.length })
      response.flushHeaders()
      waiting.add(response)
      return
    }
    if (incoming.method === 'PUT') incoming.on('data', (chunk: Buffer) => received.push(chunk))
    else incoming.resume()
    incoming.on('end', () => response.end('ok'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    receivedBytes: () => received.reduce((sum, { length }) => sum + length, 0),
    received: () => sha256(Buffer.concat(received)),
    give(from: number, to: number) {
      for (const response of waiting) {
        response.write(object.subarray(from * pieceBytes, to * pieceBytes))
        if (to === pieces) response.end()
      }
    },
  }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

t.test('certificates are replaced while transfers are under way', { skip }, async t => {
  const authority = createTestAuthority()
  const { ca } = authority
  const issue = (commonName: string) => authority.issue(['localhost'], { commonName })
  const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(issue) as [
    IssuedCertificate,
    IssuedCertificate,
    IssuedCertificate,
    IssuedCertificate,
  ]
  const object = randomBytes(pieces * pieceBytes)
  const endpoint = await startSlowEndpoint(t, object)
  const proxy = await start(t, endpoint.url, first)
  const [crt, key] = [fileOf(proxy, 'tls.crt'), fileOf(proxy, 'tls.key')]
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const https = (method: string, path: string, more: object = {}) =>
    request({ host: '127.0.0.1', port: proxy.port, servername: 'localhost', ca, agent: false, method, path, ...more })

  // An idle connection that will be used again, and a session that a client would like to go on with.
  const small = async () => {
    const [response] = (await once(https('GET', '/media/small', { agent }).end(), 'response')) as [IncomingMessage]
    const { CN } = (response.socket as TLSSocket).getPeerCertificate().subject
    response.resume()
    await once(response, 'end')
    return [response.statusCode, CN]
  }
  t.strictSame(await small(), [200, 'first'])
  const session = await new Promise<Buffer>(resolve => {
    void open(proxy, ca).then(client => {
      client.once('session', ticket => {
        resolve(ticket)
        client.destroy()
      })
      client.write('GET /media/small HTTP/1.1\r\nHost: localhost\r\n\r\n')
    })
  })
  const resumed = await open(proxy, ca, { session })
  t.equal(resumed.isSessionReused(), true, 'sessions are resumed while the certificate stays')
  resumed.destroy()

  const download = https('GET', '/media/slow').end()
  const [incoming] = (await once(download, 'response')) as [IncomingMessage]
  const got: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => got.push(chunk))
  const upload = https('PUT', '/media/upload', { headers: { 'Content-Length': object.length } })
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>
  answered.catch(() => undefined)

  let done = 0
  /** Moves both transfers on, and waits until the pieces have arrived at the other end of each. */
  const move = async (by = 4) => {
    const to = Math.min(pieces, done + by)
    endpoint.give(done, to)
    upload.write(object.subarray(done * pieceBytes, to * pieceBytes))
    done = to
    const bytes = to * pieceBytes
    const gotBytes = () => got.reduce((sum, { length }) => sum + length, 0)
    await until(
      () => gotBytes() === bytes && endpoint.receivedBytes() === bytes,
      () => `${gotBytes()} and ${endpoint.receivedBytes()} of ${bytes}`,
    )
  }
  const isNow = (name: string) =>
    until(
      async () => (await nameOf(proxy, ca)) === name,
      () => `${name}: ${proxy.logs()}`,
    )
  const faults = () => proxy.logs().split('"event":"certificate_not_reloaded"').length - 1
  const successful = async () =>
    sumOf(
      parseExposition(await (await fetch(`${proxy.adminUrl}/metrics`)).text()),
      's3cors_config_last_reload_successful',
    )
  const refused = async () => {
    const { configuration } = (await (await fetch(`${proxy.adminUrl}/status`)).json()) as {
      configuration: { refused: { part: string; issues: string[] }[] }
    }
    return configuration.refused
  }
  await move()

  await t.test('a new pair is for new connections', async t => {
    crt.replace(second.cert)
    key.replace(second.key)
    await isNow('second')
    await until(() => proxy.logs().includes('"event":"certificate_reloaded","setting":"tls"'), proxy.logs)
    t.strictSame(await small(), [200, 'first'], 'a connection keeps what it has')
    const again = await open(proxy, ca, { session })
    t.equal(again.isSessionReused(), false, 'a session of the old certificate is over')
    t.equal(again.getPeerCertificate().subject.CN, 'second')
    again.destroy()
    await move()
  })

  await t.test('half a certificate changes nothing and is told', async t => {
    const before = faults()
    crt.write(third.cert.slice(0, 300))
    await until(() => faults() > before, proxy.logs)
    t.equal(await nameOf(proxy, ca), 'second')
    t.equal(await successful(), 0)
    t.match((await refused())[0], { part: 'certificate', issues: [/^tls: the PEM files cannot be used: /] })
    await move()
  })

  await t.test('a certificate whose key is another changes nothing and is told', async t => {
    const before = faults()
    crt.write(third.cert)
    await until(() => faults() > before, proxy.logs)
    t.match(proxy.logs(), /"certificate_not_reloaded","error":"tls: the PEM files cannot be used: [^"]*mismatch/i)
    t.equal(await nameOf(proxy, ca), 'second')
    t.equal(await successful(), 0)
    await move()
  })

  await t.test('its key makes it whole', async t => {
    key.write(third.key)
    await isNow('third')
    t.equal(await successful(), 1)
    t.strictSame(await refused(), [])
    await move()
  })

  await t.test('a reload by signal in the midst of a replacement changes nothing, and waits for the rest', async t => {
    crt.write(fourth.cert)
    key.write(fourth.key.slice(0, 100))
    process.kill(proxy.pid, 'SIGHUP')
    await until(() => proxy.logs().includes('"event":"reload_failed"'), proxy.logs)
    t.equal(await nameOf(proxy, ca), 'third')
    t.equal(await successful(), 0)
    t.ok((await refused()).some(({ part }) => part === 'configuration'))
    await move()
    key.write(fourth.key)
    await isNow('fourth')
    await until(async () => (await successful()) === 1, proxy.logs)
    t.strictSame(await refused(), [])
    await move()
  })

  await t.test('both transfers end whole, on the connections that they began on', async t => {
    const certificates = [incoming, upload].map(({ socket }) => (socket as TLSSocket).getPeerCertificate().subject.CN)
    await move(pieces)
    upload.end()
    const [response] = await answered
    t.equal(response.statusCode, 200)
    if (!incoming.complete) await once(incoming, 'end')
    t.equal(sha256(Buffer.concat(got)), sha256(object), 'what was downloaded')
    t.equal(endpoint.received(), sha256(object), 'what was uploaded')
    t.strictSame(certificates, ['first', 'first'])
    t.strictSame(await small(), [200, 'first'])
  })
})

t.test('every worker takes a renewed certificate', { skip }, async t => {
  const authority = createTestAuthority()
  const issue = (commonName: string) => authority.issue(['localhost'], { commonName })
  const endpoint = await startSlowEndpoint(t, Buffer.alloc(0))
  const proxy = await start(t, endpoint.url, issue('first'), { S3CORS_WORKERS: '2' })
  // Connections go to the workers in turn, so four of them reach both.
  const names = () => Promise.all([1, 2, 3, 4].map(() => nameOf(proxy, authority.ca)))
  t.strictSame(await names(), ['first', 'first', 'first', 'first'])
  const second = issue('second')
  fileOf(proxy, 'tls.crt').replace(second.cert)
  fileOf(proxy, 'tls.key').replace(second.key)
  await until(async () => (await names()).every(name => name === 'second'), proxy.logs)
  t.match(await handshake(proxy.port, only('TLSv1.1')), refused)
})
