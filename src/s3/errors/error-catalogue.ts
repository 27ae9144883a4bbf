// Every error that this proxy answers by itself: status, code and message, in S3's words where S3 has some. Only the sentences
// about a CORSRule stand elsewhere, in cors/rules, because a configuration is refused in the same words.

import type { CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import { corsMethods, type RuleIssue } from '../../cors/rules/rule.ts'
import { malformedXmlMessage } from '../../cors/rules/rule-fault.ts'

/** An error as S3 answers it. Its text tells a client no more than S3 would. */
export interface S3Error {
  readonly status: number
  readonly code: string
  readonly message: string
  /** Elements between Message and RequestId, such as Method and ResourceType. */
  readonly fields?: readonly (readonly [name: string, value: string])[] | undefined
  /** The answer carries `Connection: close`. */
  readonly closes?: true | undefined
  /** The answer carries `Retry-After` with this many seconds. */
  readonly retryAfterSeconds?: number | undefined
}

const closes = true
const retryAfterSeconds = 1
const notAllowedMessage =
  // S3 writes "evalution"; clients that search for the text find it only so.
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

/** The errors that depend on nothing in the request, by status. */
export const s3Errors = {
  badRequest: {
    status: 400,
    code: 'BadRequest',
    message: 'An error occurred when parsing the HTTP request.',
    closes,
  },
  /** A preflight without Origin. */
  noOrigin: {
    status: 400,
    code: 'BadRequest',
    message: 'Insufficient information. Origin request header needed.',
    closes,
  },
  tooManyRequestHeaders: {
    status: 400,
    code: 'BadRequest',
    message: 'Access-Control-Request-Headers has more elements than are supported.',
  },
  /** An ambiguous address: endpoints may disagree on the bucket. */
  invalidUri: { status: 400, code: 'InvalidURI', message: "Couldn't parse the specified URI.", closes },
  /** To a body that is no CORS configuration. */
  malformedXml: { status: 400, code: 'MalformedXML', message: malformedXmlMessage },
  /** To a PutBucketCors whose body came without any digest. */
  missingContentMd5: {
    status: 400,
    code: 'InvalidRequest',
    message: 'Missing required header for this request: Content-MD5',
  },
  invalidContentMd5: { status: 400, code: 'InvalidDigest', message: 'The Content-MD5 you specified was invalid.' },
  contentMd5Mismatch: {
    status: 400,
    code: 'BadDigest',
    message: 'The Content-MD5 you specified did not match what we received.',
  },
  contentSha256Mismatch: {
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  accessDenied: { status: 403, code: 'AccessDenied', message: 'Access Denied' },
  /** What `block` answers to an actual request that no rule allows. */
  accessForbidden: { status: 403, code: 'AccessForbidden', message: notAllowedMessage },
  methodNotAllowed: {
    status: 405,
    code: 'MethodNotAllowed',
    message: 'The specified method is not allowed against this resource.',
  },
  /** The client was idle within its own request. */
  requestTimeout: {
    status: 408,
    code: 'RequestTimeout',
    message: 'Your socket connection to the server was not read from or written to within the timeout period.',
    closes,
  },
  uriTooLong: { status: 414, code: 'RequestURITooLong', message: 'The request URI is too long.', closes },
  headersTooLarge: {
    status: 431,
    code: 'RequestHeaderSectionTooLarge',
    message: 'Your request header section exceeds the maximum allowed size.',
    closes,
  },
  internalError: {
    status: 500,
    code: 'InternalError',
    message: 'We encountered an internal error. Please try again.',
    closes,
  },
  transferCodingNotImplemented: {
    status: 501,
    code: 'NotImplemented',
    message: 'A header you provided implies functionality that is not implemented.',
    closes,
  },
  /** To a write of rules that the endpoint would take for something else. */
  corsNotImplemented: {
    status: 501,
    code: 'NotImplemented',
    message: 'The storage does not implement CORS configurations of buckets.',
  },
  badGateway: { status: 502, code: 'BadGateway', message: 'The storage gave no usable answer. Please try again.' },
  slowDown: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.', retryAfterSeconds },
  /** To a client that moves its bytes so slowly that others wait for its connection: it would go on at the same pace. */
  slowClient: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.', retryAfterSeconds, closes },
  /** Draining, and limits other than the queue's. */
  serviceUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: 'Service is unable to handle request.',
    retryAfterSeconds,
  },
  /** The rules of a bucket are unknown: never an allowance. */
  rulesUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: 'The CORS rules of this bucket are not available. Please try again.',
    retryAfterSeconds,
  },
  gatewayTimeout: {
    status: 504,
    code: 'GatewayTimeout',
    message: 'The storage did not answer in time. Please try again.',
  },
  versionNotSupported: {
    status: 505,
    code: 'HTTPVersionNotSupported',
    message: 'The HTTP version of the request is not supported.',
    closes,
  },
} as const satisfies Record<string, S3Error>

/** No method and no field name that a browser sends is longer. Escaped for XML, a byte takes up to six. */
const maxRepeatedBytes = 256

/** What a client sent, as far as an error repeats it. */
function excerpt(value: string): string {
  return value.length <= maxRepeatedBytes ? value : `${value.slice(0, maxRepeatedBytes)}...`
}

/** To an Access-Control-Request-Method that no rule can list. */
function invalidRequestMethod(value: string): S3Error {
  return { status: 400, code: 'BadRequest', message: `Invalid Access-Control-Request-Method: ${excerpt(value)}` }
}

/** To an element of Access-Control-Request-Headers that is no field name. */
function invalidRequestHeader(element: string): S3Error {
  const message = `Access-Control-Request-Headers "${excerpt(element)}" contains invalid character.`
  return { status: 400, code: 'BadRequest', message }
}

/** To a PutBucketCors whose field `name` is no digest of its kind. */
export function invalidChecksum(name: string): S3Error {
  return { status: 400, code: 'InvalidRequest', message: `Value for ${name} header is invalid.` }
}

/** To a PutBucketCors whose body has another checksum; `algorithm` in capitals. */
export function checksumMismatch(algorithm: string): S3Error {
  const message = `The ${algorithm} you specified did not match the calculated checksum.`
  return { status: 400, code: 'BadDigest', message }
}

/** To a PutBucketCors whose rules have this fault. */
export function invalidRules({ s3Code, s3Message }: RuleIssue): S3Error {
  return { ...s3Errors.malformedXml, code: s3Code ?? 'MalformedXML', message: s3Message ?? malformedXmlMessage }
}

export function noSuchBucket(bucket: string): S3Error {
  const fields = [['BucketName', bucket]] as const
  return { status: 404, code: 'NoSuchBucket', message: 'The specified bucket does not exist', fields }
}

/** To a GetBucketCors of a bucket without rules. */
export function noSuchCorsConfiguration(bucket: string): S3Error {
  const fields = [['BucketName', bucket]] as const
  return { status: 404, code: 'NoSuchCORSConfiguration', message: 'The CORS configuration does not exist', fields }
}

/** Why a preflight gets an error: a fault of the request, or what is known of the bucket. */
export type PreflightSituation =
  | CorsRequestIssue
  | { readonly kind: 'no_such_bucket' | 'no_rules' | 'not_allowed' | 'rules_unavailable' }

/**
 * The error for a preflight, as S3 answers it. `requestMethod` is the Access-Control-Request-Method, `object` whether the URL
 * names a key. The 400s name neither: S3 gives them before it looks at the bucket.
 */
export function preflightError(
  situation: PreflightSituation,
  requestMethod: string | undefined,
  object: boolean,
): S3Error {
  switch (situation.kind) {
    case 'no_origin':
      return s3Errors.noOrigin
    case 'invalid_method':
      return invalidRequestMethod(situation.value)
    case 'invalid_header':
      return invalidRequestHeader(situation.element)
    case 'too_many_headers':
      return s3Errors.tooManyRequestHeaders
    case 'no_such_bucket':
      return bucketNotFound(requestMethod)
    case 'no_rules':
      return corsNotEnabled(requestMethod)
    case 'not_allowed':
      return object ? notAllowedObject(requestMethod) : notAllowedBucket(requestMethod)
    case 'rules_unavailable':
      return s3Errors.rulesUnavailable
    default:
      return situation satisfies never
  }
}

const repeated: S3Error[] = []

// S3 says BUCKET even for an object's URL, unless the bucket's rules were asked.
const bucketNotFound = forbidden('CORSResponse: Bucket not found', 'BUCKET')
const corsNotEnabled = forbidden('CORSResponse: CORS is not enabled for this bucket.', 'BUCKET')
const notAllowedBucket = forbidden(notAllowedMessage, 'BUCKET')
const notAllowedObject = forbidden(notAllowedMessage, 'OBJECT')

/** The error for each requested method: those of S3 are made once, a client's own whenever it comes. */
function forbidden(message: string, resourceType: 'BUCKET' | 'OBJECT'): (requestMethod: string | undefined) => S3Error {
  const errorOf = (method: string): S3Error => {
    const fields = [
      ['Method', method],
      ['ResourceType', resourceType],
    ] as const
    return { status: 403, code: 'AccessForbidden', message, fields }
  }
  const known = new Map<string, S3Error>()
  for (const method of [...corsMethods, 'OPTIONS']) {
    const error = Object.freeze(errorOf(method))
    known.set(method, error)
    repeated.push(error)
  }
  return requestMethod => {
    const method = requestMethod || 'OPTIONS'
    return known.get(method) ?? errorOf(excerpt(method))
  }
}

/** Those of the errors above that depend on the request and come again and again all the same: each is one object. */
export const repeatedErrors: readonly S3Error[] = repeated
