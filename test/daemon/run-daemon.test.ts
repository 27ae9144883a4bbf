import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { openRaw, raw } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

const rule = '[{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }]'
const preflight = (origin: string) =>
  `OPTIONS /media/key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`

t.test('SIGTERM without traffic ends with 0', async t => {
  const proxy = await startProxy('upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1')
  t.equal(await proxy.stop('SIGTERM'), 0)
  t.match(proxy.logs(), /"event":"stopped","result":"drained"/)
})

t.test('SIGTERM with a transfer under way waits for it, and new ones are served meanwhile', async t => {
  let finish = (_text: string): void => undefined
  const upstream = await startRecordingUpstream(t, {
    answer: request =>
      request.target.startsWith('/media/slow')
        ? new Promise<string>(resolve => {
            finish = resolve
          })
        : undefined,
  })
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}" }\ndrainSeconds: 20\nbuckets: { media: { CORSRules: ${rule} } }`,
  )
  const slow = raw(proxy.port, 'GET /media/slow HTTP/1.1\r\nHost: localhost\r\n\r\n', 20_000)
  await until(() => upstream.requests.length === 1, 'the slow request reaches the endpoint')
  const stopped = proxy.stop('SIGTERM')
  await until(async () => (await fetch(`${proxy.adminUrl}/readyz`)).status === 503, 'not ready')
  const late = await raw(proxy.port, preflight('https://app.example'), 5000)
  t.match(late.text, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s, 'refused before it must be')
  finish('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow')
  t.match((await slow).text, /\r\nConnection: close\r\n\r\nslow$/)
  t.equal(await stopped, 0)
})

t.test('a transfer that outlasts the drain is broken off, and the log and the exit code say so', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: (_request, connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
      return new Promise(() => undefined)
    },
  })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}" }\ndrainSeconds: 1`)
  const download = raw(proxy.port, 'GET /media/key HTTP/1.1\r\nHost: localhost\r\n\r\n', 20_000)
  await until(() => upstream.requests.length === 1, 'the download has begun')
  t.equal(await proxy.stop('SIGTERM'), 1)
  t.match(proxy.logs(), /"event":"stopped","result":"expired"/)
  const { text, end } = await download
  t.not(end, 'idle', 'the client sees the end')
  t.notOk(text.endsWith('halfwhole') || /\r\n\r\n.{10}/.test(text), 'and that it is not whole')
})

t.test('a second signal ends at once', async t => {
  const upstream = await startRecordingUpstream(t, { answer: () => new Promise(() => undefined) })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}" }\ndrainSeconds: 600`)
  const client = await openRaw(proxy.port)
  await client.write('GET /media/key HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => upstream.requests.length === 1, 'the request is under way')
  const stopped = proxy.stop('SIGTERM')
  await until(() => proxy.logs().includes('"event":"draining"'), 'draining')
  process.kill(proxy.pid, 'SIGINT')
  t.equal(await stopped, 1, 'without waiting for the drain, which is longer than this test may wait')
  client.destroy()
})

t.test('a reload by SIGHUP and by the file alone; a fault changes nothing', async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\nbuckets: { media: { CORSRules: ${rule} } }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const allows = async (origin: string) =>
    (await raw(proxy.port, preflight(origin), 5000)).text.startsWith('HTTP/1.1 200')
  const metric = async (name: string) =>
    new RegExp(`^${name} (.*)$`, 'm').exec(await (await fetch(`${proxy.adminUrl}/metrics`)).text())?.[1]
  t.equal(await allows('https://app.example'), true)

  const good = readFileSync(proxy.configFile, 'utf8')
  writeFileSync(proxy.configFile, good.replace('app.example', 'new.example'))
  process.kill(proxy.pid, 'SIGHUP')
  await until(() => allows('https://new.example'), 'the new rules are in force')
  t.equal(await allows('https://app.example'), false, 'the old ones are not')

  writeFileSync(proxy.configFile, good.replace('AllowedMethods: [GET]', 'AllowedMethods: [get]'))
  await until(() => proxy.logs().includes('configuration_refused'), 'the fault is told')
  t.match(proxy.logs(), /Found unsupported HTTP method in CORS config\. Unsupported method is get/)
  t.equal(await allows('https://new.example'), true, 'the last good rules stay')
  t.equal(await metric('s3cors_config_last_reload_successful'), '0')

  writeFileSync(proxy.configFile, good.replace(/listen: .*/, 'listen: 127.0.0.1:1'))
  await until(() => allows('https://app.example'), 'the rest of the configuration is taken over')
  t.equal(await metric('s3cors_config_last_reload_successful'), '1')
  t.equal(await metric('s3cors_config_restart_required'), '1', 'listen needs a restart')
})

t.test('a port that is taken ends with 1, and nothing is left running', async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await new Promise(resolve => blocker.once('listening', resolve))
  const { port } = blocker.address() as { port: number }
  const failed = startProxy('upstream: { url: "http://127.0.0.1:9" }', {
    env: { S3CORS_LISTEN: `127.0.0.1:${port}` },
  })
  await t.rejects(failed, {
    message: new RegExp(
      `exit code 1\\b.*"event":"start_failed","setting":"listen","usedBy":"process ${process.pid} [^"]*".*EADDRINUSE`,
      's',
    ),
  })
})

t.test('a configuration with faults ends with 64, and names every one', async t => {
  const failed = startProxy('upstream: { url: "ftp://x" }\nlistn: 1\nbuckets: { media: { from: nowhere } }')
  await t.rejects(failed, { message: /exit code 64\b.*config\.yaml:1:.*config\.yaml:2:1:.*config\.yaml:3:/s })
})

t.test('the process is not there for connections after its end', async t => {
  const proxy = await startProxy('upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1')
  await proxy.stop('SIGINT')
  const refused = await new Promise(resolve => {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('connect', () => resolve('connected'))
  })
  t.equal(refused, 'ECONNREFUSED')
})
