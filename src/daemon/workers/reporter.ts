import type { RequestRecord } from '../../proxy/request/request-record.ts'
import type { CountReport, ReportingMeter } from '../../telemetry/metrics/count-report.ts'

/** Brings what a worker counts to the primary, a few times a second and never per request. */
export interface Reporter {
  recordEnded(record: RequestRecord): void
  /** Now, if there is anything to tell. */
  report(): void
  stop(): void
}

/** What a worker that is killed has not told yet: at most this long. */
const reportMs = 250
/** A flood of origins is told as it comes, in parts of this size. */
export const originsPerReport = 512
/** A primary that does not read gets no more: from then on the meter's own bound on origins holds. */
const maxOnTheirWay = 4

/** `send` calls back when a report has left the process. */
export function createReporter(meter: ReportingMeter, send: (report: CountReport, sent: () => void) => void): Reporter {
  let onTheirWay = 0

  function report(): void {
    if (!meter.changed) return
    onTheirWay++
    send(meter.take(), () => {
      onTheirWay--
    })
  }

  const timer = setInterval(() => {
    if (onTheirWay < maxOnTheirWay) report()
  }, reportMs)
  timer.unref()
  return {
    recordEnded(record) {
      meter.recordEnded(record)
      if (meter.origins >= originsPerReport && onTheirWay < maxOnTheirWay) report()
    },
    report,
    stop: () => clearInterval(timer),
  }
}
