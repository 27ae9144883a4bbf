import t from 'tap'
import { createReportingMeter } from '../../../src/telemetry/metrics/count-report.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { makeActual, makeRecord, matched, seededRandom } from '../../fixtures/request-records.ts'

const records = [
  makeRecord(),
  makeRecord({ bucket: 'guess', bucketNamed: false, status: 504, upstreamFailure: 'timeout', clientAborted: true }),
  makeActual('https://a.example', { decision: matched(), requestBodyBytes: 9, strippedCorsFields: true }),
  makeActual('https://a.example', { decision: matched() }),
  makeActual('https://b.example', { kind: 'preflight', method: 'OPTIONS', status: 403 }),
  makeActual('"><script>'),
  makeActual('https://c.example', { bucket: 'other' }),
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

t.test('what workers report is what one process would have counted', async t => {
  const alone = create()
  const together = create()
  const meters = [createReportingMeter(100), createReportingMeter(100)]
  for (let round = 0; round < 3; round++) {
    for (const [index, record] of records.entries()) {
      alone.recordStarted()
      alone.recordEnded(record)
      const meter = meters[(index + round) % 2]
      meter?.recordStarted()
      meter?.recordEnded(record)
    }
    alone.countSuppressedLog(2)
    meters[0]?.countSuppressedLog(2)
    for (const meter of meters) together.absorb(structuredClone(meter.take()))
  }
  // The workers ended their requests in another order.
  const lines = async (metrics: typeof alone) => (await metrics.text()).split('\n').sort()
  t.strictSame(await lines(together), await lines(alone))
  t.equal(together.origins().lines.length, alone.origins().lines.length)
})

t.test('a report begins at nothing, but for what is in flight', async t => {
  const meter = createReportingMeter(100)
  t.equal(meter.changed, false)
  meter.recordStarted()
  meter.recordStarted()
  meter.recordEnded(makeRecord())
  t.equal(meter.changed, true)
  t.equal(meter.take().counters.inFlight, 1)
  t.equal(meter.changed, false)
  const { counters, origins } = meter.take()
  t.equal(counters.inFlight, 1)
  t.equal(
    counters.requests.reduce((sum, count) => sum + count, 0),
    0,
  )
  t.strictSame(origins, { sightings: [], other: [], invalid: [] })
})

t.test('more origins than a report has room for are counted as other, exactly', async t => {
  const meter = createReportingMeter(5)
  for (let i = 0; i < 20; i++) meter.recordEnded(makeActual(`https://o${i}.example`))
  t.equal(meter.origins, 5)
  const metrics = create()
  metrics.absorb(meter.take())
  metrics.setInFlight(7)
  const text = await metrics.text()
  t.match(text, 's3cors_label_overflow_total 15\n')
  t.match(text, /s3cors_origin_requests_total\{origin="other",.*\} 15\n/)
  t.match(text, 's3cors_in_flight_requests 7\n')
})

t.test('the bounds of the one table hold for what workers report', async t => {
  const metrics = create(3)
  for (let worker = 0; worker < 4; worker++) {
    const meter = createReportingMeter(100)
    for (let i = 0; i < 50; i++) meter.recordEnded(makeActual(`https://w${worker}o${i}.example`))
    metrics.absorb(meter.take())
  }
  const series = (await metrics.text()).split('\n').filter(line => line.startsWith('s3cors_origin_requests_total{'))
  t.equal(series.length, 4, 'three and "other"')
})

t.test('an origin that comes often is shown, whatever came first', async t => {
  const metrics = create(1)
  const meter = createReportingMeter(100)
  meter.recordEnded(makeActual('https://first.example'))
  for (let i = 0; i < 40; i++) meter.recordEnded(makeActual('https://real.example'))
  metrics.absorb(meter.take())
  t.match(metrics.origins().lines, [{ origin: 'https://real.example' }])
  t.equal(metrics.origins().lines.length, 1)
})
