import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { RuleIssue } from '../../../src/cors/rules/rule.ts'
import {
  checksumMismatch,
  invalidChecksum,
  invalidRules,
  noSuchBucket,
  noSuchCorsConfiguration,
  type PreflightSituation,
  preflightError,
  type S3Error,
  s3Errors,
} from '../../../src/s3/errors/error-catalogue.ts'

const notAllowed =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

const preflights: {
  name: string
  situation: PreflightSituation
  requestMethod?: string
  object?: boolean
  expected: S3Error
}[] = [
  {
    name: '5.1: a preflight without Origin is answered 400 and the connection closes',
    situation: { kind: 'no_origin' },
    requestMethod: 'PUT',
    expected: {
      status: 400,
      code: 'BadRequest',
      message: 'Insufficient information. Origin request header needed.',
      closes: true,
    },
  },
  {
    name: '5.2: a method outside the five is named in a 400',
    situation: { kind: 'invalid_method', value: 'patch' },
    requestMethod: 'patch',
    expected: { status: 400, code: 'BadRequest', message: 'Invalid Access-Control-Request-Method: patch' },
  },
  {
    name: '5.3: a header that is no token is named in a 400, untrimmed',
    situation: { kind: 'invalid_header', element: ' x y' },
    requestMethod: 'PUT',
    expected: {
      status: 400,
      code: 'BadRequest',
      message: 'Access-Control-Request-Headers " x y" contains invalid character.',
    },
  },
  {
    name: 'a header list over the bounds is a 400',
    situation: { kind: 'too_many_headers' },
    expected: {
      status: 400,
      code: 'BadRequest',
      message: 'Access-Control-Request-Headers has more elements than are supported.',
    },
  },
  {
    name: '5.4: a missing bucket is BUCKET for an object URL too',
    situation: { kind: 'no_such_bucket' },
    object: true,
    expected: forbidden('CORSResponse: Bucket not found', 'OPTIONS', 'BUCKET'),
  },
  {
    name: '5.5: a bucket without rules is BUCKET for an object URL too',
    situation: { kind: 'no_rules' },
    requestMethod: 'PUT',
    object: true,
    expected: forbidden('CORSResponse: CORS is not enabled for this bucket.', 'PUT', 'BUCKET'),
  },
  {
    name: '5.6: a refused preflight of an object',
    situation: { kind: 'not_allowed' },
    requestMethod: 'GET',
    object: true,
    expected: forbidden(notAllowed, 'GET', 'OBJECT'),
  },
  {
    name: '5.6: a refused preflight of a bucket',
    situation: { kind: 'not_allowed' },
    requestMethod: 'GET',
    expected: forbidden(notAllowed, 'GET', 'BUCKET'),
  },
  {
    name: '5.6: a refused preflight without Access-Control-Request-Method, or with an empty one, names OPTIONS',
    situation: { kind: 'not_allowed' },
    requestMethod: '',
    object: true,
    expected: forbidden(notAllowed, 'OPTIONS', 'OBJECT'),
  },
  {
    name: 'unknown rules are a 503 that asks for another try',
    situation: { kind: 'rules_unavailable' },
    requestMethod: 'GET',
    expected: {
      status: 503,
      code: 'ServiceUnavailable',
      message: 'The CORS rules of this bucket are not available. Please try again.',
      retryAfterSeconds: 1,
    },
  },
]
for (const { name, situation, requestMethod, object = false, expected } of preflights) {
  t.test(name, async t => {
    t.strictSame(preflightError(situation, requestMethod, object), expected)
  })
}

function forbidden(message: string, method: string, resourceType: string): S3Error {
  const fields = [
    ['Method', method],
    ['ResourceType', resourceType],
  ] as const
  return { status: 403, code: 'AccessForbidden', message, fields }
}

t.test('the errors that depend on nothing in the request are these, word for word', async t => {
  t.strictSame(
    Object.entries(s3Errors as Record<string, S3Error>).map(
      ([name, error]) => `${name}: ${error.status} ${error.code}${error.closes ? ', closes' : ''}: ${error.message}`,
    ),
    [
      'badRequest: 400 BadRequest, closes: An error occurred when parsing the HTTP request.',
      'noOrigin: 400 BadRequest, closes: Insufficient information. Origin request header needed.',
      'tooManyRequestHeaders: 400 BadRequest: Access-Control-Request-Headers has more elements than are supported.',
      "invalidUri: 400 InvalidURI, closes: Couldn't parse the specified URI.",
      'malformedXml: 400 MalformedXML: The XML you provided was not well-formed or did not validate against our published schema',
      'missingContentMd5: 400 InvalidRequest: Missing required header for this request: Content-MD5',
      'invalidContentMd5: 400 InvalidDigest: The Content-MD5 you specified was invalid.',
      'contentMd5Mismatch: 400 BadDigest: The Content-MD5 you specified did not match what we received.',
      "contentSha256Mismatch: 400 XAmzContentSHA256Mismatch: The provided 'x-amz-content-sha256' header does not match what was computed.",
      'accessDenied: 403 AccessDenied: Access Denied',
      "accessForbidden: 403 AccessForbidden: CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      'methodNotAllowed: 405 MethodNotAllowed: The specified method is not allowed against this resource.',
      'requestTimeout: 408 RequestTimeout, closes: Your socket connection to the server was not read from or written to within the timeout period.',
      'uriTooLong: 414 RequestURITooLong, closes: The request URI is too long.',
      'headersTooLarge: 431 RequestHeaderSectionTooLarge, closes: Your request header section exceeds the maximum allowed size.',
      'internalError: 500 InternalError, closes: We encountered an internal error. Please try again.',
      'transferCodingNotImplemented: 501 NotImplemented, closes: A header you provided implies functionality that is not implemented.',
      'corsNotImplemented: 501 NotImplemented: The storage does not implement CORS configurations of buckets.',
      'badGateway: 502 BadGateway: The storage gave no usable answer. Please try again.',
      'slowDown: 503 SlowDown: Please reduce your request rate.',
      'slowClient: 503 SlowDown, closes: Please reduce your request rate.',
      'serviceUnavailable: 503 ServiceUnavailable: Service is unable to handle request.',
      'rulesUnavailable: 503 ServiceUnavailable: The CORS rules of this bucket are not available. Please try again.',
      'gatewayTimeout: 504 GatewayTimeout: The storage did not answer in time. Please try again.',
      'versionNotSupported: 505 HTTPVersionNotSupported, closes: The HTTP version of the request is not supported.',
    ],
  )
})

const dependent: { name: string; error: S3Error; expected: S3Error }[] = [
  {
    name: 'a checksum that is none of its kind',
    error: invalidChecksum('x-amz-checksum-crc32'),
    expected: {
      status: 400,
      code: 'InvalidRequest',
      message: 'Value for x-amz-checksum-crc32 header is invalid.',
    },
  },
  {
    name: 'a checksum of another body',
    error: checksumMismatch('CRC32'),
    expected: {
      status: 400,
      code: 'BadDigest',
      message: 'The CRC32 you specified did not match the calculated checksum.',
    },
  },
  {
    name: 'rules with a fault',
    error: invalidRules(issue({ s3Code: 'InvalidRequest', s3Message: 'S3 says.' })),
    expected: { status: 400, code: 'InvalidRequest', message: 'S3 says.' },
  },
  {
    name: 'rules with a fault that S3 has no words for',
    error: invalidRules(issue({})),
    expected: s3Errors.malformedXml,
  },
  {
    name: 'a bucket that is not there',
    error: noSuchBucket('media'),
    expected: {
      status: 404,
      code: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
      fields: [['BucketName', 'media']],
    },
  },
  {
    name: 'a bucket without rules',
    error: noSuchCorsConfiguration('media'),
    expected: {
      status: 404,
      code: 'NoSuchCORSConfiguration',
      message: 'The CORS configuration does not exist',
      fields: [['BucketName', 'media']],
    },
  },
]
for (const { name, error, expected } of dependent) t.test(name, async t => t.strictSame(error, expected))

function issue(said: Pick<RuleIssue, 's3Code' | 's3Message'>): RuleIssue {
  return { severity: 'fault', reason: 'not-a-rule', path: [], value: 1, message: 'ours', allowed: '', ...said }
}

t.test('no other file of the proxy has a status, a code and a message of its own', async t => {
  const src = fileURLToPath(new URL('../../../src/', import.meta.url))
  const having = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .filter(file => /status: *\d{3},\s*code:[^,]*,\s*message\b/.test(readFileSync(join(src, file), 'utf8')))
  t.strictSame(having, ['s3/errors/error-catalogue.ts'])
})

t.test('every 503 says when to try again, and nothing else does', async t => {
  for (const error of Object.values<S3Error>(s3Errors)) {
    t.equal(error.retryAfterSeconds, error.status === 503 ? 1 : undefined, error.code)
  }
})

t.test('what a client sent is repeated up to 256 bytes', async t => {
  const long = '&'.repeat(60_000)
  const situations: readonly [PreflightSituation, string | undefined][] = [
    [{ kind: 'invalid_method', value: long }, long],
    [{ kind: 'invalid_header', element: long }, 'PUT'],
    [{ kind: 'no_such_bucket' }, long],
    [{ kind: 'no_rules' }, long],
    [{ kind: 'not_allowed' }, long],
  ]
  for (const [situation, requestMethod] of situations) {
    const error = preflightError(situation, requestMethod, true)
    const told = `${error.message} ${JSON.stringify(error.fields ?? [])}`
    t.match(told, `${'&'.repeat(256)}...`, situation.kind)
    t.ok(told.length < 1000, situation.kind)
  }
})
