// The errors this proxy answers by itself, in S3's form and S3's words.
import type { CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import { corsMethods } from '../../cors/rules/rule.ts'
import { escapeXmlText } from '../xml/xml-text.ts'

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

const notAllowedMessage =
  // S3 writes "evalution"; clients that search for the text find it only so.
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

/** The errors that depend on nothing in the request. */
export const s3Errors = {
  badRequest: {
    status: 400,
    code: 'BadRequest',
    message: 'An error occurred when parsing the HTTP request.',
    closes: true,
  },
  /** An ambiguous address: endpoints may disagree on the bucket. */
  invalidUri: { status: 400, code: 'InvalidURI', message: "Couldn't parse the specified URI.", closes: true },
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
    closes: true,
  },
  uriTooLong: { status: 414, code: 'RequestURITooLong', message: 'The request URI is too long.', closes: true },
  headersTooLarge: {
    status: 431,
    code: 'RequestHeaderSectionTooLarge',
    message: 'Your request header section exceeds the maximum allowed size.',
    closes: true,
  },
  transferCodingNotImplemented: {
    status: 501,
    code: 'NotImplemented',
    message: 'A header you provided implies functionality that is not implemented.',
    closes: true,
  },
  internalError: {
    status: 500,
    code: 'InternalError',
    message: 'We encountered an internal error. Please try again.',
    closes: true,
  },
  badGateway: { status: 502, code: 'BadGateway', message: 'The storage gave no usable answer. Please try again.' },
  slowDown: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.', retryAfterSeconds: 1 },
  /** Draining, and limits other than the queue's. */
  serviceUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: 'Service is unable to handle request.',
    retryAfterSeconds: 1,
  },
  /** The rules of a bucket are unknown: never an allowance. */
  rulesUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: 'The CORS rules of this bucket are not available. Please try again.',
    retryAfterSeconds: 1,
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
    closes: true,
  },
} as const satisfies Record<string, S3Error>

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
      return noOrigin
    case 'invalid_method':
      return badRequest(`Invalid Access-Control-Request-Method: ${situation.value}`)
    case 'invalid_header':
      return badRequest(`Access-Control-Request-Headers "${situation.element}" contains invalid character.`)
    case 'too_many_headers':
      return tooManyHeaders
    case 'no_such_bucket':
      return noSuchBucket(requestMethod)
    case 'no_rules':
      return noRules(requestMethod)
    case 'not_allowed':
      return object ? notAllowedObject(requestMethod) : notAllowedBucket(requestMethod)
    case 'rules_unavailable':
      return s3Errors.rulesUnavailable
    default:
      return situation satisfies never
  }
}

const noOrigin: S3Error = { ...badRequest('Insufficient information. Origin request header needed.'), closes: true }
const tooManyHeaders = badRequest('Access-Control-Request-Headers has more elements than are supported.')

function badRequest(message: string): S3Error {
  return { status: 400, code: 'BadRequest', message }
}

/** The bodies of errors that come again and again, up to what is another in every answer. */
const knownBeginnings = new Map<S3Error, string>()

// S3 says BUCKET even for an object's URL, unless the bucket's rules were asked.
const noSuchBucket = forbidden('CORSResponse: Bucket not found', 'BUCKET')
const noRules = forbidden('CORSResponse: CORS is not enabled for this bucket.', 'BUCKET')
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
    knownBeginnings.set(error, beginningOf(error))
  }
  return requestMethod => {
    const method = requestMethod || 'OPTIONS'
    return known.get(method) ?? errorOf(method)
  }
}

/**
 * The body of an error, elements in S3's order; it is to be sent as UTF-8. The ids are those of request-ids.ts, in
 * which nothing has to be escaped.
 */
export function renderError(error: S3Error, requestId: string, hostId: string): string {
  const beginning = knownBeginnings.get(error) ?? beginningOf(error)
  return `${beginning}<RequestId>${requestId}</RequestId><HostId>${hostId}</HostId></Error>`
}

function beginningOf(error: S3Error): string {
  let body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${element('Code', error.code)}${element('Message', error.message)}`
  for (const [name, value] of error.fields ?? []) body += element(name, value)
  return body
}

function element(name: string, value: string): string {
  return `<${name}>${escapeXmlText(value)}</${name}>`
}
