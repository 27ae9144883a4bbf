import type { Explanation } from '../cors/explain/explain.ts'
import type { ProxyObserver, RequestRecord } from '../proxy/request/request-record.ts'
import { createExplanationBudget, type ExplanationBudget } from './log/explanation-budget.ts'
import type { Log } from './log/log.ts'
import { describeHint, describeRequest, type LogFields } from './log/log-fields.ts'
import {
  createRefusalSampler,
  defaultSampling,
  type RefusalSampler,
  type SampledRefusal,
} from './log/refusal-sampler.ts'
import type { RequestMeter } from './metrics/count-report.ts'

/** What the observer joins. */
export interface ObserverOptions {
  readonly metrics: RequestMeter
  readonly log: Log
  /** A line for each request; without it they are lines of the level `debug`. A function where a reload may change it. */
  readonly access: boolean | (() => boolean)
  /** Why a request was denied and what would allow it. Asked for logged refusals only, and only as often as `budget` has time. */
  readonly explain?: ((record: RequestRecord) => Explanation | undefined) | undefined
  readonly sampler?: RefusalSampler | undefined
  readonly budget?: ExplanationBudget | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** A line a minute per client and reason, two a second in all: a flood of connections takes the lines of nothing else. */
const endSampling = { ...defaultSampling, burst: 5, linesPerSecond: 2 }

/** What a change of the rules would have to allow beside the origin. */
function askedOf({ method, requestMethod, requestHeaders, unknownHost }: RequestRecord): string {
  const asked = `${requestMethod ?? method} ${requestHeaders?.length === 1 ? requestHeaders[0] : (requestHeaders?.join() ?? '')}`
  return unknownHost === undefined ? asked : `${asked} ${unknownHost}`
}

/**
 * Counts and logs what the proxy does. Of what repeats, which is refused decisions, rejected requests, failures of the
 * endpoint and warnings, a sample is logged; the rest is counted in the line after it and in `s3cors_log_suppressed_total`.
 */
export function createObserver(options: ObserverOptions): ProxyObserver {
  const { metrics, log } = options
  const sampler = options.sampler ?? createRefusalSampler()
  const endSampler = createRefusalSampler(endSampling)
  const budget = options.budget ?? createExplanationBudget()
  const now = options.now ?? Date.now
  const access = () => (typeof options.access === 'function' ? options.access() : options.access)
  log.onSuppressed(lines => metrics.countSuppressedLog(lines))

  /** How many lines went before this one unlogged; undefined if it is not to be logged either. */
  function sample(refusal: SampledRefusal, by = sampler): number | undefined {
    const before = by.admit(refusal, now())
    if (before === undefined) metrics.countSuppressedLog()
    return before
  }

  function hintOf(record: RequestRecord): LogFields {
    const explanation = budget.explain(() => options.explain?.(record))
    if (explanation === 'left-out') return { explanation: 'left out: budget' }
    return describeHint(explanation)
  }

  function logNotable(record: RequestRecord): boolean {
    const { decision, bucket } = record
    if (decision !== undefined && !decision.allowed) {
      if (!log.enabled('warn')) return false
      const { origin, basis } = record
      const suppressed = sample({ origin, bucket, reason: decision.reason, asked: askedOf(record), basis })
      if (suppressed === undefined) return false
      const hint = hintOf(record)
      log.warn('cors_denied', { ...describeRequest(record), ...hint, suppressed: suppressed || undefined })
      return true
    }
    if (record.connectionEnd !== undefined) {
      if (!log.enabled('warn')) return false
      const suppressed = sample({ reason: record.connectionEnd, origin: record.peerAddress }, endSampler)
      if (suppressed === undefined) return false
      const { connectionEnd: reason, peerAddress: peer, protocol } = record
      log.warn('connection_ended', { reason, peer, protocol, suppressed: suppressed || undefined })
      return true
    }
    const event = record.kind === 'rejected' ? 'request_rejected' : 'upstream_failed'
    const reason = record.kind === 'rejected' ? (record.errorCode ?? 'rejected') : record.upstreamFailure
    if (reason === undefined || !log.enabled('warn')) return false
    const suppressed = sample({ bucket, reason: `${event} ${reason}` })
    if (suppressed === undefined) return false
    log.warn(event, { ...describeRequest(record), suppressed: suppressed || undefined })
    return true
  }

  return {
    started() {
      metrics.recordStarted()
    },
    ended(record) {
      metrics.recordEnded(record)
      try {
        const logged = logNotable(record)
        if (access()) log.writeRequest('info', record)
        else if (!logged && log.enabled('debug')) log.writeRequest('debug', record)
      } catch {
        // A line that cannot be made must not end the request's connection, let alone the process.
        metrics.countSuppressedLog()
      }
    },
    warned(event, detail) {
      const suppressed = sample({ reason: `${event} ${JSON.stringify(detail).slice(0, 512)}` })
      if (suppressed !== undefined) log.warn(event, { ...detail, suppressed: suppressed || undefined })
    },
  }
}
