import type { Decision } from '../../cors/decision/decide.ts'
import type { ConnectionEnd } from '../../http/connection-end.ts'
import type { Enforcement } from '../../policies/policy-lookup.ts'

/** What a request was to the proxy. `rejected` was refused before any policy was asked. */
export type RequestKind = 'preflight' | 'actual' | 'plain' | 'managed' | 'rejected'

/** Why an exchange with the endpoint failed; the label of `s3cors_upstream_failures_total`. */
export type UpstreamFailureReason =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'truncated'
  | 'malformed'
  | 'tls'
  | 'dns'
  | 'queue'
  | 'slow_client'

/**
 * One request, from its head to its end. The handler fills it; the observer is given it exactly once, when the exchange
 * has ended, and may keep it: nothing changes it any more. Strings are as the client sent them: nothing here may become a label or a log line unbounded or unredacted.
 * Times are milliseconds of the monotonic clock, 0 for what did not happen.
 */
export interface RequestRecord {
  kind: RequestKind
  method: string
  /** The request-target, byte for byte. May hold presigned secrets. */
  target: string
  /** The version of HTTP that the client speaks; undefined of what was no request. */
  protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0' | undefined
  origin: string | undefined
  bucket: string | undefined
  /** The Host of a request that names no bucket because the configuration does not know that Host. */
  unknownHost: string | undefined
  /** A key follows the bucket. */
  object: boolean
  /** The configuration names the bucket itself, so its name may be a label. */
  bucketNamed: boolean
  /** Of preflight and actual requests; undefined for every other kind. The proxy writes it here for the observer and reads it nowhere. */
  decision: Decision | undefined
  /** What was decided by: the state of the bucket's rules, or the settings where there is no bucket. Another object after a change. */
  basis: object | undefined
  enforcement: Enforcement
  /** Access-Control-Request-Method as sent. */
  requestMethod: string | undefined
  /** The lines of Access-Control-Request-Headers as sent. */
  requestHeaders: readonly string[] | undefined
  /** The status sent to the client; 0 when none was. */
  status: number
  /** The S3 error code of an answer of our own. */
  errorCode: string | undefined
  requestBodyBytes: number
  responseBodyBytes: number
  startedAtMs: number
  upstreamStartedAtMs: number
  upstreamFirstByteAtMs: number
  /** How long it took to open the connection to the endpoint that this request was the first on, TLS included; 0 on any other. */
  upstreamHandshakeMs: number
  endedAtMs: number
  upstreamFailure: UpstreamFailureReason | undefined
  /** For the log: the code and words of what failed. */
  upstreamFailureDetail: string | undefined
  clientAborted: boolean
  /** Of what was no request: its connection ended because of it. */
  connectionEnd: ConnectionEnd | undefined
  /** The endpoint sent Access-Control-* fields of its own, which were dropped. */
  strippedCorsFields: boolean
  /** Of a write of rules: the endpoint was seen to know `?cors` before it was forwarded. */
  corsKnown: boolean
  /** In `report`: the endpoint's Access-Control-Allow-Origin, which passed. */
  upstreamAllowOrigin: string | undefined
  /** x-amz-request-id of an answer of our own, else the endpoint's. */
  requestId: string | undefined
  peerAddress: string | undefined
}

/** Sees what the proxy does. Called synchronously on the data path: it must neither throw nor wait. */
export interface ProxyObserver {
  /** A request's head was accepted; it is in flight until `ended`. */
  started(): void
  ended(record: RequestRecord): void
  /** Something an operator should know that is not about one request's outcome. */
  warned(event: string, detail: Readonly<Record<string, string | number>>): void
}

/** Tells of a fault of our own, with where it came from. */
export function warnOfFault(observer: ProxyObserver, error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  observer.warned('internal_error', { detail })
}

/** What requests are counted by. */
export interface RequestCounting {
  readonly observer: ProxyObserver
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** A request has begun: it is in flight until {@link endRequest}. */
export function beginRequest(
  { observer, now }: RequestCounting,
  method: string | undefined,
  target: string | undefined,
  peerAddress: string | undefined,
): RequestRecord {
  const record = newRecord(method, target, peerAddress, now())
  observer.started()
  return record
}

/** The request has been answered or has ended otherwise: it is counted, once, however often it ends. */
export function endRequest({ observer, now }: RequestCounting, record: RequestRecord): void {
  if (record.endedAtMs > 0) return
  record.endedAtMs = now()
  observer.ended(record)
}

/** A record of a request that has just begun: everything that is not known yet is absent. */
export function newRecord(
  method: string | undefined,
  target: string | undefined,
  peerAddress: string | undefined,
  startedAtMs: number,
): RequestRecord {
  return {
    kind: 'plain',
    method: method ?? '',
    target: target ?? '',
    protocol: undefined,
    origin: undefined,
    bucket: undefined,
    unknownHost: undefined,
    object: false,
    bucketNamed: false,
    decision: undefined,
    basis: undefined,
    enforcement: 'headers',
    requestMethod: undefined,
    requestHeaders: undefined,
    status: 0,
    errorCode: undefined,
    requestBodyBytes: 0,
    responseBodyBytes: 0,
    startedAtMs,
    upstreamStartedAtMs: 0,
    upstreamFirstByteAtMs: 0,
    upstreamHandshakeMs: 0,
    endedAtMs: 0,
    upstreamFailure: undefined,
    upstreamFailureDetail: undefined,
    clientAborted: false,
    connectionEnd: undefined,
    strippedCorsFields: false,
    corsKnown: false,
    upstreamAllowOrigin: undefined,
    requestId: undefined,
    peerAddress,
  }
}
