// The log beside a developer who mends one mistake after another.

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { parseExposition, sumOf } from '../fixtures/exposition.ts'
import { until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import { answerOf, setUp } from './upstream-setup.ts'

t.setTimeout(120_000)

const preflight = (origin: string, method: string, headers = '') =>
  `OPTIONS /media/key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: ${method}\r\n${headers === '' ? '' : `Access-Control-Request-Headers: ${headers}\r\n`}\r\n`

const tellsOf = ({ requestMethod, requestHeaders }: Record<string, unknown>) => `${requestMethod} ${requestHeaders}`

for (const workers of [1, 2]) {
  t.test(`each mistake is a line, and each again after a reload, with ${workers} workers`, async t => {
    const proxy = await startProxy(
      `upstream: { url: "http://127.0.0.1:9" }\nworkers: ${workers}\ndrainSeconds: 1\nbuckets:\n  media:\n    CORSRules: [{ AllowedOrigins: ["https://app.example", "file://", "app://MyApp"], AllowedMethods: [PUT], AllowedHeaders: [x-good] }]\n`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const denied = () =>
      proxy
        .logs()
        .split('\n')
        .filter(line => line.includes('"event":"cors_denied"'))
        .map(line => JSON.parse(line) as Record<string, unknown>)
    const isTold = (what: string, after = 0) =>
      until(() =>
        denied()
          .slice(after)
          .some(line => tellsOf(line) === what),
      )
    /** Several times, so that each worker has seen it. */
    const ask = async (method: string, headers: string, origin = 'https://app.example') => {
      let bytes = 0
      for (let time = 0; time < 6; time++) {
        const { text } = await raw(proxy.port, preflight(origin, method, headers), 5000)
        bytes += text.length - text.indexOf('\r\n\r\n') - 4
      }
      return bytes
    }
    const told = () => new Set(denied().map(tellsOf))

    let bytes = await ask('PUT', 'x-good,x-one')
    await isTold('PUT x-good,x-one')
    t.strictSame(told(), new Set(['PUT x-good,x-one']))
    t.ok(denied().length <= workers, 'once, by each worker')
    bytes += await ask('PUT', 'x-good,x-two')
    bytes += await ask('POST', 'x-good')
    await isTold('PUT x-good,x-two')
    await isTold('POST x-good')
    t.strictSame(told(), new Set(['PUT x-good,x-one', 'PUT x-good,x-two', 'POST x-good']))
    t.ok(denied().length <= 3 * workers)

    const before = denied().length
    const good = readFileSync(proxy.configFile, 'utf8')
    writeFileSync(proxy.configFile, good.replace('[x-good]', '[x-good, x-other]'))
    await until(() => proxy.logs().includes('configuration_reloaded'))
    bytes += await ask('PUT', 'x-good,x-two')
    // The same mistake after other rules.
    await isTold('PUT x-good,x-two', before)
    t.ok(denied().length <= before + workers)

    for (const origin of ['file://', 'app://MyApp']) await ask('PUT', 'x-good', origin)
    const scraped = async () => parseExposition(await (await fetch(`${proxy.adminUrl}/metrics`)).text())
    // Each worker reports for itself, a moment later.
    await until(async () => sumOf(await scraped(), 's3cors_origin_requests_total', { decision: 'allowed' }) >= 12)
    const samples = await scraped()
    for (const origin of ['file://', 'app://MyApp'])
      t.equal(sumOf(samples, 's3cors_origin_requests_total', { origin, decision: 'allowed' }), 6, origin)
    t.equal(sumOf(samples, 's3cors_response_body_bytes_total'), bytes, "the proxy's own answers count")
  })
}

t.test('rules that cannot be read are a warning', async t => {
  const { proxy } = await setUp(t, {
    cors: ({ target }) =>
      target.startsWith('/denied') ? answerOf(403, '<Error><Code>AccessDenied</Code></Error>') : answerOf(200, rules),
    buckets: '  denied: { from: upstream }\n  good-one: { from: upstream }\n',
  })
  await until(() => proxy.logs().split('"event":"rules_fetched"').length >= 3)
  const lines = proxy
    .logs()
    .split('\n')
    .filter(line => line.includes('"event":"rules_fetched"'))
    .map(line => JSON.parse(line) as Record<string, unknown>)
  t.match(
    lines.find(({ bucket }) => bucket === 'denied'),
    { level: 'warn', result: 'auth' },
  )
  t.match(
    lines.find(({ bucket }) => bucket === 'good-one'),
    { level: 'info', result: 'rules' },
  )
})

const rules =
  '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>'
