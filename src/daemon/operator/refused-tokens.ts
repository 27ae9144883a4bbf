import type { Log } from '../../telemetry/log/log.ts'
import type { Metrics } from '../../telemetry/metrics/metrics.ts'

/** A line so often says that it goes on, and fills no disk. */
const everyMs = 10_000

/** Counts wrong tokens of the admin port, and logs one line in ten seconds, with how many came before it. */
export function watchRefusedTokens(
  metrics: Pick<Metrics, 'countRefusedToken' | 'countSuppressedLog'>,
  log: Pick<Log, 'warn'>,
  now: () => number = () => performance.now(),
): (peer: string | undefined) => void {
  let nextMs = Number.NEGATIVE_INFINITY
  let suppressed = 0
  return peer => {
    metrics.countRefusedToken()
    const nowMs = now()
    if (nowMs < nextMs) {
      suppressed++
      metrics.countSuppressedLog()
      return
    }
    log.warn('admin_token_refused', { peer, suppressed: suppressed || undefined })
    nextMs = nowMs + everyMs
    suppressed = 0
  }
}
