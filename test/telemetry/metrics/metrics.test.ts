import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { BucketStatus } from '../../../src/policies/policy-lookup.ts'
import type { RequestKind } from '../../../src/proxy/request/request-record.ts'
import { reasons } from '../../../src/telemetry/labels/decision-reason.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { denied, makeActual, makeRecord, matched, seededRandom } from '../../fixtures/request-records.ts'
import { skipWithout } from '../../servers/installed.ts'
import { findPromtool, howToGetPrometheus } from '../../servers/prometheus.ts'

const status: BucketStatus[] = [
  { bucket: 'media', source: 'yaml', enforcement: 'headers', state: 'rules', rules: 1 },
  { bucket: 'uploads', source: 'upstream', enforcement: 'block', state: 'rules', rules: 2, ageSeconds: 12.5 },
  { bucket: '*', source: 'upstream', enforcement: 'headers', state: 'unknown', rules: 0, ageSeconds: 3 },
  { bucket: 'scratch', source: 'none', enforcement: 'headers', state: 'none', rules: 0 },
]

const rule = { allowedOrigins: [], allowedMethods: [], allowedHeaders: [], exposeHeaders: [] }

function create(origins = 100, processMetrics = false) {
  return createMetrics({
    version: '1.2.3',
    origins,
    status: () => status,
    now: () => 1_800_000_000_000,
    random: seededRandom(1),
    rules: 2,
    rulesInForce: () => [{ bucket: 'media', rules: [rule, { ...rule, id: 'a "b"' }, { ...rule, id: 'third' }] }],
    processMetrics,
  })
}

/** The sample lines of one metric. */
async function read(metrics: ReturnType<typeof create>, name: string): Promise<string[]> {
  const lines = (await metrics.text()).split('\n')
  return lines.filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

function sum(lines: readonly string[]): number {
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

t.test('every metric has the name, the labels and the number that the design gives it', async t => {
  const metrics = create()
  for (let i = 0; i < 5; i++) metrics.recordStarted()
  metrics.recordEnded(makeRecord())
  metrics.recordEnded(
    makeActual('https://a.example', {
      decision: matched(),
      requestBodyBytes: 9,
      strippedCorsFields: true,
      upstreamHandshakeMs: 20,
    }),
  )
  metrics.recordEnded(
    makeActual('https://b.example', {
      kind: 'preflight',
      method: 'OPTIONS',
      status: 403,
      upstreamStartedAtMs: 0,
      upstreamFirstByteAtMs: 0,
    }),
  )
  metrics.recordEnded(makeRecord({ bucket: 'guess', bucketNamed: false, status: 504, upstreamFailure: 'timeout' }))
  metrics.countRulesFetch('rules')
  metrics.countRulesFetch('rules')
  metrics.countRefusedToken()
  metrics.countRefusedToken()
  metrics.countSuppressedLog(3)
  metrics.countSuppressedLog()
  metrics.setReload(true, 1_700_000_000_500)
  metrics.setReload(false, 1_700_000_009_000)
  metrics.setRestartRequired(true)
  const lines = (await metrics.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.strictSame(
    lines.filter(line => !/_(?:duration|handshake)_seconds/.test(line)),
    [
      's3cors_requests_total{kind="preflight",method="OPTIONS",code="4xx"} 1',
      's3cors_requests_total{kind="actual",method="GET",code="2xx"} 1',
      's3cors_requests_total{kind="plain",method="GET",code="2xx"} 1',
      's3cors_requests_total{kind="plain",method="GET",code="5xx"} 1',
      's3cors_decisions_total{bucket="media",kind="preflight",decision="denied",reason="origin"} 1',
      's3cors_decisions_total{bucket="media",kind="actual",decision="allowed",reason="matched"} 1',
      's3cors_upstream_connections_opened_total 1',
      's3cors_request_body_bytes_total 9',
      's3cors_response_body_bytes_total 4096',
      's3cors_client_aborts_total 0',
      's3cors_client_connections_ended_total{reason="idle_frames"} 0',
      's3cors_client_connections_ended_total{reason="large_head"} 0',
      's3cors_client_connections_ended_total{reason="control_flood"} 0',
      's3cors_client_connections_ended_total{reason="invalid_frames"} 0',
      's3cors_client_connections_ended_total{reason="protocol_error"} 0',
      's3cors_upstream_failures_total{reason="refused"} 0',
      's3cors_upstream_failures_total{reason="reset"} 0',
      's3cors_upstream_failures_total{reason="timeout"} 1',
      's3cors_upstream_failures_total{reason="truncated"} 0',
      's3cors_upstream_failures_total{reason="malformed"} 0',
      's3cors_upstream_failures_total{reason="tls"} 0',
      's3cors_upstream_failures_total{reason="dns"} 0',
      's3cors_upstream_failures_total{reason="queue"} 0',
      's3cors_upstream_failures_total{reason="slow_client"} 0',
      's3cors_upstream_cors_headers_stripped_total 1',
      's3cors_in_flight_requests 1',
      's3cors_origin_requests_total{origin="https://a.example",bucket="media",decision="allowed",reason="matched"} 1',
      's3cors_origin_requests_total{origin="https://b.example",bucket="media",decision="denied",reason="origin"} 1',
      's3cors_rule_matches_total{bucket="media",rule="1"} 1',
      's3cors_rule_matches_total{bucket="media",rule="a \\"b\\""} 0',
      's3cors_rule_matches_total{bucket="other",rule="other"} 0',
      's3cors_label_overflow_total 0',
      's3cors_rules_fetches_total{result="rules"} 2',
      's3cors_rules_age_seconds{bucket="uploads"} 12.5',
      's3cors_rules_age_seconds{bucket="other"} 3',
      's3cors_buckets{source="yaml",enforcement="headers"} 1',
      's3cors_buckets{source="upstream",enforcement="block"} 1',
      's3cors_buckets{source="upstream",enforcement="headers"} 1',
      's3cors_buckets{source="none",enforcement="headers"} 1',
      's3cors_config_last_reload_successful 0',
      's3cors_config_last_reload_success_timestamp_seconds 1700000000.5',
      's3cors_config_restart_required 1',
      's3cors_log_suppressed_total 4',
      's3cors_admin_tokens_refused_total 2',
      `s3cors_build_info{version="1.2.3",node_version="${process.version.slice(1)}"} 1`,
    ],
  )
})

t.test('a bucket that only "*" stands for is neither a label nor an entry', async t => {
  const metrics = createMetrics({
    version: '1',
    origins: 1,
    status: () => [...status, { ...status[1], bucket: 'found', ageSeconds: 40 } as BucketStatus],
    namedBuckets: () => new Set(['media', 'uploads', 'scratch']),
    processMetrics: false,
  })
  t.strictSame(await read(metrics, 's3cors_rules_age_seconds'), [
    's3cors_rules_age_seconds{bucket="uploads"} 12.5',
    's3cors_rules_age_seconds{bucket="other"} 40',
  ])
  t.equal(sum(await read(metrics, 's3cors_buckets')), 4)
})

t.test('a histogram is cumulative, and ends with its sum and its count', async t => {
  const metrics = create()
  metrics.recordEnded(makeRecord())
  metrics.recordEnded(makeRecord({ endedAtMs: 301_000 }))
  const own = (await metrics.text()).split('\n').filter(line => /^s3cors_request_duration.*kind="plain"/.test(line))
  const bounds = ['0.0005', '0.001', '0.0025', '0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5']
  t.strictSame(own, [
    ...[...bounds, '5', '10', '30', '120', '+Inf'].map((le, index) => {
      const count = le === '+Inf' ? 2 : index > 2 ? 1 : 0
      return `s3cors_request_duration_seconds_bucket{le="${le}",kind="plain"} ${count}`
    }),
    's3cors_request_duration_seconds_sum{kind="plain"} 300.004',
    's3cors_request_duration_seconds_count{kind="plain"} 2',
  ])
  t.match(await read(metrics, 's3cors_upstream_duration_seconds_count'), [/preflight.* 0/, /actual/, /plain.* 2/])
})

t.test('the sums add up under mixed and hostile traffic', async t => {
  const metrics = create(5)
  const random = seededRandom(42)
  const kinds: RequestKind[] = ['preflight', 'actual', 'plain', 'managed', 'rejected']
  const origins = [undefined, 'null', 'https://a.example', 'https://A.example', '<b>', 'x'.repeat(20_000)]
  let decided = 0
  const total = 5000
  for (let i = 0; i < total; i++) {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'plain'
    const reason = reasons[Math.floor(random() * reasons.length)] ?? 'matched'
    const pick = Math.floor(random() * (origins.length + 4))
    const origin = pick < origins.length ? origins[pick] : `https://invented-${i}.example`
    const bucket = `bucket-${Math.floor(random() * 10)}`
    const decision =
      kind === 'preflight' || kind === 'actual' ? (reason === 'matched' ? matched() : denied(reason)) : undefined
    if (decision !== undefined) decided++
    metrics.recordStarted()
    metrics.recordEnded(
      makeRecord({
        kind,
        origin,
        bucket,
        bucketNamed: bucket < 'bucket-4',
        decision,
        method: random() < 0.1 ? 'PROPFIND' : 'PUT',
        status: [0, 101, 204, 304, 403, 503][Math.floor(random() * 6)] ?? 0,
      }),
    )
  }
  const requests = await read(metrics, 's3cors_requests_total')
  const decisions = await read(metrics, 's3cors_decisions_total')
  t.equal(sum(requests), total, 'each request is counted exactly once')
  t.equal(sum(decisions), decided, 'decisions are the preflights and the actual requests')
  t.equal(sum(requests.filter(line => /kind="(preflight|actual)"/.test(line))), decided)
  t.equal(sum(decisions.filter(line => line.includes('decision="allowed"') !== line.includes('"matched"'))), 0)
  t.same(await read(metrics, 's3cors_in_flight_requests'), ['s3cors_in_flight_requests 0'])
  t.equal(sum(await read(metrics, 's3cors_request_duration_seconds_count')), total)
  const named = (await read(metrics, 's3cors_origin_requests_total')).filter(
    line => !/origin="(other|invalid)"/.test(line),
  )
  t.ok(named.length <= 10, 'five allowed and five denied origins at most')
})

t.test('a request without a decision is counted all the same', async t => {
  const metrics = create()
  metrics.recordEnded(
    makeRecord({ kind: 'actual', origin: 'https://a.example', bucket: undefined, bucketNamed: false }),
  )
  t.strictSame(await read(metrics, 's3cors_decisions_total'), [
    's3cors_decisions_total{bucket="other",kind="actual",decision="denied",reason="no_rules"} 1',
  ])
})

t.test('more ends than starts never show as a negative number in flight', async t => {
  const metrics = create()
  metrics.recordEnded(makeRecord())
  t.strictSame(await read(metrics, 's3cors_in_flight_requests'), ['s3cors_in_flight_requests 0'])
})

t.test('100,000 invented origins neither grow the series nor hide 20 real ones; the scrape stays short', async t => {
  const metrics = create(100)
  const count = async () => (await metrics.text()).split('\n').length
  for (let i = 0; i < 20; i++) {
    metrics.recordEnded(makeActual(`https://allowed-${i}.example`, { decision: matched() }))
  }
  for (let i = 0; i < 1000; i++) metrics.recordEnded(makeActual(`https://early-${i}.example`))
  const before = await count()
  for (let i = 0; i < 100_000; i++) {
    metrics.recordEnded(makeActual(`https://${i}.invented.example`))
    if (i % 100 === 0) metrics.recordEnded(makeActual(`https://real-${(i / 100) % 20}.example`))
  }
  t.equal(await count(), before, 'the number of series is constant')
  const text = await metrics.text()
  for (let i = 0; i < 20; i++) {
    t.match(text, `origin="https://real-${i}.example"`)
    t.match(text, `origin="https://allowed-${i}.example"`)
  }
  t.ok(text.length < 1_000_000, `scrape of ${text.length} bytes`)
})

t.test('hostile strings reach no label; configured names are escaped', async t => {
  const metrics = createMetrics({
    version: 'a"b\\c\nd',
    origins: 10,
    status: () => [],
    processMetrics: false,
  })
  metrics.recordEnded(makeActual('https://a"},x="\n', { bucket: 'b"\n', bucketNamed: false, method: 'G"T' }))
  t.match(await metrics.text(), 's3cors_build_info{version="a\\"b\\\\c\\nd"')
  t.strictSame(await read(metrics, 's3cors_origin_requests_total'), [
    's3cors_origin_requests_total{origin="invalid",bucket="other",decision="denied",reason="origin"} 1',
  ])
})

const promtool = findPromtool()
const skip = skipWithout('Prometheus', promtool !== undefined, howToGetPrometheus)

t.test('names and help texts pass promtool check metrics', { skip }, async t => {
  const metrics = create(10, true)
  metrics.recordEnded(makeActual('https://a.example'))
  metrics.countRulesFetch('rules')
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync(promtool ?? '', ['check', 'metrics'], {
    input: await metrics.text(),
    encoding: 'utf8',
  })
  t.equal(stdout + stderr, '')
  t.equal(code, 0)
})

t.test('the metrics of the process are there unless switched off', async t => {
  t.match(await create(1, true).text(), /^process_cpu_seconds_total /m)
  t.notMatch(await create(1, false).text(), 'process_')
})
