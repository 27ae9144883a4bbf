import t from 'tap'
import {
  type PreflightSituation,
  preflightError,
  renderError,
  type S3Error,
  s3Errors,
} from '../../../src/s3/errors/error-response.ts'

const notAllowed =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

const rendered: { name: string; error: S3Error; expected: string }[] = [
  {
    name: 'the recorded bytes of a bucket without configuration, element order included',
    error: preflightError({ kind: 'no_rules' }, undefined, true),
    expected:
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessForbidden</Code><Message>CORSResponse: CORS is not enabled for this bucket.</Message><Method>OPTIONS</Method><ResourceType>BUCKET</ResourceType><RequestId>4442587FB7D0A2F9</RequestId><HostId>aG9zdA==</HostId></Error>',
  },
  {
    name: 'an error without fields',
    error: { status: 400, code: 'BadRequest', message: 'No.' },
    expected:
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>BadRequest</Code><Message>No.</Message><RequestId>4442587FB7D0A2F9</RequestId><HostId>aG9zdA==</HostId></Error>',
  },
  {
    name: 'markup and control characters of a client never reach the document as such',
    error: { status: 404, code: 'NoSuchBucket', message: '<script>&\0', fields: [['BucketName', ']]><b>\x01\r']] },
    expected:
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code><Message>&lt;script&gt;&amp;\ufffd</Message><BucketName>]]&gt;&lt;b&gt;\ufffd&#13;</BucketName><RequestId>4442587FB7D0A2F9</RequestId><HostId>aG9zdA==</HostId></Error>',
  },
]
for (const { name, error, expected } of rendered) {
  t.test(name, async t => {
    t.equal(renderError(error, '4442587FB7D0A2F9', 'aG9zdA=='), expected)
  })
}

for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'P<TCH']) {
  for (const object of [true, false]) {
    t.test(
      `the body of a refused ${method} of ${object ? 'an object' : 'a bucket'} is made of its error alone`,
      async t => {
        const error = preflightError({ kind: 'not_allowed' }, method, object)
        const body = renderError(error, '4442587FB7D0A2F9', 'aG9zdA==')
        t.equal(body, renderError({ ...error }, '4442587FB7D0A2F9', 'aG9zdA=='))
        const type = object ? 'OBJECT' : 'BUCKET'
        t.match(body, `<Method>${method.replace('<', '&lt;')}</Method><ResourceType>${type}</ResourceType><RequestId>`)
        t.not(body, renderError(error, '4442587FB7D0A2FA', 'aG9zdA=='), 'and of the ids')
      },
    )
  }
}

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

t.test("the proxy's own statuses are the documented ones", async t => {
  t.strictSame(
    Object.entries(s3Errors as Record<string, S3Error>).map(([name, error]) => `${name} ${error.status} ${error.code}`),
    [
      'badRequest 400 BadRequest',
      'invalidUri 400 InvalidURI',
      'accessForbidden 403 AccessForbidden',
      'methodNotAllowed 405 MethodNotAllowed',
      'requestTimeout 408 RequestTimeout',
      'uriTooLong 414 RequestURITooLong',
      'headersTooLarge 431 RequestHeaderSectionTooLarge',
      'transferCodingNotImplemented 501 NotImplemented',
      'internalError 500 InternalError',
      'badGateway 502 BadGateway',
      'slowDown 503 SlowDown',
      'serviceUnavailable 503 ServiceUnavailable',
      'rulesUnavailable 503 ServiceUnavailable',
      'gatewayTimeout 504 GatewayTimeout',
      'versionNotSupported 505 HTTPVersionNotSupported',
    ],
  )
})

t.test('every 503 says when to try again, and nothing else does', async t => {
  for (const error of Object.values<S3Error>(s3Errors)) {
    t.equal(error.retryAfterSeconds, error.status === 503 ? 1 : undefined, error.code)
  }
})
