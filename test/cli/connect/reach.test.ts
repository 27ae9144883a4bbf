import { createServer } from 'node:net'
import type { TlsOptions } from 'node:tls'
import t from 'tap'
import { type ReachTarget, reach } from '../../../src/cli/connect/reach.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'
import { startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const tls = { cert: localhostCertificate, key: localhostKey }
const files = { ca: Buffer.from(localhostCertificate) }
const urlOf = (protocol: 'http:' | 'https:', hostname: string, port: number) => ({
  protocol,
  hostname,
  port,
  authority: `${hostname}:${port}`,
})

const cases: readonly {
  name: string
  server?: TlsOptions
  target: Partial<ReachTarget>
  url: ['http:' | 'https:', string]
  severities: readonly string[]
  what: RegExp
  todo?: RegExp
}[] = [
  {
    name: 'a port that takes connections',
    target: {},
    url: ['http:', '127.0.0.1'],
    severities: ['ok'],
    what: /^127\.0\.0\.1:\d+ is reached \(127\.0\.0\.1 port \d+\)$/,
  },
  {
    name: 'a certificate that is verified',
    server: tls,
    target: { files },
    url: ['https:', 'localhost'],
    severities: ['ok', 'ok'],
    what: /^TLSv1\.3, HTTP\/1\.1; the certificate is valid for this name until .* 2126 GMT$/,
  },
  {
    name: 'a certificate that ends soon',
    server: tls,
    target: { files, now: () => Date.UTC(2126, 9, 25) },
    url: ['https:', 'localhost'],
    severities: ['ok', 'warning'],
    what: /2126 GMT, which is soon$/,
    todo: /^renew it/,
  },
  {
    name: 'a certificate of an unknown authority',
    server: tls,
    target: {},
    url: ['https:', 'localhost'],
    severities: ['fault'],
    what: /^localhost:\d+: no connection \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
    todo: /^set upstream\.caFile/,
  },
  {
    name: 'a certificate for another name',
    server: tls,
    target: { files, servername: 'media.localhost' },
    url: ['https:', 'localhost'],
    severities: ['fault'],
    what: /^media\.localhost:\d+: no connection \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
    todo: /^name it as its certificate does: DNS:localhost$/,
  },
  {
    name: 'a certificate for a name, where the address is an IP',
    server: tls,
    target: { files },
    url: ['https:', '127.0.0.1'],
    severities: ['fault'],
    what: /ERR_TLS_CERT_ALTNAME_INVALID/,
    todo: /DNS:localhost$/,
  },
  {
    name: 'a name that there is not',
    target: {},
    url: ['http:', 'endpoint.invalid'],
    severities: ['fault'],
    what: /^endpoint\.invalid:\d+: no connection \((?:ENOTFOUND|EAI_AGAIN)\)$/,
    todo: /host name/,
  },
]
for (const { name, server, target, url, severities, what, todo } of cases) {
  t.test(`${name}: ${severities.at(-1)}`, async t => {
    const endpoint = await startScriptedEndpoint([() => {}], server)
    t.teardown(() => endpoint.close())
    const findings = await reach({ files: {}, timeoutMs: 5000, ...target, url: urlOf(...url, endpoint.port) })
    t.strictSame(
      findings.map(({ severity, about }) => [severity, about]),
      severities.map(severity => [severity, 'upstream.url']),
    )
    t.match(findings.at(-1)?.what, what)
    if (todo === undefined) t.equal(findings.at(-1)?.todo, undefined)
    else t.match(findings.at(-1)?.todo, todo)
  })
}

t.test('a port without TLS is no https endpoint', async t => {
  const server = createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const [finding] = await reach({ url: urlOf('https:', '127.0.0.1', port), files: {}, timeoutMs: 5000 })
  t.match(finding, { severity: 'fault', what: /\((?:ERR_SSL|EPROTO)/, todo: /^http:\/\// })
})

t.test('a port without a listener, for a name with two addresses', async t => {
  const endpoint = await startScriptedEndpoint([''])
  await endpoint.close()
  const [finding] = await reach({ url: urlOf('http:', 'localhost', endpoint.port), files: {}, timeoutMs: 5000 })
  t.match(finding, { severity: 'fault', what: /\(ECONNREFUSED\)$/, todo: /^start the endpoint/ })
})

t.test('a TLS handshake that never ends is given up', async t => {
  const server = createServer(socket => socket.on('error', () => {}))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const [finding] = await reach({ url: urlOf('https:', '127.0.0.1', port), files: {}, timeoutMs: 100 })
  t.match(finding, { severity: 'fault', what: /no connection within 0\.1 s$/, todo: /firewalls/ })
})
