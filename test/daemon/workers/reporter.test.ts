import t from 'tap'
import { createReporter, originsPerReport } from '../../../src/daemon/workers/reporter.ts'
import { type CountReport, createReportingMeter } from '../../../src/telemetry/metrics/count-report.ts'
import { makeActual, makeRecord } from '../../fixtures/request-records.ts'

function setUp(t: { teardown: (release: () => void) => unknown }) {
  const reports: CountReport[] = []
  const pending: (() => void)[] = []
  const meter = createReportingMeter(2 * originsPerReport)
  const reporter = createReporter(meter, (report, sent) => {
    reports.push(report)
    pending.push(sent)
  })
  t.teardown(reporter.stop)
  return { meter, reporter, reports, pending }
}

t.test('reports by itself when something was counted, and nothing when not', async t => {
  const { reporter, reports } = setUp(t)
  reporter.report()
  t.equal(reports.length, 0)
  reporter.recordEnded(makeRecord())
  while (reports.length === 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(
    reports[0]?.counters.requests.reduce((sum, count) => sum + count, 0),
    1,
  )
})

t.test('a flood of origins is told in parts, until the primary does not read', async t => {
  const { reporter, reports, pending } = setUp(t)
  const flood = (count: number, from = 0) => {
    for (let i = from; i < from + count; i++) reporter.recordEnded(makeActual(`https://o${i}.example`))
  }
  flood(originsPerReport * 8)
  t.strictSame(
    reports.map(({ origins }) => origins.sightings.length),
    [1, 2, 3, 4].map(() => originsPerReport),
    'four are on their way, the others wait',
  )
  for (const sent of pending) sent()
  reporter.report()
  const last = reports.at(-1)?.origins
  t.equal(last?.sightings.length, 2 * originsPerReport, 'as many as there is room for')
  t.equal(
    last?.other.reduce((sum, { count }) => sum + count, 0),
    2 * originsPerReport,
    'the rest is only counted',
  )
})
