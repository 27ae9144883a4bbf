import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { redactTarget, redactText } from './redact.ts'

/** What a field of a line may be. Undefined is left out. */
export type FieldValue = string | number | boolean | undefined

/** One field of what the log says of a request. */
export interface RequestField {
  readonly name: string
  /** Bounded, but not yet redacted by what only the log knows, nor escaped. */
  readonly of: (record: RequestRecord) => FieldValue
  /** Hardly ever the same for two requests in a row. */
  readonly varies?: boolean
}

function cut(text: string | undefined, length: number): string | undefined {
  return text === undefined || text.length <= length ? text : `${text.slice(0, length)}...`
}

function seconds(fromMs: number, toMs: number): number | undefined {
  return fromMs > 0 && toMs > 0 ? Math.round((toMs - fromMs) * 1000) / 1e6 : undefined
}

function joinLines(lines: readonly string[] | undefined): string | undefined {
  return lines?.length === 1 ? lines[0] : lines?.join(', ')
}

/** A rule's ID, else its number from 1, as the explanation counts. */
export function ruleName(rule: { readonly index: number; readonly id?: string | undefined }): string | number {
  return rule.id ?? rule.index + 1
}

/** The stable schema of the log: every field of a request, in the order of a line. */
export const requestFields: readonly RequestField[] = [
  { name: 'kind', of: ({ kind }) => kind },
  { name: 'bucket', of: ({ bucket }) => cut(bucket, 255) },
  { name: 'host', of: ({ unknownHost }) => unknownHost },
  { name: 'origin', of: ({ origin }) => cut(origin, 512) },
  { name: 'method', of: ({ method }) => cut(method, 64) },
  { name: 'protocol', of: ({ protocol }) => protocol },
  { name: 'requestMethod', of: ({ requestMethod }) => cut(requestMethod, 64) },
  { name: 'requestHeaders', of: ({ requestHeaders }) => cut(joinLines(requestHeaders), 512) },
  { name: 'decision', of: ({ decision }) => decision && (decision.allowed ? 'allowed' : 'denied') },
  { name: 'reason', of: ({ decision }) => decision?.reason },
  {
    name: 'rule',
    of: ({ decision }) => (decision?.allowed ? ruleName({ index: decision.index, id: decision.rule.id }) : undefined),
  },
  { name: 'enforcement', of: ({ enforcement }) => enforcement },
  { name: 'status', of: ({ status }) => status },
  { name: 'errorCode', of: ({ errorCode }) => errorCode },
  { name: 'upstreamFailure', of: ({ upstreamFailure }) => upstreamFailure },
  { name: 'upstreamFailureDetail', of: ({ upstreamFailureDetail }) => cut(upstreamFailureDetail, 512) },
  { name: 'clientAborted', of: ({ clientAborted }) => clientAborted || undefined },
  { name: 'target', of: ({ target }) => redactText(redactTarget(target)), varies: true },
  { name: 'requestId', of: ({ requestId }) => cut(requestId, 128), varies: true },
  { name: 'peer', of: ({ peerAddress }) => peerAddress },
  { name: 'requestBytes', of: ({ requestBodyBytes }) => requestBodyBytes, varies: true },
  { name: 'responseBytes', of: ({ responseBodyBytes }) => responseBodyBytes, varies: true },
  { name: 'durationSeconds', of: ({ startedAtMs, endedAtMs }) => seconds(startedAtMs, endedAtMs), varies: true },
  {
    name: 'upstreamSeconds',
    of: ({ upstreamStartedAtMs, upstreamFirstByteAtMs }) => seconds(upstreamStartedAtMs, upstreamFirstByteAtMs),
    varies: true,
  },
  { name: 'upstreamAllowOrigin', of: ({ upstreamAllowOrigin }) => cut(upstreamAllowOrigin, 512) },
]
