// Why a question of ours to the endpoint had no usable answer: one closed union, one table.

import { parseDecimal } from '../../http/decimal.ts'
import { fieldValues } from '../../http/field-values.ts'
import type { TransportAnswer } from './endpoint-transport.ts'
import { parseErrorDocument } from './error-document.ts'

/** Every way in which a fetch can fail; also the `result` label of the metric. */
export const fetchFailureReasons = [
  'auth',
  'throttled',
  'server',
  'network',
  'timeout',
  'tls',
  'dns',
  'redirect',
  'malformed',
  'oversized',
] as const

/** One of {@link fetchFailureReasons}. */
export type FetchFailureReason = (typeof fetchFailureReasons)[number]

/** A fetch without a usable answer: what was known before stays in use while it is not too old. */
export interface FetchFailure {
  readonly kind: 'failure'
  readonly reason: FetchFailureReason
  /** For the log and the admin port; holds no secret. */
  readonly detail: string
  /** What the endpoint asked for, uncapped. */
  readonly retryAfterSeconds?: number | undefined
}

/** What an endpoint says of an access key that it does not know: S3's words, its forms of old, s3s's, and versitygw's, with 404. */
export const unknownKeyCodes: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSecurity',
  'NotSignedUp',
  'UnrecognizedClientException',
  'XAdminUserNotFound',
])
const authCodes = new Set([
  ...unknownKeyCodes,
  'AccessDenied',
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
])
const throttleCodes = new Set([
  'SlowDown',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
])

/** The failure that an answer of no use amounts to. Redirects are reported, never followed: credentials would travel with them. */
export function failureOf(answer: TransportAnswer, now: number): FetchFailure {
  const { status, headers } = answer
  const error = parseErrorDocument(answer)
  const code = error?.code
  const said = `${status}${code === undefined ? '' : ` ${code}`}`
  const region = error?.region ?? plain(fieldValues(headers, 'x-amz-bucket-region')[0])
  const hint = region === undefined ? '' : `; the endpoint wants region ${region}`
  if (status >= 300 && status < 400) {
    return {
      kind: 'failure',
      reason: 'redirect',
      detail: `${said}: redirects are not followed${hint}; see upstream.url and upstream.region`,
    }
  }
  if (status === 401 || status === 403 || (code !== undefined && authCodes.has(code))) {
    return {
      kind: 'failure',
      reason: 'auth',
      detail: `${said}: the endpoint refuses the proxy's own credentials${hint}`,
    }
  }
  const retryAfterSeconds = parseRetryAfter(fieldValues(headers, 'retry-after')[0], now)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  if (status === 429 || (code !== undefined && throttleCodes.has(code))) {
    return { kind: 'failure', reason: 'throttled', detail: said, ...retry }
  }
  if (status < 300 || (code === undefined && status < 500)) {
    return { kind: 'failure', reason: 'malformed', detail: `${said}: not an answer of the S3 API` }
  }
  return { kind: 'failure', reason: 'server', detail: said, ...retry }
}

/** Retry-After in seconds, from either form (RFC 9110 §10.2.3); undefined when it cannot be read. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const seconds = parseDecimal(value)
  if (seconds !== -1) return seconds < 1e9 ? seconds : undefined
  const at = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}

function plain(value: string | undefined): string | undefined {
  return value !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(value) ? value : undefined
}
