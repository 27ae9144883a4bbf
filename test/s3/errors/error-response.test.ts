import t from 'tap'
import { preflightError, repeatedErrors, type S3Error } from '../../../src/s3/errors/error-catalogue.ts'
import { isKnownAscii, renderError } from '../../../src/s3/errors/error-response.ts'

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

t.test('what is written once for an error that comes again is what is written for it each time', async t => {
  for (const error of repeatedErrors) {
    const body = renderError(error, 'A', 'B')
    t.equal(body, renderError({ ...error }, 'A', 'B'))
    t.equal(isKnownAscii(error), true)
    t.equal(Buffer.byteLength(body), body.length, 'ASCII')
    t.equal(isKnownAscii({ ...error }), false)
  }
  t.equal(repeatedErrors.length, 24)
})
