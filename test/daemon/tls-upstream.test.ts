// TLS towards the endpoint, seen by the endpoint and by /metrics: whom the proxy believes, which name it asks for, and who it
// says it is. The data path and the proxy's own calls each have a client of their own, so each case asks through both.

import { renameSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { type ExposedLabels, type ExposedName, parseExposition, sumOf } from '../fixtures/exposition.ts'
import { until } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { createTestAuthority, type IssuedCertificate, skipWithoutOpenssl } from '../fixtures/test-authority.ts'

t.setTimeout(300_000)

const skip = skipWithoutOpenssl()
const rules =
  '<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'

interface Endpoint {
  readonly upstream: RecordingUpstream
  readonly server: TlsServer
}

/** Answers every question for rules with one rule, everything else with `ok`. */
async function startEndpoint(t: Test, options: TlsOptions): Promise<Endpoint> {
  let server: TlsServer | undefined
  const upstream = await startRecordingUpstream(t, {
    createServer(onSocket): Server {
      server = createTlsServer(options, onSocket)
      return server
    },
    answer({ target }) {
      const body = target.endsWith('?cors') ? rules : 'ok'
      return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    },
  })
  if (server === undefined) throw new Error('no server')
  return { upstream, server }
}

/** What the endpoint saw of the TLS of each connection that brought a request. */
function handshakes({ upstream }: Endpoint) {
  return upstream.connections
    .filter(({ requests }) => requests.length > 0)
    .map(({ socket, requests }) => {
      const tls = socket as TLSSocket
      const subject = tls.getPeerCertificate()?.subject as { CN?: string } | undefined
      return {
        targets: requests.map(({ target }) => target),
        servername: tls.servername,
        alpn: tls.alpnProtocol,
        client: subject?.CN,
      }
    })
}

async function start(
  t: Test,
  url: string,
  more: string,
  files: Readonly<Record<string, string>>,
): Promise<ProxyProcess> {
  const buckets = 'buckets:\n  media: { from: upstream }\n'
  const proxy = await startProxy(`upstream:\n  url: ${url}\n  credentials: none\n${more}${buckets}`, { files })
  t.teardown(() => proxy.stop('SIGINT'))
  return proxy
}

const get = (proxy: ProxyProcess, path: string, host = '127.0.0.1') =>
  sendHttp({ url: `${proxy.url}${path}`, headers: { Host: host } })

async function preflight(proxy: ProxyProcess): Promise<number> {
  const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' }
  return (await sendHttp({ url: `${proxy.url}/media/key`, method: 'OPTIONS', headers })).status
}

async function metric<Name extends ExposedName>(
  proxy: ProxyProcess,
  name: Name,
  labels: ExposedLabels<Name>,
): Promise<number> {
  const { body } = await sendHttp({ url: `${proxy.adminUrl}/metrics` })
  return sumOf(parseExposition(String(body)), name, labels)
}

t.test('the endpoint’s certificate', { skip }, async t => {
  const authority = createTestAuthority()
  const foreign = createTestAuthority()
  const both = ['localhost', '127.0.0.1']
  const good = authority.issue(both)
  const cases: readonly {
    readonly name: string
    readonly certificate: IssuedCertificate
    readonly host?: string
    /** Undefined: the system's own authorities. */
    readonly ca?: string | undefined
    readonly trusted: boolean
  }[] = [
    { name: 'of a private authority that is named', certificate: good, ca: authority.ca, trusted: true },
    { name: 'of an authority among several', certificate: good, ca: foreign.ca + authority.ca, trusted: true },
    { name: 'of an address', certificate: good, host: '127.0.0.1', ca: authority.ca, trusted: true },
    { name: 'of a private authority that is not configured', certificate: good, ca: undefined, trusted: false },
    { name: 'of a foreign authority', certificate: foreign.issue(both), ca: authority.ca, trusted: false },
    { name: 'for another name', certificate: authority.issue(['other.example']), ca: authority.ca, trusted: false },
    {
      name: 'for the name, where the address is asked',
      certificate: authority.issue(['localhost']),
      host: '127.0.0.1',
      ca: authority.ca,
      trusted: false,
    },
    { name: 'that is over', certificate: authority.issue(both, { days: -1 }), ca: authority.ca, trusted: false },
  ]
  for (const { name, certificate, host = 'localhost', ca, trusted } of cases) {
    await t.test(`${name} is ${trusted ? 'believed' : 'refused'}`, async t => {
      const endpoint = await startEndpoint(t, { ...certificate, ALPNProtocols: ['h2', 'http/1.1'] })
      const url = `https://${host}:${endpoint.upstream.port}`
      const files = ca === undefined ? undefined : { 'ca.pem': ca }
      const proxy = await start(t, url, files === undefined ? '' : '  caFile: ca.pem\n', files ?? {})
      const answer = await get(proxy, '/media/key')
      const seen = handshakes(endpoint)
      if (trusted) {
        t.strictSame([answer.status, String(answer.body)], [200, 'ok'])
        t.equal(await preflight(proxy), 200, 'its rules are known')
        t.ok(seen.length >= 2, 'the data path, and the own calls')
        for (const { servername, alpn } of seen) {
          t.equal(servername, host === 'localhost' ? host : false, 'SNI holds a name, never an address')
          t.equal(alpn, 'http/1.1')
        }
        t.equal(await metric(proxy, 's3cors_upstream_failures_total', {}), 0)
      } else {
        t.match([answer.status, String(answer.body)], [502, /<Code>BadGateway</])
        t.equal(await preflight(proxy), 503, 'its rules are not known')
        t.strictSame(seen, [], 'not a byte of a request was sent')
        t.equal(await metric(proxy, 's3cors_upstream_failures_total', { reason: 'tls' }), 1)
        t.equal(await metric(proxy, 's3cors_rules_fetches_total', { result: 'rules' }), 0)
      }
    })
  }
})

t.test('under rewrite, SNI is the name that Host has', { skip }, async t => {
  const authority = createTestAuthority()
  const endpoint = await startEndpoint(t, authority.issue(['localhost', 'media.localhost', 'photos.localhost']))
  const { port } = endpoint.upstream
  const more = '  host: rewrite\n  caFile: ca.pem\nvirtualHosts: [media.example.com]\nhosts: [files.example.com]\n'
  const proxy = await start(t, `https://localhost:${port}`, more, { 'ca.pem': authority.ca })
  const rows = [
    { host: 'media.media.example.com', sent: 'media.localhost', servername: 'media.localhost', status: 200 },
    { host: 'photos.media.example.com', sent: 'photos.localhost', servername: 'photos.localhost', status: 200 },
    { host: 'files.example.com', sent: 'localhost', servername: 'localhost', status: 200 },
    // Another bucket's certificate must not do; and no wildcard fits a dotted bucket, so the endpoint's own is asked for.
    { host: 'secret.media.example.com', sent: undefined, servername: undefined, status: 502 },
    { host: 'my.media.media.example.com', sent: 'my.media.localhost', servername: 'localhost', status: 200 },
    { host: 'MEDIA.media.example.com', sent: 'media.localhost', servername: 'media.localhost', status: 200 },
  ]
  for (const { host, sent, servername, status } of rows) {
    const target = `/${host}`
    t.equal((await get(proxy, target, host)).status, status, host)
    const request = endpoint.upstream.requests.find(request => request.target === target)
    const field = request?.fields.find(([name]) => name.toLowerCase() === 'host')?.[1]
    t.equal(field, sent === undefined ? undefined : `${sent}:${port}`, `Host for ${host}`)
    const brought = handshakes(endpoint).find(({ targets }) => targets.includes(target))
    t.equal(brought?.servername, servername, `SNI for ${host}`)
  }
  t.equal(await metric(proxy, 's3cors_upstream_failures_total', { reason: 'tls' }), 1)
})

t.test('an endpoint that demands a client certificate', { skip }, async t => {
  const authority = createTestAuthority()
  const clients = createTestAuthority()
  const client = (commonName: string) => clients.issue(['proxy.example'], { commonName })
  const endpoint = await startEndpoint(t, {
    ...authority.issue(['localhost']),
    ca: clients.ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const url = `https://localhost:${endpoint.upstream.port}`
  const certified = '  certFile: client.crt\n  keyFile: client.key\n'
  const withClient = ({ cert, key }: IssuedCertificate) => ({ 'client.crt': cert, 'client.key': key })

  await t.test('refuses a proxy without one, or with a foreign one', async t => {
    const foreign = authority.issue(['proxy.example'])
    // Of a foreign one, Node's server says nothing: it hangs up.
    for (const [files, reason] of [
      [{}, 'tls'],
      [withClient(foreign), 'reset'],
    ] as const) {
      const proxy = await start(t, url, `  caFile: ca.pem\n${'client.crt' in files ? certified : ''}`, {
        'ca.pem': authority.ca,
        ...files,
      })
      t.equal((await get(proxy, '/media/key')).status, 502)
      t.equal(await preflight(proxy), 503)
      t.equal(await metric(proxy, 's3cors_upstream_failures_total', { reason }), 1)
      t.strictSame(handshakes(endpoint), [])
    }
  })

  await t.test(
    'gets it, and the renewed one, and is believed by renewed authorities, without a failed request',
    async t => {
      const files = { 'ca.pem': authority.ca, ...withClient(client('first')) }
      const proxy = await start(t, url, `  caFile: ca.pem\n${certified}rules: { freshSeconds: 1 }\n`, files)
      const folder = dirname(proxy.configFile)
      const replace = (name: string, text: string) => {
        writeFileSync(join(folder, `${name}.new`), text)
        renameSync(join(folder, `${name}.new`), join(folder, name))
      }
      let asked = 0
      const ask = async () => {
        const path = `/media/${asked++}`
        t.equal((await get(proxy, path)).status, 200)
        return handshakes(endpoint).find(({ targets }) => targets.includes(path))?.client
      }
      t.equal(await ask(), 'first')
      t.equal(await preflight(proxy), 200)

      const second = client('second')
      replace('client.crt', second.cert)
      // Longer than a look takes: the old pair stays meanwhile.
      await until(
        async () => /"event":"certificate_not_reloaded"/.test(proxy.logs()),
        'a pair that does not fit is told',
      )
      t.match(
        proxy.logs(),
        /"event":"certificate_not_reloaded","error":"upstream: the PEM files cannot be used: [^"]*mismatch/i,
      )
      t.equal(await metric(proxy, 's3cors_config_last_reload_successful', {}), 0)
      t.equal(await ask(), 'first', 'the old pair stays')
      replace('client.key', second.key)
      await until(async () => (await ask()) === 'second', 'the renewed certificate')
      await until(async () => proxy.logs().includes('"event":"certificate_reloaded","setting":"upstream"'), 'told')
      t.equal(await metric(proxy, 's3cors_config_last_reload_successful', {}), 1)

      const renewed = createTestAuthority()
      replace('ca.pem', authority.ca + renewed.ca)
      const reloads = () => proxy.logs().split('"event":"certificate_reloaded"').length - 1
      await until(async () => reloads() === 2, 'the renewed authorities')
      endpoint.server.setSecureContext({ ...renewed.issue(['localhost']), ca: clients.ca })
      for (const { socket } of endpoint.upstream.connections) socket.destroy()
      t.equal(await ask(), 'second', 'the endpoint’s new certificate is believed')
      const asksForRules = ({ targets }: { targets: readonly string[] }) => targets.some(it => it.endsWith('?cors'))
      await until(async () => {
        t.equal(await preflight(proxy), 200)
        return handshakes(endpoint).some(seen => asksForRules(seen) && seen.client === 'second')
      }, 'the own calls have it, too')
      t.equal(await metric(proxy, 's3cors_upstream_failures_total', {}), 0)
      t.equal(await metric(proxy, 's3cors_requests_total', { code: '5xx' }), 0)
    },
  )
})
