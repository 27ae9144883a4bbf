import t from 'tap'
import {
  type CountReport,
  createReportingMeter,
  originsPerReport,
} from '../../../src/telemetry/metrics/count-report.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { cellsOf, type RequestCounters } from '../../../src/telemetry/metrics/request-metrics.ts'
import { denied, makeActual, makeRecord, matched, seededRandom } from '../../fixtures/request-records.ts'

const matchedRule = { allowedOrigins: [], allowedMethods: [], allowedHeaders: [], exposeHeaders: [] }
const records = [
  makeRecord(),
  makeRecord({ bucket: 'guess', bucketNamed: false, status: 504, upstreamFailure: 'timeout', clientAborted: true }),
  makeActual('https://a.example', { decision: matched(), requestBodyBytes: 9, strippedCorsFields: true }),
  makeActual('https://a.example', { decision: matched() }),
  makeActual('https://b.example', { kind: 'preflight', method: 'OPTIONS', status: 403 }),
  makeActual('"><script>'),
  makeActual('https://c.example', { bucket: 'other' }),
  makeActual('https://a.example', { bucket: 'guess', bucketNamed: false, decision: matched() }),
  makeActual('https://d.example', { bucket: undefined, unknownHost: 's3.example', decision: denied('unknown_host') }),
  // Half seconds, so that sums do not depend on the order of additions.
].map(record => ({ ...record, endedAtMs: 1500, upstreamFirstByteAtMs: 1501 }))

function create(origins = 100) {
  return createMetrics({
    version: '1.2.3',
    origins,
    status: () => [],
    now: () => 1_800_000_000_000,
    random: seededRandom(1),
    processMetrics: false,
  })
}

/** A meter whose reports arrive when the test says so. */
function meterOf(t: Teardown) {
  const reports: CountReport[] = []
  const arrivals: (() => void)[] = []
  const meter = createReportingMeter(report => {
    reports.push(structuredClone(report))
    return new Promise<void>(resolve => arrivals.push(resolve))
  })
  t.teardown(meter.stop)
  return { meter, reports, arrivals }
}

/** How many requests were counted. */
function sumOf(counters: RequestCounters | undefined): number | undefined {
  return counters && Array.from(cellsOf(counters, 'requests')).reduce((sum, count) => sum + count, 0)
}

interface Teardown {
  teardown(release: () => void): unknown
}

t.test('what workers report is what one process would have counted', async t => {
  const alone = create()
  const together = create()
  const workers = [meterOf(t), meterOf(t)]
  for (let round = 0; round < 2; round++) {
    for (const [index, record] of records.entries()) {
      alone.recordStarted()
      alone.recordEnded(record)
      const meter = workers[(index + round) % 2]?.meter
      meter?.recordStarted()
      meter?.recordEnded(record)
    }
    alone.countSuppressedLog(2)
    workers[0]?.meter.countSuppressedLog(2)
    for (const { meter } of workers) meter.report()
  }
  for (const { reports } of workers) for (const report of reports) together.absorb(report)
  // The workers ended their requests in another order.
  const lines = async (metrics: typeof alone) => (await metrics.text()).split('\n').sort()
  t.strictSame(await lines(together), await lines(alone))
  const seen = (metrics: typeof alone) =>
    metrics.origins().lines.map(({ origin, reason, count, preflights, requests, otherRequests }) => {
      const counts = requests.map(({ bucket, method, headers, preflights, actual }) =>
        JSON.stringify({ bucket, method, headers, preflights, actual }),
      )
      return JSON.stringify({ origin, reason, count, preflights, otherRequests, counts: counts.sort() })
    })
  t.strictSame(seen(together).sort(), seen(alone).sort())
  // Of two workers, equal ones may lie side by side, and are then one line.
  const refusals = (metrics: typeof alone) =>
    metrics
      .origins()
      .lastRefusals.flatMap(({ firstSeenMs: _, lastSeenMs: __, count, ...refusal }) =>
        Array<string>(count).fill(JSON.stringify(refusal)),
      )
  t.equal(refusals(alone).length, 8, 'four refusals, twice')
  t.strictSame(refusals(together).sort(), refusals(alone).sort(), 'the last refusals')
  const unknown = (metrics: typeof alone) => {
    const { buckets, hosts } = metrics.unknownAddresses()
    return [buckets, hosts].map(({ names, others }) => [...names.map(({ name, count }) => `${name} ${count}`), others])
  }
  t.strictSame(unknown(alone), [
    ['guess 2', 0],
    ['s3.example 2', 0],
  ])
  t.strictSame(unknown(together), unknown(alone), 'names that are not configured')
  t.match(together.ruleUses('media', [matchedRule]), [{ count: 4 }])
  t.match(alone.ruleUses('media', [matchedRule]), [{ count: 4 }])
})

t.test('a report begins at nothing, but for what is in flight; without news there is none', async t => {
  const { meter, reports } = meterOf(t)
  meter.report()
  t.equal(reports.length, 0)
  meter.recordStarted()
  meter.recordStarted()
  meter.recordEnded(makeRecord())
  meter.report()
  meter.report()
  t.strictSame(
    reports.map(({ counters }) => counters.inFlight),
    [1],
  )
  meter.countSuppressedLog()
  meter.report()
  const [, { counters, origins, suppressedLogLines } = {}] = reports
  t.equal(counters?.inFlight, 1)
  t.equal(sumOf(counters), 0)
  t.equal(suppressedLogLines, 1)
  t.strictSame(origins, { lines: [], rest: [], overflow: 0, lastRefusals: [] })
})

t.test('reports come by themselves when something was counted', async t => {
  const { meter, reports } = meterOf(t)
  meter.recordEnded(makeRecord())
  while (reports.length === 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(sumOf(reports[0]?.counters), 1)
})

t.test(
  'a flood of origins is reported in parts; while the primary does not read, what has no room is counted as other',
  async t => {
    const { meter, reports, arrivals } = meterOf(t)
    const flood = 8 * originsPerReport
    for (let i = 0; i < flood; i++) meter.recordEnded(makeActual(`https://o${i}.example`))
    t.strictSame(
      reports.map(({ origins }) => origins.lines.length),
      [1, 2, 3, 4].map(() => originsPerReport),
      'four are on their way, the others wait',
    )
    for (const arrived of arrivals) arrived()
    meter.report()
    const last = reports.at(-1)?.origins
    t.equal(last?.lines.length, originsPerReport, 'as many as there is room for')
    t.match(last?.rest, [{ origin: 'other', count: 3 * originsPerReport }], 'the rest is only counted')
    const metrics = create(10_000)
    for (const report of reports) metrics.absorb(report)
    metrics.setInFlight(7)
    const text = await metrics.text()
    t.match(text, `s3cors_label_overflow_total ${3 * originsPerReport}\n`)
    t.match(text, new RegExp(`s3cors_origin_requests_total\\{origin="other",.*\\} ${3 * originsPerReport}\n`))
    t.match(text, 's3cors_in_flight_requests 7\n')
  },
)

t.test('the bounds of the one table hold for what workers report', async t => {
  const metrics = create(3)
  for (let worker = 0; worker < 4; worker++) {
    const { meter, reports } = meterOf(t)
    for (let i = 0; i < 50; i++) meter.recordEnded(makeActual(`https://w${worker}o${i}.example`))
    meter.report()
    for (const report of reports) metrics.absorb(report)
  }
  const series = (await metrics.text()).split('\n').filter(line => line.startsWith('s3cors_origin_requests_total{'))
  t.equal(series.length, 4, 'three and "other"')
})

t.test('an origin that comes often is shown, whatever came first', async t => {
  const metrics = create(1)
  const { meter, reports } = meterOf(t)
  meter.recordEnded(makeActual('https://first.example'))
  for (let i = 0; i < 40; i++) meter.recordEnded(makeActual('https://real.example'))
  meter.report()
  for (const report of reports) metrics.absorb(report)
  t.match(metrics.origins().lines, [{ origin: 'https://real.example' }])
  t.equal(metrics.origins().lines.length, 1)
})
