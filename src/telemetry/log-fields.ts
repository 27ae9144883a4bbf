import type { Explanation } from '../cors/explain.ts'
import type { RequestRecord } from '../proxy/request-record.ts'
import { redactTarget, redactText } from './redact.ts'

/** What a log line says beside its time, level and event. A field that is undefined is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

function cut(text: string | undefined, length: number): string | undefined {
  return text === undefined || text.length <= length ? text : `${text.slice(0, length)}...`
}

function seconds(fromMs: number, toMs: number): number | undefined {
  return fromMs > 0 && toMs > 0 ? Math.round((toMs - fromMs) * 1000) / 1e6 : undefined
}

/** A rule's ID, else its number from 1, as the explanation counts. */
function ruleName(rule: { readonly index: number; readonly id?: string | undefined }): string | number {
  return rule.id ?? rule.index + 1
}

/** One request as a line: the stable schema of the log, its strings bounded and without secrets. */
export function describeRequest(record: RequestRecord): LogFields {
  const { decision } = record
  return {
    kind: record.kind,
    bucket: cut(record.bucket, 255),
    origin: cut(record.origin, 512),
    method: cut(record.method, 64),
    requestMethod: cut(record.requestMethod, 64),
    requestHeaders: cut(record.requestHeaders?.join(', '), 512),
    decision: decision === undefined ? undefined : decision.allowed ? 'allowed' : 'denied',
    reason: decision?.reason,
    rule: decision?.allowed ? ruleName({ index: decision.rule.index, id: decision.rule.rule.id }) : undefined,
    enforcement: record.enforcement,
    status: record.status,
    errorCode: record.errorCode,
    upstreamFailure: record.upstreamFailure,
    upstreamFailureDetail: cut(record.upstreamFailureDetail, 512),
    clientAborted: record.clientAborted || undefined,
    target: redactText(redactTarget(record.target)),
    requestId: cut(record.requestId, 128),
    peer: record.peerAddress,
    requestBytes: record.requestBodyBytes,
    responseBytes: record.responseBodyBytes,
    durationSeconds: seconds(record.startedAtMs, record.endedAtMs),
    upstreamSeconds: seconds(record.upstreamStartedAtMs, record.upstreamFirstByteAtMs),
    upstreamAllowOrigin: cut(record.upstreamAllowOrigin, 512),
  }
}

/** What would have allowed a denied request. */
export function describeHint(explanation: Explanation | undefined): LogFields {
  if (explanation === undefined) return {}
  const { nearest, change, noChange } = explanation
  return {
    nearestRule: nearest === undefined ? undefined : ruleName(nearest),
    failedClause: nearest?.failed,
    change: change?.yaml,
    changeWhere: change?.where,
    risk: change === undefined || change.risks.length === 0 ? undefined : change.risks.map(r => r.message).join('; '),
    noChange,
  }
}
