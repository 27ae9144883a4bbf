// How workers end and are replaced, seen from outside.

import { connect } from 'node:net'
import t from 'tap'
import { sendHttp } from '../../clients/http-request.ts'
import { scrape, sumOf } from '../../fixtures/exposition.ts'
import { until } from '../../fixtures/patience.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'
import { raw } from '../../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { askEach, isAlive, logLines, preflight, startedWorkers } from './worker-setup.ts'

t.setTimeout(300_000)

const rules = 'buckets: { media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] } }'
const nowhere = `upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\n${rules}\n`

t.test('a killed worker costs its own transfers alone, and is replaced', async t => {
  const finish: (() => void)[] = []
  const upstream = await startRecordingUpstream(t, {
    answer: request =>
      request.target.includes('slow')
        ? new Promise(resolve => {
            finish.push(() => resolve('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'))
          })
        : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}" }\ndrainSeconds: 5\n${rules}\nworkers: 2`)
  t.teardown(() => proxy.stop('SIGINT'))
  for (let i = 0; i < 20; i++) await preflight(proxy)
  const slow = Array.from({ length: 8 }, () =>
    raw(proxy.port, 'GET /media/slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 40_000),
  )
  await until(() => finish.length === 8, 'eight transfers are under way')
  const before = await scrape(proxy.adminUrl)

  const [victim = 0, other = 0] = startedWorkers(proxy)
  process.kill(victim, 'SIGKILL')
  await until(() => startedWorkers(proxy).length === 3, 'another worker takes its place')
  const broken = () => upstream.connections.filter(({ ended }) => ended !== undefined).length
  await until(() => broken() > 0, 'the endpoint sees the transfers of the killed worker end')
  for (const end of finish) end()
  const results = await Promise.all(slow)
  const whole = results.filter(({ text }) => text.endsWith('\r\n\r\nslow')).length
  const lost = results.filter(({ text }) => text === '').length
  t.equal(whole + lost, 8)
  // In turn: neither worker had all of them.
  t.ok(whole > 0 && lost > 0, `${whole} transfers are whole, ${lost} were lost with the worker`)
  t.ok(isAlive(other))

  await askEach(2, () => preflight(proxy))
  const after = await scrape(proxy.adminUrl)
  for (const name of ['s3cors_requests_total', 's3cors_decisions_total', 'process_cpu_seconds_total'] as const) {
    t.ok(sumOf(after, name) >= sumOf(before, name), `${name} does not go back`)
  }
  t.ok(sumOf(after, 's3cors_requests_total', { kind: 'preflight' }) > 20)
  t.equal(sumOf(after, 's3cors_in_flight_requests'), 0, 'what the killed worker had in flight is not')
  t.match(
    logLines(proxy).filter(({ event }) => event === 'worker_ended'),
    [{ level: 'warn', worker: 0, pid: victim, signal: 'SIGKILL', againSeconds: 0.1 }],
  )
})

t.test('a crash loop waits longer each time, and the others serve meanwhile', async t => {
  const proxy = await startProxy(`${nowhere}workers: 2`)
  t.teardown(() => proxy.stop('SIGINT'))
  const ended = () => logLines(proxy).filter(({ event }) => event === 'worker_ended')
  let [victim = 0] = startedWorkers(proxy)
  for (let round = 1; round <= 4; round++) {
    process.kill(victim, 'SIGKILL')
    await until(() => ended().length === round, 'the end is noticed')
    t.equal((await preflight(proxy)).status, 200)
    await until(() => startedWorkers(proxy).length === 2 + round, 'it is replaced')
    victim = startedWorkers(proxy).at(-1) ?? 0
  }
  t.strictSame(
    ended().map(({ againSeconds }) => againSeconds),
    [0.1, 0.2, 0.4, 0.8],
  )
  t.equal((await sendHttp({ url: `${proxy.adminUrl}/readyz` })).status, 200, 'ready as long as one worker listens')
})

t.test('without the primary no worker is left', async t => {
  const proxy = await startProxy(`${nowhere}workers: 2`)
  const workers = startedWorkers(proxy)
  t.equal(await proxy.stop('SIGKILL'), null)
  await until(() => !workers.some(isAlive), 'the workers end')
  const refused = await new Promise(resolve => {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('connect', () => resolve('connected'))
  })
  t.equal(refused, 'ECONNREFUSED')
})
