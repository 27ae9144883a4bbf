// What several workers count, seen from outside.

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { askAdmin, sendHttp } from '../../clients/http-request.ts'
import { type ExposedSample, samplesOf, scrape, sumOf, sumsBy } from '../../fixtures/exposition.ts'
import { until } from '../../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../../fixtures/proxy-process.ts'
import { openRaw, type RawConnection } from '../../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { answerMixed, type Counted, mixedConfiguration, sendRound, uploadBytes } from '../mixed-traffic.ts'
import { logLines, page } from './worker-setup.ts'

t.setTimeout(120_000)

for (const workers of [2, 3]) {
  t.test(`the sums of ${workers} workers add up under mixed and hostile traffic`, async t => {
    const upstream = await startRecordingUpstream(t, { answer: answerMixed, keepBytes: false })
    const proxy = await startProxy(
      `upstream: { url: "${upstream.url}", credentials: none, responseSeconds: 1 }\nworkers: ${workers}\nlog: { access: true }\n${mixedConfiguration}`,
    )
    t.teardown(() => proxy.stop('SIGINT'))
    const sent: Counted[] = []
    for (let round = 0; round < 3; round++) sent.push(...(await sendRound(proxy.port, round)))
    let samples: readonly ExposedSample[] = []
    await until(async () => {
      samples = await scrape(proxy.adminUrl)
      return sumOf(samples, 's3cors_requests_total') >= sent.length
    }, 'every request has ended')

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
    t.strictSame(
      sumsBy(samples, 's3cors_origin_requests_total', ['bucket', 'decision', 'reason']),
      sumsBy(samples, 's3cors_decisions_total', ['bucket', 'decision', 'reason']),
      'origin_requests_total = decisions_total',
    )
    t.equal(
      sumOf(samples, 's3cors_label_overflow_total'),
      sumOf(samples, 's3cors_origin_requests_total', { origin: 'other' }),
    )
    const series = samplesOf(samples, 's3cors_origin_requests_total').filter(
      ({ labels }) => labels.origin !== 'other' && labels.origin !== 'invalid',
    )
    t.ok(series.length <= 20, `${series.length} series, of ten allowed and ten denied ones`)
    t.strictSame(
      sumsBy(samples, 's3cors_upstream_failures_total', ['reason']),
      tally(sent, ({ failure }) => failure),
    )
    t.equal(sumOf(samples, 's3cors_request_duration_seconds_count'), sent.length)
    t.equal(sumOf(samples, 's3cors_client_aborts_total'), 3)
    t.equal(sumOf(samples, 's3cors_request_body_bytes_total'), 6 * uploadBytes)
    t.equal(sumOf(samples, 's3cors_in_flight_requests'), 0)
    t.equal(samplesOf(samples, 's3cors_build_info').length, 1)
    t.equal(samplesOf(samples, 'process_resident_memory_bytes').length, 1)
    const names = samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    t.equal(new Set(names).size, names.length, 'no series twice')
    const { body } = await askAdmin({ url: `${proxy.adminUrl}/origins` })
    const shown = JSON.parse(String(body)) as { overflow: number; buckets: { denied: { origins: unknown[] } }[] }
    t.equal(shown.overflow, sumOf(samples, 's3cors_label_overflow_total'), '/origins shows the same table')
    t.equal(shown.buckets.flatMap(({ denied }) => denied.origins).length, 10)
    const logged = () => logLines(proxy).filter(({ event }) => event === 'request').length
    await until(() => logged() >= sent.length, 'every request has its line, and every line is whole')
    t.equal(logged(), sent.length)
  })
}

t.test('what an origin asked two workers for, and which rules allowed it, are exact sums', async t => {
  const rules = ['app', 'idle'].map(
    name =>
      `{ ID: ${name}, AllowedOrigins: ["https://${name}.example"], AllowedMethods: [GET, PUT], AllowedHeaders: ["x-*"] }`,
  )
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nworkers: 2\nbuckets: { media: { CORSRules: [${rules.join(', ')}] } }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const names = ['x-b,x-a', 'x-a', 'x-a, X-B', 'content-type']
  const rounds = 10
  for (let round = 0; round < rounds; round++) {
    const asked = { Origin: page, 'Access-Control-Request-Method': 'PUT' }
    const preflights = names.map(name =>
      sendHttp({
        url: `${proxy.url}/media/key`,
        method: 'OPTIONS',
        headers: { ...asked, 'Access-Control-Request-Headers': name },
      }),
    )
    await Promise.all([
      ...preflights,
      sendHttp({ url: `${proxy.url}/media/key`, headers: { Origin: page } }),
      sendHttp({ url: `${proxy.url}/medai/key`, method: 'OPTIONS', headers: asked }),
    ])
  }
  // A scrape brings in what the workers have counted.
  await scrape(proxy.adminUrl)
  const ask = async (path: string) => JSON.parse(String((await askAdmin({ url: `${proxy.adminUrl}${path}` })).body))
  const { buckets, lastRefusals } = await ask('/origins')
  const [{ allowed, denied }] = buckets.filter(({ bucket }: { readonly bucket: string }) => bucket === 'media')
  const told = ({ origins: [line] }: { origins: readonly SeenLine[] }) => ({
    counts: [line?.count, line?.preflights, line?.actual, line?.otherRequests],
    requests: line?.requests.map(({ method, headers, preflights, actual }) =>
      [method, headers.join(' '), preflights, actual].join('|'),
    ),
  })
  t.strictSame(
    { ...told(allowed), requests: told(allowed).requests?.sort() },
    {
      counts: [4 * rounds, 3 * rounds, rounds, 0],
      requests: [`GET||0|${rounds}`, `PUT|x-a x-b|${2 * rounds}|0`, `PUT|x-a|${rounds}|0`],
    },
  )
  t.strictSame(told(denied), { counts: [rounds, rounds, 0, 0], requests: [`PUT|content-type|${rounds}|0`] })
  const refused = (reason: string) =>
    lastRefusals
      .filter((refusal: { readonly reason: string }) => refusal.reason === reason)
      .reduce((sum: number, { count }: { readonly count: number }) => sum + count, 0)
  t.strictSame([refused('header'), refused('no_rules')], [rounds, rounds], 'the last refusals')
  const {
    buckets: [{ matches }],
    notConfigured,
  } = await ask('/buckets')
  t.match(notConfigured, { buckets: { names: [{ name: 'medai', count: rounds }], others: 0 }, hosts: { names: [] } })
  t.match(matches, [
    { rule: 'app', count: 4 * rounds, lastMatched: /T/ },
    { rule: 'idle', count: 0, lastMatched: undefined },
  ])
})

t.test('under reloads, the series of rules count every match once, and none goes back', async t => {
  const rule = (name: string, id: boolean) =>
    `{ ${id ? `ID: ${name}, ` : ''}AllowedOrigins: ["https://${name}.example"], AllowedMethods: [GET] }`
  const lists = [
    [rule('app', true), rule('one', false), rule('two', false)],
    [rule('two', false), rule('app', true)],
    [rule('one', false), rule('two', false), rule('app', true), rule('last', true)],
  ]
  const configuration = (rules: readonly string[]) =>
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nworkers: 2\nmetrics: { rules: 3 }\nbuckets: { media: { CORSRules: [${rules.join(', ')}] } }`
  const proxy = await startProxy(configuration(lists[0] ?? []))
  t.teardown(() => proxy.stop('SIGINT'))
  const highest = new Map<string, number>()
  let ended = false
  async function sendAndCount(): Promise<number> {
    let matches = 0
    while (!ended) {
      for (const name of ['app', 'one', 'two', 'last']) {
        const headers = { Origin: `https://${name}.example`, 'Access-Control-Request-Method': 'GET' }
        const { status } = await sendHttp({ url: `${proxy.url}/media/key`, method: 'OPTIONS', headers })
        if (status === 200) matches++
      }
    }
    return matches
  }
  const traffic = Promise.all([sendAndCount(), sendAndCount(), sendAndCount()])
  let counted = 0
  async function scrapeRules(): Promise<readonly string[]> {
    const samples = samplesOf(await scrape(proxy.adminUrl), 's3cors_rule_matches_total')
    for (const { labels, value } of samples) {
      const name = `${labels.bucket} ${labels.rule}`
      const before = highest.get(name) ?? 0
      t.ok(value >= before, `${name}: ${before}, then ${value}`)
      counted += value - before
      highest.set(name, value)
    }
    return samples.map(({ labels }) => `${labels.bucket} ${labels.rule}`)
  }
  for (let round = 1; round <= 6; round++) {
    await reload(proxy, configuration(lists[round % 3] ?? []))
    await scrapeRules()
  }
  ended = true
  const matches = (await traffic).reduce((sum, each) => sum + each, 0)
  t.strictSame(await scrapeRules(), ['media app', 'media 2', 'media 3', 'other other'])
  t.equal(counted, matches)
  t.equal(sumOf(await scrape(proxy.adminUrl), 's3cors_decisions_total', { decision: 'allowed' }), matches)
})

/** `configuration` without its addresses, which are the last two lines of the file. */
async function reload({ configFile, adminUrl }: ProxyProcess, configuration: string): Promise<void> {
  const addresses = readFileSync(configFile, 'utf8').trimEnd().split('\n').slice(-2)
  writeFileSync(configFile, `${[configuration, ...addresses].join('\n')}\n`)
  const url = `${adminUrl}/reload`
  const headers = { 'content-type': 'application/json', 'content-length': '0' }
  const answered = async () => String((await askAdmin({ url, method: 'POST', headers })).body)
  await until(async () => /"result": "(?:applied|unchanged)"/.test(await answered()), 'the file is in force')
}

interface SeenLine {
  readonly count: number
  readonly preflights: number
  readonly actual: number
  readonly otherRequests: number
  readonly requests: readonly {
    readonly method: string
    readonly headers: readonly string[]
    readonly preflights: number
    readonly actual: number
  }[]
}

t.test('a flood of invented origins through two workers stays within the bounds of one table', async t => {
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nworkers: 2\nmetrics: { origins: 20 }\nbuckets: { media: { CORSRules: [{ AllowedOrigins: ["https://app.example"], AllowedMethods: [GET] }] } }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const connections = 8
  const each = 1500
  await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const client = await openRaw(proxy.port)
      for (let i = 0; i < each; i += 50) {
        await client.write(
          Array.from({ length: 50 }, (_, j) =>
            // One in ten is real.
            ask(j % 10 === 0 ? 'https://real.example' : `https://c${index}i${i + j}.example`),
          ).join(''),
        )
        await answers(client, i + 50)
      }
      client.destroy()
    }),
  )
  const total = connections * each
  const samples = await scrape(proxy.adminUrl)
  t.equal(sumOf(samples, 's3cors_decisions_total', { reason: 'origin' }), total)
  t.equal(sumOf(samples, 's3cors_requests_total', { kind: 'preflight', code: '4xx' }), total)
  const series = samplesOf(samples, 's3cors_origin_requests_total')
  t.equal(series.length, 21, 'metrics.origins denied ones and "other"')
  t.equal(
    sumOf(samples, 's3cors_origin_requests_total', { origin: 'other' }),
    sumOf(samples, 's3cors_label_overflow_total'),
  )
  t.ok(
    series.some(({ labels }) => labels.origin === 'https://real.example'),
    'the real one is visible',
  )
})

function ask(origin: string): string {
  return `OPTIONS /media/a HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`
}

/** Waits for so many answers in all. */
async function answers(client: RawConnection, count: number): Promise<void> {
  await until(() => client.text.split('HTTP/1.1 403 ').length > count, `${count} answers`)
}

function tally(sent: readonly Counted[], key: (counted: Counted) => string | undefined): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const counted of sent) {
    const name = key(counted)
    if (name !== undefined) sums[name] = (sums[name] ?? 0) + 1
  }
  return sums
}
