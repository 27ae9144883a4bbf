import { isTlsErrorCode } from '../../http/tls-error.ts'
import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import { s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { UpstreamFailureReason } from '../request/request-record.ts'

/** Why there is no good answer of the endpoint: one word for the metric, the rest for the log. */
export interface UpstreamFailure {
  readonly reason: UpstreamFailureReason
  /** For the log only: never sent to a client. */
  readonly detail: string
}

/** The failure that a socket error of the upstream side stands for. `code` is stable across Node versions, texts are not. */
export function socketFailure(error: NodeJS.ErrnoException): UpstreamFailure {
  const code = error.code ?? error.name
  return { reason: reasonOfCode(code), detail: `${code}: ${error.message}` }
}

function reasonOfCode(code: string): UpstreamFailureReason {
  switch (code) {
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'ENOENT':
      return 'refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return 'dns'
    case 'ETIMEDOUT':
    case 'ERR_SOCKET_CONNECTION_TIMEOUT':
      return 'timeout'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return 'reset'
    default:
      return isTlsErrorCode(code) ? 'tls' : 'reset'
  }
}

/** The answer a client gets for a failure before the response head: 504 for every timeout, 503 for the want of connections, else 502. */
export function failureAnswer(reason: UpstreamFailureReason): S3Error {
  switch (reason) {
    case 'timeout':
      return s3Errors.gatewayTimeout
    case 'queue':
      return s3Errors.slowDown
    case 'slow_client':
      return s3Errors.slowClient
    case 'refused':
    case 'reset':
    case 'dns':
    case 'tls':
    case 'malformed':
    case 'truncated':
      return s3Errors.badGateway
    default:
      return reason satisfies never
  }
}
