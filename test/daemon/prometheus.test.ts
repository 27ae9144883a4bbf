import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { freePort } from '../servers/free-ports.ts'
import { skipWithout } from '../servers/installed.ts'
import {
  findPrometheus,
  findPromtool,
  howToGetPrometheus,
  type PrometheusSample,
  type PrometheusServer,
  startPrometheus,
} from '../servers/prometheus.ts'

t.setTimeout(300_000)

const skip = skipWithout('Prometheus', findPrometheus() !== undefined, howToGetPrometheus)
const page = 'https://app.example'

t.test('a real Prometheus scrapes what the proxy counted, and promtool finds nothing to say', { skip }, async t => {
  // Nobody listens there: readiness and preflights do not depend on the endpoint.
  const proxy = await startProxy(`upstream: { url: "http://127.0.0.1:${await freePort()}", credentials: none }
buckets:
  media: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }] }
`)
  t.teardown(() => proxy.stop())
  const ask = async (method: string, origin: string) => {
    const headers = { Origin: origin, ...(method === 'OPTIONS' ? { 'Access-Control-Request-Method': 'GET' } : {}) }
    return (await sendHttp({ url: `${proxy.url}/media/picture.png`, method, headers })).status
  }
  t.strictSame(
    [
      await ask('OPTIONS', page),
      await ask('OPTIONS', page),
      await ask('OPTIONS', 'https://evil.example'),
      await ask('GET', page),
    ],
    [200, 200, 403, 502],
    'two preflights are allowed, one is refused, and the endpoint is not there',
  )

  const exposition = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
  t.strictSame(await checkMetrics(exposition), { exitCode: 0, printed: '' }, 'promtool check metrics')

  const prometheus = await startPrometheus({ targets: [new URL(proxy.adminUrl).host] })
  t.teardown(() => prometheus.stop({ keepLogs: !t.passing() }))
  const decisions = 'sum by (bucket, kind, decision, reason) (s3cors_decisions_total) > 0'
  t.strictSame(
    new Set(await scraped(prometheus, decisions)),
    new Set([
      { metric: { bucket: 'media', kind: 'actual', decision: 'allowed', reason: 'matched' }, value: 1 },
      { metric: { bucket: 'media', kind: 'preflight', decision: 'allowed', reason: 'matched' }, value: 2 },
      { metric: { bucket: 'media', kind: 'preflight', decision: 'denied', reason: 'origin' }, value: 1 },
    ]),
    'decisions',
  )
  const origins = 'sum by (origin, decision) (s3cors_origin_requests_total) > 0'
  t.strictSame(
    new Set(await scraped(prometheus, origins)),
    new Set([
      { metric: { origin: page, decision: 'allowed' }, value: 3 },
      { metric: { origin: 'https://evil.example', decision: 'denied' }, value: 1 },
    ]),
    'origins',
  )
})

async function checkMetrics(exposition: string): Promise<{ exitCode: number | null; printed: string }> {
  const promtool = spawn(findPromtool() ?? 'promtool', ['check', 'metrics'])
  promtool.stdin.end(exposition)
  const exitCode = new Promise<number | null>(resolve => promtool.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(promtool.stdout), text(promtool.stderr)])
  return { exitCode: await exitCode, printed: stdout + stderr }
}

/** Prometheus takes some seconds before it first scrapes. */
async function scraped(prometheus: PrometheusServer, expression: string): Promise<readonly PrometheusSample[]> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const samples = await prometheus.query(expression)
    if (samples.length > 0 || Date.now() > deadline) return samples
    await sleep(250)
  }
}
