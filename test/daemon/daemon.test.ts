import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Configuration } from '../../src/config/configuration.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import { createLog } from '../../src/telemetry/log/log.ts'
import { listen } from '../fixtures/client-side.ts'
import { parseText } from '../fixtures/parsed-text.ts'
import { sinkTo } from '../fixtures/stream-sink.ts'

// What only the composition itself can do wrong. The process around it is in daemon/run-daemon.test.ts.

const base = 'listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrainSeconds: 1\n'

function configure(text: string, endpoint = 'http://127.0.0.1:9'): Configuration {
  const { configuration } = parseText(`${base}upstream: { url: "${endpoint}" }\n${text}`)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

function start(configuration: Configuration): Promise<{ daemon: Daemon; logged: () => string }> {
  const stream = new PassThrough()
  let text = ''
  stream.on('data', chunk => {
    text += chunk
  })
  const log = createLog({ level: 'info', sink: sinkTo(stream) })
  return startDaemon({
    configuration,
    environment: {},
    adminToken: undefined,
    version: '1.2.3',
    log,
    reload: async () => ({ kind: 'unchanged' }),
  }).then(daemon => ({ daemon, logged: () => text }))
}

const preflight = (url: string) =>
  fetch(`${url}/media/key`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' },
  }).then(response => response.status)

const metrics = (daemon: Daemon) => fetch(`${daemon.adminUrl}/metrics`).then(response => response.text())

t.test('a daemon serves, takes a new configuration, refuses a bad one, and drains', async t => {
  const rules = 'CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }]'
  const { daemon, logged } = await start(configure('buckets: { media: { from: none, enforcement: report } }\n'))
  t.match(daemon.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.match(logged(), /"event":"not_protected","bucket":"media"/)

  await daemon.apply(configure(`workers: 1\nbuckets: { media: { ${rules} } }\n`), [])
  t.equal(await preflight(daemon.url), 200)
  t.match(
    await metrics(daemon),
    /s3cors_decisions_total\{bucket="media",kind="preflight",decision="allowed",reason="matched"\} 1/,
  )
  t.match(logged(), /"event":"configuration_reloaded","buckets":1/)

  daemon.refuse([
    {
      severity: 'fault',
      reason: 'test',
      file: 'proxy.yaml',
      line: 1,
      column: 2,
      path: ['listen'],
      value: 1,
      message: 'is wrong',
      allowed: 'right',
    },
  ])
  t.match(await metrics(daemon), /s3cors_config_last_reload_successful 0/)
  t.equal(await preflight(daemon.url), 200, 'the old configuration stays')

  await t.rejects(
    daemon
      .apply(configure('tls: { certFile: /none, keyFile: /none }\n'), [])
      .then(() => preflight(daemon.url))
      .then(status => {
        // TLS cannot be turned on while running, so its files are not even read: the rest is taken over.
        if (status === 403) throw new Error('taken over without TLS')
      }),
    { message: 'taken over without TLS' },
  )
  t.match(await metrics(daemon), /s3cors_config_restart_required 1/)
  t.equal(await daemon.drain(0), 'drained')
})

t.test('a daemon that cannot take its admin port leaves its S3 port', async t => {
  const { daemon } = await start(configure(''))
  const taken = new URL(daemon.adminUrl).port
  await t.rejects(start({ ...configure(''), admin: { host: '127.0.0.1', port: Number(taken) } }), {
    code: 'EADDRINUSE',
  })
  t.equal(await daemon.drain(0), 'drained')
})

t.test('a running proxy reads the URL of an object as the endpoint was found to read it', async t => {
  // It takes the first label of any name for the bucket.
  const endpoint = createServer((request, response) => {
    const [bucket] = (request.headers.host ?? '').split('.')
    response.writeHead(404, { 'Content-Type': 'application/xml' })
    response.end(`<Error><Code>NoSuchBucket</Code><BucketName>${bucket}</BucketName></Error>`)
  })
  const port = await listen(t, endpoint)
  const rules = 'CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }]'
  const text = `hosts: [files.example.com]\nbuckets: { media: { ${rules} } }\n`
  const { daemon, logged } = await start(configure(text, `http://127.0.0.1:${port}`))
  while (!logged().includes('host_reading')) await setTimeout(20)
  const query = 'url-of-object=http://files.example.com/media/b.png&origin=https://app.example'
  const explained = await (await fetch(`${daemon.adminUrl}/explain?${query}`)).json()
  t.match(explained, {
    allowed: false,
    noChange: /^the endpoint reads the bucket of the Host "files.example.com" otherwise than the configuration says/,
  })
  await daemon.drain(0)
})

t.test('a configuration that is in force already is told so, changes nothing, and is not logged again', async t => {
  const rules = 'CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }]'
  const text = `buckets: { media: { ${rules}, enforcement: report } }\n`
  const { daemon, logged } = await start(configure(text))
  t.teardown(() => daemon.drain(0))
  const lines = (event: string) => logged().split(`"event":"${event}"`).length - 1
  t.equal(await daemon.apply(configure(text), []), 'unchanged')
  t.equal(lines('configuration_reloaded'), 0)
  t.equal(lines('not_protected'), 1, 'at the start')
  t.equal(await daemon.apply(configure(`# moved by a line\n${text}`), []), 'applied', 'explanations name lines')
  t.equal(await daemon.apply(configure(`# moved by a line\n${text}`), [], 'a digest'), 'applied', 'the file is another')
  t.equal(await daemon.apply(configure(`# moved by a line\n${text}`), [], 'a digest'), 'unchanged')
  daemon.refuse([])
  t.equal(await daemon.apply(configure(`# moved by a line\n${text}`), [], 'a digest'), 'applied', 'after a refusal')
  t.match(await metrics(daemon), /s3cors_config_last_reload_successful 1/)
  t.equal(await daemon.apply(configure(`drainSeconds: 2\n${text}`.replace('drainSeconds: 2\n', '')), []), 'applied')
})
