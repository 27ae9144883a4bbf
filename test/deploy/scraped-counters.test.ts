// The tables of the dashboard and the rules' histograms against what real servers scrape from a target that a test writes.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { rows } from '../../deploy/grafana/dashboard.ts'
import { countedSince } from '../../deploy/grafana/selector.ts'
import { skipWithout } from '../servers/installed.ts'
import { type PrometheusServer, scrapers, startPrometheus } from '../servers/prometheus.ts'

t.setTimeout(300_000)

interface Target {
  /** `host:port`. */
  readonly address: string
  /** What is exposed; while it is undefined, a scrape fails. */
  expose(text: string | undefined): void
}

async function startTarget(t: Test): Promise<Target> {
  let text: string | undefined
  const server = createServer((_, response) => {
    response.writeHead(text === undefined ? 503 : 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(text)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    expose(next) {
      text = next
    },
  }
}

/** One process: when it started, and how often each origin was refused. */
function exposition(startedAtMs: number, refused: Readonly<Record<string, number>>): string {
  return [
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${Math.floor(startedAtMs / 1000)}`,
    '# TYPE s3cors_origin_requests_total counter',
    ...Object.entries(refused).map(
      ([origin, count]) => `s3cors_origin_requests_total{origin="https://${origin}.example"} ${count}`,
    ),
    '',
  ].join('\n')
}

/** Asks until the answer is what `isWanted` waits for; a server that never gives it is ended by the test's time. */
async function until(server: PrometheusServer, expression: string, isWanted: (value: number | undefined) => boolean) {
  while (!isWanted((await server.query(expression))[0]?.value)) await sleep(200)
}

for (const scraper of scrapers) {
  const skip = skipWithout(scraper.name, scraper.server !== undefined, scraper.howToGetIt)
  t.test(`${scraper.name}: the tables count to the unit`, { skip }, async t => {
    const target = await startTarget(t)
    const beganMs = Date.now()
    const dayBeforeMs = beganMs - 86_400_000
    target.expose(exposition(dayBeforeMs, { old: 1000 }))
    const server = await startPrometheus({ scraper, targets: [target.address] })
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    const last = (origin: string) => `s3cors_origin_requests_total{origin="https://${origin}.example"}`
    await until(server, last('old'), value => value === 1000)

    target.expose(exposition(dayBeforeMs, { old: 1007, twice: 400 }))
    await until(server, last('twice'), value => value === 400)
    // A restart that takes longer than a scrape.
    target.expose(undefined)
    await until(server, 'up', value => value === 0)
    const restartedMs = Date.now()
    target.expose(exposition(restartedMs, { twice: 100 }))
    await until(server, last('twice'), value => value === 100)
    target.expose(exposition(restartedMs, { twice: 600, late: 3 }))
    const expression = countedSince('s3cors_origin_requests_total')
      .replaceAll('{job=~"$job", instance=~"$instance"}', '')
      .replaceAll('$__range', '5m')
      .replaceAll('$__interval', '1s')
      .replaceAll('$__from', String(beganMs - 240_000))
    // The subquery's last step is behind the last scrape.
    await until(server, `sum by (origin) (${expression}) == 3`, value => value !== undefined)
    const counted = await server.query(`sum by (origin) (${expression})`)
    t.strictSame(Object.fromEntries(counted.map(({ metric, value }) => [metric.origin, value])), {
      'https://old.example': 7,
      'https://twice.example': 1000,
      'https://late.example': 3,
    })
  })
}

/** One process: how often each rule of a bucket matched. */
function rulesExposition(startedAtMs: number, matches: Readonly<Record<string, number>>): string {
  return [
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${Math.floor(startedAtMs / 1000)}`,
    '# TYPE s3cors_rule_matches_total counter',
    ...Object.entries(matches).map(
      ([rule, count]) =>
        `s3cors_rule_matches_total{bucket="${rule === 'other' ? 'other' : 'media'}",rule="${rule}"} ${count}`,
    ),
    '',
  ].join('\n')
}

const unused = rows.flatMap(({ panels }) => panels).find(({ title }) => title === 'Rules that matched nothing')

for (const scraper of scrapers) {
  const skip = skipWithout(scraper.name, scraper.server !== undefined, scraper.howToGetIt)
  t.test(`${scraper.name}: a rule matched nothing if it is in force and its series did not grow`, { skip }, async t => {
    const target = await startTarget(t)
    const dayBeforeMs = Date.now() - 86_400_000
    target.expose(rulesExposition(dayBeforeMs, { busy: 5, idle: 700, never: 0, gone: 9, other: 3 }))
    const server = await startPrometheus({ scraper, targets: [target.address] })
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    const last = (rule: string) => `s3cors_rule_matches_total{rule="${rule}"}`
    await until(server, last('busy'), value => value === 5)
    // A reload: one rule is gone, another is new and has matched before it is scraped.
    target.expose(rulesExposition(dayBeforeMs, { busy: 5, idle: 700, never: 0, new: 2, other: 3 }))
    await until(server, last('new'), value => value === 2)
    target.expose(rulesExposition(dayBeforeMs, { busy: 6, idle: 700, never: 0, new: 2, other: 3 }))
    await until(server, last('busy'), value => value === 6)
    await until(server, last('gone'), value => value === undefined)
    const expression = (unused?.kind === 'table' ? unused.expr : '')
      .replaceAll(/(?:job|instance|bucket)=~"[^"]*"(?:, )?/g, '')
      .replaceAll('$__range', '5m')
      .replaceAll('$__interval', '1s')
      .replaceAll('$__from', String(Date.now() - 240_000))
    const ask = async () =>
      Object.fromEntries((await server.query(expression)).map(({ metric, value }) => [metric.rule, value]))
    // The subquery's last step is behind the last scrape.
    while ('busy' in (await ask()) || 'new' in (await ask())) await sleep(200)
    t.strictSame(await ask(), { idle: 700, never: 0 })
  })
}

const three = scrapers.find(({ name }) => name === 'Prometheus 3')
const skipThree = three === undefined || skipWithout(three.name, three.server !== undefined, three.howToGetIt)

const histogram = [
  '# TYPE s3cors_upstream_duration_seconds histogram',
  's3cors_upstream_duration_seconds_bucket{kind="plain",le="0.5"} 1',
  's3cors_upstream_duration_seconds_bucket{kind="plain",le="1"} 2',
  's3cors_upstream_duration_seconds_bucket{kind="plain",le="+Inf"} 3',
  's3cors_upstream_duration_seconds_sum{kind="plain"} 3',
  's3cors_upstream_duration_seconds_count{kind="plain"} 3',
  '',
].join('\n')

const asRulesAsk = 's3cors_upstream_duration_seconds_bucket{le=~"1(\\\\.0)?"}'

const scrapeConfigs: readonly [what: string, scrapeConfig: Record<string, unknown>, bucket: number | undefined][] = [
  ['as it comes, the bucket of one second is there', {}, 2],
  [
    'convert_classic_histograms_to_nhcb takes the buckets away',
    { convert_classic_histograms_to_nhcb: true },
    undefined,
  ],
  [
    'always_scrape_classic_histograms keeps them',
    { convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true },
    2,
  ],
]

for (const [what, scrapeConfig, bucket] of scrapeConfigs) {
  t.test(`Prometheus 3: ${what}, as the runbook says`, { skip: skipThree }, async t => {
    const target = await startTarget(t)
    target.expose(histogram)
    const server = await startPrometheus({ scraper: three, targets: [target.address], scrapeConfig })
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    await until(server, 'up', value => value === 1)
    t.equal((await server.query(asRulesAsk))[0]?.value, bucket)
    t.equal(
      (await server.query('s3cors_upstream_duration_seconds_count'))[0]?.value,
      bucket === undefined ? undefined : 3,
    )
  })
}
