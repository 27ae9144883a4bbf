// What a worker does when the primary ends it, and when another process sends it signals.

import t from 'tap'
import { sendHttp } from '../../clients/http-request.ts'
import { scrape, sumOf } from '../../fixtures/exposition.ts'
import { until } from '../../fixtures/patience.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'
import { openRaw, raw } from '../../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { askEach, isAlive, preflight, startedWorkers } from './worker-setup.ts'

t.setTimeout(300_000)

const rules = 'buckets: { media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] } }'
const nowhere = `upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\n${rules}\n`

t.test('SIGTERM ends every process with 0, and SIGHUP to the whole group is one reload', async t => {
  const proxy = await startProxy(`${nowhere}workers: 3`)
  const workers = startedWorkers(proxy)
  t.equal(workers.length, 3)
  await askEach(3, () => preflight(proxy))
  for (const pid of workers) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  process.kill(proxy.pid, 'SIGHUP')
  await until(() => proxy.logs().includes('reload_requested'), 'the reload')
  await askEach(3, () => preflight(proxy))
  t.equal(startedWorkers(proxy).length, 3, 'workers obey the primary alone')
  t.equal(await proxy.stop('SIGTERM'), 0)
  t.match(proxy.logs(), /"event":"stopped","result":"drained"/)
  t.strictSame(workers.filter(isAlive), [])
})

t.test('a drain waits for the transfers of every worker, and a second signal does not wait', async t => {
  const finish: (() => void)[] = []
  const upstream = await startRecordingUpstream(t, {
    answer: () =>
      new Promise(resolve => {
        finish.push(() => resolve('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'))
      }),
  })
  const configuration = `upstream: { url: "${upstream.url}" }\ndrainSeconds: 25\n${rules}\nworkers: 2`
  const proxy = await startProxy(configuration)
  const get = () => raw(proxy.port, 'GET /media/slow HTTP/1.1\r\nHost: localhost\r\n\r\n', 40_000)
  const slow = Array.from({ length: 8 }, get)
  await until(() => finish.length === 8, 'eight transfers are under way')
  t.equal(sumOf(await scrape(proxy.adminUrl), 's3cors_in_flight_requests'), 8)
  const stopped = proxy.stop('SIGTERM')
  await until(async () => (await sendHttp({ url: `${proxy.adminUrl}/readyz` })).status === 503, 'not ready')
  for (const end of finish) end()
  for (const { text } of await Promise.all(slow)) t.match(text, /\r\nConnection: close\r\n\r\nslow$/)
  t.equal(await stopped, 0)

  // A drain that outlasts this test: one that is waited for shows.
  const hasty = await startProxy(configuration.replace('drainSeconds: 25', 'drainSeconds: 3600'))
  const workers = startedWorkers(hasty)
  const client = await openRaw(hasty.port)
  await client.write('GET /media/slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => finish.length === 9, 'a transfer is under way')
  const ended = hasty.stop('SIGTERM')
  await until(() => hasty.logs().includes('"event":"draining"'), 'draining')
  process.kill(hasty.pid, 'SIGTERM')
  t.equal(await ended, 1, 'without waiting for the drain')
  await until(() => !workers.some(isAlive), 'no worker is left')
  client.destroy()
})

t.test('a transfer that outlasts the drain is broken off, and the exit code says so', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: (_request, { socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
      return new Promise(() => undefined)
    },
  })
  const proxy = await startProxy(`upstream: { url: "${upstream.url}" }\ndrainSeconds: 1\nworkers: 2`)
  const download = raw(proxy.port, 'GET /media/key HTTP/1.1\r\nHost: localhost\r\n\r\n', 20_000)
  await until(() => upstream.requests.length === 1, 'the download has begun')
  t.equal(await proxy.stop('SIGTERM'), 1)
  t.not((await download).end, 'idle')
})
