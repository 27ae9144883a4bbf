// How several workers obey as one, seen from outside.

import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { askAdmin } from '../../clients/http-request.ts'
import { scrape, sumOf } from '../../fixtures/exposition.ts'
import { until } from '../../fixtures/patience.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'
import { openRaw, type RawConnection } from '../../fixtures/raw-client.ts'
import { askEach, isAlive, logLines, preflight, startedWorkers } from './worker-setup.ts'

t.setTimeout(300_000)

const rules = (origin: string) => `media: { CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }] }`

t.test('a reload reaches every worker once, and a fault reaches none', async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9" }\nworkers: 3\nbuckets: { ${rules('https://app.example')} }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const reload = async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '0' }
    const { body } = await askAdmin({ url: `${proxy.adminUrl}/reload`, method: 'POST', headers })
    return JSON.parse(String(body)) as { result: string; issues: string[] }
  }
  const statuses = async (origin: string) =>
    [...(await askEach(3, () => preflight(proxy, 'media', origin))).values()].flat().map(({ status }) => status)
  const good = readFileSync(proxy.configFile, 'utf8')

  for (let round = 0; round < 5; round++) {
    writeFileSync(proxy.configFile, good.replace('app.example', `round-${round}.example`))
    // Unchanged, if the proxy has seen the change by itself: in force in any case.
    t.match((await reload()).result, /^(?:applied|unchanged)$/)
    const now = await statuses(`https://round-${round}.example`)
    t.strictSame(new Set(now), new Set([200]), 'in force everywhere when the answer comes')
    t.strictSame(new Set(await statuses('https://app.example')), new Set([403]))
  }
  writeFileSync(proxy.configFile, good.replace('[GET]', '[get]'))
  t.equal((await reload()).result, 'refused')
  t.strictSame(new Set(await statuses('https://round-4.example')), new Set([200]), 'a fault changes nothing')
  t.equal(sumOf(await scrape(proxy.adminUrl), 's3cors_config_last_reload_successful'), 0)

  writeFileSync(proxy.configFile, good.replace('workers: 3', 'workers: 2'))
  t.match((await reload()).result, /^(?:applied|unchanged)$/)
  t.strictSame(new Set(await statuses('https://app.example')), new Set([200]), 'still of three workers')
  t.equal(sumOf(await scrape(proxy.adminUrl), 's3cors_config_restart_required'), 1)

  t.test('and one that is replaced starts with what is in force', async t => {
    const [victim] = logLines(proxy).filter(({ event }) => event === 'worker_started')
    process.kill(Number(victim?.pid), 'SIGKILL')
    await until(() => proxy.logs().split('worker_started').length === 5, 'it is replaced')
    t.strictSame(new Set(await statuses('https://app.example')), new Set([200]))
  })
})

t.test('connections are limited over all workers together, and further ones are ended at little cost', async t => {
  const proxy = await startProxy(
    'upstream: { url: "http://127.0.0.1:9" }\nworkers: 2\nlimits: { connections: 7 }\nbuckets: { media: { from: none } }',
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const clients: RawConnection[] = []
  const served = () => clients.filter(({ receivedBytes }) => receivedBytes > 0).length
  const open = async () => {
    const client = await openRaw(proxy.port)
    clients.push(client)
    await client.write(ask('https://app.example'))
  }
  for (let i = 0; i < 7; i++) await open()
  await until(() => served() === 7, 'seven of seven are served, by the worker that has room')
  for (let i = 0; i < 5; i++) await open()
  await until(() => clients.slice(7).every(({ ended }) => ended !== undefined), 'the others are ended')
  t.equal(served(), 7)
  const cpu = async () => sumOf(await scrape(proxy.adminUrl), 'process_cpu_seconds_total')
  const before = await cpu()
  await sleep(2000)
  t.ok((await cpu()) - before < 1, 'and no process is busy with them')
  for (const client of clients.slice(0, 3)) client.destroy()
  await until(async () => {
    await open()
    await sleep(50)
    return served() > 7
  }, 'a place that is free again is given away')
  for (const client of clients) client.destroy()
})

t.test('a worker that hangs holds up neither a scrape nor a reload for long', async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9" }\nworkers: 2\ndrainSeconds: 1\nbuckets: { ${rules('https://app.example')} }`,
  )
  await askEach(2, () => preflight(proxy))
  const before = await scrape(proxy.adminUrl)
  const [hung] = startedWorkers(proxy)
  process.kill(hung ?? 0, 'SIGSTOP')
  const after = await scrape(proxy.adminUrl)
  for (const name of ['s3cors_requests_total', 'process_cpu_seconds_total', 'process_resident_memory_bytes'] as const) {
    t.ok(sumOf(after, name) >= sumOf(before, name) / 2, `${name}: what it told last is shown`)
  }
  t.ok(sumOf(after, 's3cors_requests_total') >= sumOf(before, 's3cors_requests_total'))
  const former = readFileSync(proxy.configFile, 'utf8')
  writeFileSync(proxy.configFile, former.replace('app.example', 'other.example'))
  process.kill(proxy.pid, 'SIGHUP')
  await until(() => proxy.logs().includes('configuration_reloaded'), 'the reload ends')
  t.match(
    logLines(proxy).filter(({ event }) => event === 'worker_late'),
    [{ worker: 0, pid: hung }],
  )
  t.equal(await proxy.stop('SIGTERM'), 1, 'it cannot drain: it is killed, and the exit code says so')
  t.notOk(isAlive(hung ?? 0))
})

function ask(origin: string): string {
  return `OPTIONS /media/a HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`
}
