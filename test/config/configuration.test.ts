import t from 'tap'
import { parseText, upstreamLine } from '../fixtures/parsed-text.ts'

t.test('every key that is not written has its documented default', async t => {
  t.strictSame(parseText(upstreamLine).configuration, {
    listen: { host: '0.0.0.0', port: 8080 },
    admin: { host: '127.0.0.1', port: 9464 },
    upstream: {
      url: { protocol: 'http:', hostname: '127.0.0.1', port: 9000, authority: '127.0.0.1:9000' },
      host: 'preserve',
      region: 'us-east-1',
      addressing: 'path',
      credentials: 'environment',
      connectSeconds: 5,
      responseSeconds: 300,
      idleSeconds: 120,
      connections: 256,
      queue: 1024,
      queueSeconds: 5,
      keepAliveSeconds: 60,
    },
    virtualHosts: [],
    hosts: [],
    publicOrigins: [],
    forwardedFor: 'replace',
    trustedProxies: [],
    enforcement: 'headers',
    vary: 'always',
    unknownPaths: 'refuse',
    limits: {
      headerBytes: 65_536,
      targetBytes: 8192,
      connections: 10_000,
      headersSeconds: 30,
      idleSeconds: 60,
      keepAliveSeconds: 75,
      concurrentStreams: 100,
    },
    rules: { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30, timeoutSeconds: 2 },
    drainSeconds: 25,
    workers: 1,
    nodeResponses: false,
    metrics: { origins: 100, rules: 200 },
    log: { level: 'info', access: false },
    console: undefined,
    buckets: [],
  })
})

t.test('what is written is taken apart for the parts that read it', async t => {
  const text = `
listen: "[::1]:80"
admin: localhost:81
tls: { certFile: tls.crt, keyFile: /etc/tls.key }
upstream: { url: "https://S3.example.com/", caFile: ca/ca.pem, certFile: c.pem, keyFile: k.pem, host: rewrite }
virtualHosts: [S3.Example.com]
hosts: [Files.Example.com]
publicOrigins: ["https://files.example.com"]
forwardedFor: append
trustedProxies: [10.0.0.0/8, "::1"]
enforcement: block
vary: matched
managed: { store: { directory: ./rules } }
console: { host: Console.example.com, url: "http://[::1]:9001" }
buckets:
  abc: { from: none }
  abd: { from: none, enforcement: report }
  "*": { from: none }
`
  const { configuration } = parseText(text)
  t.match(configuration, {
    listen: { host: '::1', port: 80 },
    admin: { host: 'localhost', port: 81 },
    tls: { certFile: 'config/tls.crt', keyFile: '/etc/tls.key', http2: true },
    upstream: {
      url: { protocol: 'https:', hostname: 's3.example.com', port: 443, authority: 's3.example.com' },
      caFile: 'config/ca/ca.pem',
      certFile: 'config/c.pem',
      keyFile: 'config/k.pem',
    },
    virtualHosts: ['s3.example.com'],
    hosts: ['files.example.com'],
    managed: { store: { directory: 'config/rules' } },
    console: { host: 'console.example.com', url: { hostname: '::1', port: 9001, authority: '[::1]:9001' } },
  })
  t.strictSame(configuration?.buckets, [
    { name: 'abc', source: 'none', rules: [], place: { file: 'config/proxy.yaml', line: 16 }, enforcement: 'block' },
    { name: 'abd', source: 'none', rules: [], place: { file: 'config/proxy.yaml', line: 17 }, enforcement: 'report' },
    { name: '*', source: 'none', rules: [], place: { file: 'config/proxy.yaml', line: 18 }, enforcement: 'block' },
  ])
})

t.test('paths of variables and flags are relative to the working directory, not to the file', async t => {
  const { configuration } = parseText(`${upstreamLine}tls: { certFile: a.crt, keyFile: a.key }\n`, {
    environment: { S3CORS_TLS_CERT_FILE: 'b.crt' },
    flags: { 'upstream-ca-file': 'ca.pem' },
  })
  t.strictSame(configuration?.tls, { certFile: 'b.crt', keyFile: 'config/a.key', http2: true })
  t.equal(configuration?.upstream.caFile, 'ca.pem')
})

t.test('a configuration can cross threads', async t => {
  const { configuration } = parseText(`${upstreamLine}buckets: { abc: { from: none } }\n`)
  t.strictSame(structuredClone(configuration), configuration)
})
