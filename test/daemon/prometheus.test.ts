import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { rows } from '../../deploy/grafana/dashboard.ts'
import { spawn } from '../fixtures/children.ts'
import { type ExposedSample, scrape, sumOf, sumsBy } from '../fixtures/exposition.ts'
import { patientMs } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { skipWithout } from '../servers/installed.ts'
import {
  findPromtool,
  howToGetPrometheus,
  type PrometheusServer,
  type Scraper,
  scrapers,
  startPrometheus,
} from '../servers/prometheus.ts'
import { answerMixed, type Counted, mixedConfiguration, sendRound, uploadBytes } from './mixed-traffic.ts'

t.setTimeout(300_000)

const skips = scrapers.map(({ name, server, howToGetIt }) => skipWithout(name, server !== undefined, howToGetIt))
const rounds = 6

t.test(
  'real servers scrape the proxy under mixed and hostile traffic',
  { skip: skips.every(skip => skip !== false) && howToGetPrometheus },
  async t => {
    const upstream = await startRecordingUpstream(t, { answer: answerMixed, keepBytes: false })
    const proxy = await startProxy(
      `upstream: { url: "${upstream.url}", credentials: none, responseSeconds: 1 }\n${mixedConfiguration}`,
    )
    t.teardown(() => proxy.stop())
    const started = new Map<Scraper, PrometheusServer>()
    for (const scraper of scrapers.filter(({ server }) => server !== undefined)) {
      const server = await startPrometheus({ scraper, targets: [new URL(proxy.adminUrl).host] })
      started.set(scraper, server)
      t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    }

    const sent: Counted[] = []
    for (let round = 0; round < rounds; round++) {
      sent.push(...(await sendRound(proxy.port, round)))
      // At least one scrape between two rounds.
      await sleep(1500)
    }
    const samples = await settled(proxy.adminUrl, sent.length)

    await t.test('every request is counted exactly once, as what it was', async t => {
      t.equal(sumOf(samples, 's3cors_requests_total'), sent.length, `requests_total: all ${sent.length} requests`)
      t.strictSame(
        sumsBy(samples, 's3cors_requests_total', ['kind', 'code']),
        tally(sent, ({ kind, code }) => `${kind} ${code}`),
        'requests_total by kind and code',
      )
      t.strictSame(
        sumsBy(samples, 's3cors_decisions_total', ['kind', 'bucket', 'decision', 'reason']),
        tally(sent, ({ kind, decision }) => (decision === undefined ? undefined : `${kind} ${decision}`)),
        'decisions_total by kind, bucket, decision and reason',
      )
      for (const kind of ['preflight', 'actual'] as const) {
        t.equal(
          sumOf(samples, 's3cors_decisions_total', { kind }),
          sumOf(samples, 's3cors_requests_total', { kind }),
          `decisions_total of kind ${kind} = requests_total of kind ${kind}`,
        )
      }
      t.strictSame(
        sumsBy(samples, 's3cors_origin_requests_total', ['bucket', 'decision', 'reason']),
        sumsBy(samples, 's3cors_decisions_total', ['bucket', 'decision', 'reason']),
        'origin_requests_total = decisions_total by bucket, decision and reason: nothing was evicted',
      )
      t.equal(
        sumOf(samples, 's3cors_label_overflow_total'),
        sumOf(samples, 's3cors_origin_requests_total', { origin: 'other' }),
        'label_overflow_total = requests under "other"',
      )
      t.strictSame(
        sumsBy(samples, 's3cors_upstream_failures_total', ['reason']),
        tally(sent, ({ failure }) => failure),
        'upstream_failures_total by reason',
      )
      t.equal(sumOf(samples, 's3cors_request_duration_seconds_count'), sent.length, 'each has a duration')
      t.equal(sumOf(samples, 's3cors_client_aborts_total'), rounds, 'client_aborts_total')
      t.equal(sumOf(samples, 's3cors_request_body_bytes_total'), 2 * rounds * uploadBytes, 'request_body_bytes_total')
      t.equal(sumOf(samples, 's3cors_in_flight_requests'), 0, 'nothing is in flight')
    })

    await t.test(
      'promtool check metrics finds nothing to say',
      { skip: skipWithout('Prometheus', findPromtool() !== undefined, howToGetPrometheus) },
      async t => {
        const exposition = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
        t.strictSame(await checkMetrics(exposition), { exitCode: 0, printed: '' })
      },
    )

    for (const [index, scraper] of scrapers.entries()) {
      await t.test(scraper.name, { skip: skips[index] || false }, async t => {
        const server = started.get(scraper)
        if (server === undefined) throw new Error(`${scraper.name} was not started`)
        await answersDashboard(t, server, sent.length)
      })
    }
  },
)

async function answersDashboard(t: Test, server: PrometheusServer, requests: number): Promise<void> {
  // Grafana's table reads what was scraped: the last scrape must have seen the last request.
  const scraped = async () => (await server.query('sum(s3cors_requests_total)'))[0]?.value
  while ((await scraped()) !== requests) await sleep(250)

  await t.test('every panel of the dashboard has data', async t => {
    t.comment('panel → expression, without the matchers of job, instance and bucket → value')
    for (const { title: row, panels } of rows) {
      for (const panel of panels) {
        const queries = panel.kind === 'table' ? [{ expr: panel.expr, legend: '' }] : panel.queries
        for (const { expr } of queries) {
          const result = await server.query(substitute(expr))
          t.ok(result.length > 0, `${row} / ${panel.title}: data for ${expr}`)
          t.ok(
            result.every(({ value }) => Number.isFinite(value)),
            `${row} / ${panel.title}: numbers`,
          )
          const values = result
            .slice(0, 4)
            .map(({ metric, value }) => `${labelsOf(metric)}${Number(value.toPrecision(4))}`)
          const rest = result.length > 4 ? ` and ${result.length - 4} more` : ''
          const shown = expr.replaceAll(/(?:job|instance|bucket)=~"[^"]*"(?:, )?/g, '').replaceAll('{}', '')
          t.comment(`${row} / ${panel.title} → ${shown} → ${values.join(', ')}${rest}`)
        }
      }
    }
  })

  const askTable = async (title: string) => {
    const table = rows.flatMap(({ panels }) => panels).find(panel => panel.title === title)
    return await server.query(substitute(table?.kind === 'table' ? table.expr : ''))
  }

  await t.test('the rules that matched nothing are those without traffic', async t => {
    const result = await askTable('Rules that matched nothing')
    t.strictSame(
      result.map(({ metric, value }) => `${metric.bucket} ${metric.rule} ${value}`).sort(),
      ['blocked 1 0', 'reported 1 0'],
      'and neither the rule that the endpoint keeps nor what is counted as other',
    )
  })

  await t.test('what the rules would refuse is told of buckets in report alone', async t => {
    const result = await askTable('What the rules would refuse')
    t.strictSame([...new Set(result.map(({ metric }) => `${metric.bucket} ${metric.reason}`))], ['reported origin'])
    t.strictSame(
      await server.query('sum by (bucket, decision, endpoint) (s3cors_report_decisions_total)'),
      [{ metric: { bucket: 'reported', decision: 'denied', endpoint: 'allowed' }, value: 2 * rounds }],
      'the endpoint would go on allowing it',
    )
  })

  await t.test('the table of refused origins counts them to the unit', async t => {
    const result = await askTable('Top refused origins')
    const evil = result.filter(({ metric }) => metric.origin === 'https://evil.example' && metric.bucket === 'media')
    t.strictSame(
      evil,
      [{ metric: { origin: 'https://evil.example', bucket: 'media', reason: 'origin' }, value: 2 * rounds }],
      'its first refusal included, which increase() alone would not see',
    )
  })
}

function tally(sent: readonly Counted[], key: (counted: Counted) => string | undefined): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const counted of sent) {
    const name = key(counted)
    if (name !== undefined) sums[name] = (sums[name] ?? 0) + 1
  }
  return sums
}

/** What Grafana puts in the place of its variables. */
function substitute(expr: string): string {
  const values: Readonly<Record<string, string>> = {
    job: '.+',
    instance: '.+',
    bucket: '.+',
    __rate_interval: '30s',
    __range: '5m',
    __interval: '1s',
    __from: String(Date.now() - 300_000),
  }
  return expr.replace(/\$(\w+)/g, (_, name: string) => values[name] ?? '')
}

function labelsOf(metric: Readonly<Record<string, string>>): string {
  const labels = Object.entries(metric).filter(([name]) => !['job', 'instance', '__name__'].includes(name))
  return labels.length === 0 ? '' : `${labels.map(([, value]) => value).join(' ')} `
}

/** The metrics once the last request has ended: the timeout of the endpoint's answer is the last. */
async function settled(adminUrl: string, requests: number): Promise<readonly ExposedSample[]> {
  const deadline = Date.now() + patientMs(20_000)
  for (;;) {
    const samples = await scrape(adminUrl)
    if (sumOf(samples, 's3cors_requests_total') >= requests || Date.now() > deadline) return samples
    await sleep(100)
  }
}

async function checkMetrics(exposition: string): Promise<{ exitCode: number | null; printed: string }> {
  const promtool = spawn(findPromtool() ?? 'promtool', ['check', 'metrics'])
  promtool.stdin.end(exposition)
  const exitCode = new Promise<number | null>(resolve => promtool.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(promtool.stdout), text(promtool.stderr)])
  return { exitCode: await exitCode, printed: stdout + stderr }
}
