import { parseDecimal } from '../../http/decimal.ts'
import { withoutFields } from '../../http/field-line.ts'
import { lowerCaseFieldName } from '../../http/field-name.ts'
import { isConnectionSpecific } from '../../http/hop-by-hop-fields.ts'
import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import { s3Errors } from '../../s3/errors/error-catalogue.ts'
import { isForwardedField } from './forwarded-field.ts'
import { nominatedByRequest } from './hop-by-hop-removal.ts'

/** A request that may be decided on and forwarded: every field that framing, address or policy hang on stands in it once. */
export interface GuardedRequest {
  readonly method: string
  /** The request-target, byte for byte. */
  readonly target: string
  readonly host: string
  readonly origin: string | undefined
  /** Access-Control-Request-Method. */
  readonly requestMethod: string | undefined
  /** The lines of Access-Control-Request-Headers. */
  readonly requestHeaders: readonly string[] | undefined
  /** The end-to-end field lines as they came, each with its CRLF; without Host, framing and connection-specific fields. */
  readonly lines: string
  /** X-Forwarded-For and its kin as the client sent them, flat; undefined when it sent none. */
  readonly forwardedFields: readonly string[] | undefined
  readonly authorization: string | undefined
  /** In canonical form, without leading zeros; undefined when there is no Content-Length. */
  readonly contentLength: string | undefined
  readonly chunked: boolean
  /** It asked for an upgrade, which it does not get. */
  readonly upgrade: boolean
}

/** Why a request goes no further: the answer, and a detail for the log. */
export interface Rejection {
  readonly error: S3Error
  readonly detail: string
}

/** Bounds of the guard. */
export interface GuardLimits {
  readonly targetBytes: number
  readonly fields: number
}

/** What the guard reads of a request: the parsed head, with its fields as they came. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
}

/**
 * Refuses what is ambiguous before anything is opened towards the endpoint; what it lets through means the same to every
 * peer behind. llhttp has already refused conflicting framing, bad field names, folding and bare CR or LF; what it and
 * Node let pass is refused here.
 */
export function guardRequest(head: RequestHead, limits: GuardLimits): GuardedRequest | Rejection {
  const { method = '', url: target = '', rawHeaders } = head
  const http10 = head.httpVersion === '1.0'
  if (!http10 && head.httpVersion !== '1.1' && head.httpVersion !== '2.0')
    return reject(s3Errors.versionNotSupported, 'HTTP version')
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'PUT':
    case 'POST':
    case 'DELETE':
    case 'OPTIONS':
      break
    default:
      return reject(s3Errors.methodNotAllowed, 'method')
  }
  if (target.length > limits.targetBytes) return reject(s3Errors.uriTooLong, 'request-target is too long')
  if (rawHeaders.length > limits.fields * 2) return reject(s3Errors.headersTooLarge, 'too many field lines')

  let host: string | undefined
  let origin: string | undefined
  let requestMethod: string | undefined
  let requestHeaders: string[] | undefined
  let authorization: string | undefined
  let contentLength: string | undefined
  let transferEncoding: string | undefined
  let connection: string | undefined
  let forwardedFields: string[] | undefined
  let expect = false
  let upgrade = false
  let contentType = false
  let range = false
  let amzDate = false
  let amzSha256 = false
  let lines = ''

  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const name = lowerCaseFieldName(raw)
    if (name === undefined) return reject(s3Errors.badRequest, 'malformed field name')
    switch (name) {
      case 'host':
        if (host !== undefined) return twice(raw)
        host = value
        continue
      case 'origin':
        if (origin !== undefined) return twice(raw)
        origin = value
        break
      case 'access-control-request-method':
        if (requestMethod !== undefined) return twice(raw)
        requestMethod = value
        break
      case 'access-control-request-headers':
        if (requestHeaders === undefined) requestHeaders = [value]
        else requestHeaders.push(value)
        break
      case 'authorization':
        if (authorization !== undefined) return twice(raw)
        authorization = value
        break
      case 'content-length':
        if (contentLength !== undefined) return twice(raw)
        contentLength = value
        continue
      case 'transfer-encoding':
        if (transferEncoding !== undefined) return twice(raw)
        transferEncoding = value
        continue
      case 'expect':
        if (expect) return twice(raw)
        expect = true
        // RFC 9110 §10.1.1: a 1.0 client cannot be sent a 100, so the endpoint is not asked for one.
        if (http10) continue
        break
      case 'content-type':
        if (contentType) return twice(raw)
        contentType = true
        break
      case 'range':
        if (range) return twice(raw)
        range = true
        break
      case 'x-amz-date':
        if (amzDate) return twice(raw)
        amzDate = true
        break
      case 'x-amz-content-sha256':
        if (amzSha256) return twice(raw)
        amzSha256 = true
        break
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`
        continue
      case 'upgrade':
        upgrade = true
        continue
      default:
        if (isConnectionSpecific(name)) continue
        if (name.includes('_')) {
          const folded = name.replaceAll('_', '-')
          if (isProtected(folded)) return reject(s3Errors.badRequest, `field ${name}`)
          // Meant for a server that reads it as the other name, and for nothing else.
          if (isForwardedField(folded)) continue
        } else if (isForwardedField(name)) {
          if (forwardedFields === undefined) forwardedFields = [raw, value]
          else forwardedFields.push(raw, value)
          continue
        }
    }
    lines += `${raw}: ${value}\r\n`
  }

  // Its form is the address parser's business; RFC 9112 §3.2 asks for exactly one, in HTTP/1.0 we do too.
  if (host === undefined) return reject(s3Errors.badRequest, 'Host is missing')
  if (transferEncoding !== undefined) {
    const coding = transferEncoding.toLowerCase()
    if (coding !== 'chunked') {
      return coding.startsWith(',') || coding === ''
        ? reject(s3Errors.badRequest, 'malformed Transfer-Encoding')
        : reject(s3Errors.transferCodingNotImplemented, 'transfer coding other than chunked')
    }
    // RFC 9112 §6.1: a 1.0 message with Transfer-Encoding has faulty framing.
    if (http10) return reject(s3Errors.badRequest, 'Transfer-Encoding in HTTP/1.0')
    if (contentLength !== undefined) return reject(s3Errors.badRequest, 'Content-Length beside Transfer-Encoding')
  }
  if (contentLength !== undefined) {
    // Past 2^53 the count of what was sent could be wrong, and S3's largest object is 5 TiB.
    const length = parseDecimal(contentLength)
    if (length === -1) return reject(s3Errors.badRequest, 'Content-Length')
    // RFC 9110 §8.6 allows leading zeros, which some reader might take for octal.
    if (contentLength.length > 1 && contentLength.charCodeAt(0) === 0x30) contentLength = String(length)
  }
  if (connection !== undefined) {
    const nominated = nominatedByRequest(connection)
    if (nominated === undefined)
      return reject(s3Errors.badRequest, 'Connection nominates a protected field, or too many')
    if (nominated.length > 0) lines = withoutFields(lines, nominated)
  }
  return {
    method,
    target,
    host,
    origin,
    requestMethod,
    requestHeaders,
    lines,
    forwardedFields,
    authorization,
    contentLength,
    chunked: transferEncoding !== undefined,
    upgrade,
  }
}

/** Tells a rejection from a request that passed. */
export function isRejection(result: GuardedRequest | Rejection): result is Rejection {
  return 'error' in result
}

function reject(error: S3Error, detail: string): Rejection {
  return { error, detail }
}

function twice(name: string): Rejection {
  return reject(s3Errors.badRequest, `${name} stands more than once`)
}

/**
 * A name that some servers and CGI-like layers read as another: `X_Amz_Date` as `x-amz-date`. Refused only where that
 * other name means something here; `x-amz-meta-original_filename` is ordinary, and signed.
 */
function isProtected(folded: string): boolean {
  switch (folded) {
    case 'host':
    case 'origin':
    case 'authorization':
    case 'cookie':
    case 'connection':
    case 'content-length':
    case 'transfer-encoding':
    case 'expect':
      return true
    default:
      return (
        folded.startsWith('access-control-request-') ||
        folded.startsWith('if-') ||
        (folded.startsWith('x-amz-') && !folded.startsWith('x-amz-meta-'))
      )
  }
}
