import t from 'tap'
import { checksumOf } from '../../../src/s3/cors-operation/checksum.ts'
import { readPutBucketCors } from '../../../src/s3/cors-operation/put-bucket-cors.ts'
import { md5Of } from '../../fixtures/signed-request.ts'

const rule = '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://A.example</AllowedOrigin></CORSRule>'
const document = `<CORSConfiguration>${rule}</CORSConfiguration>`
const rules = [
  { allowedOrigins: ['https://A.example'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
]

const cases: readonly { name: string; body: string | Buffer; headers?: readonly string[]; expected: object }[] = [
  { name: 'rules', body: document, expected: { rules } },
  {
    name: 'rules with a checksum',
    body: document,
    headers: ['x-amz-checksum-crc32', checksumOf('crc32', Buffer.from(document))],
    expected: { rules },
  },
  {
    name: 'rules without any digest',
    body: document,
    headers: [],
    expected: {
      error: { status: 400, code: 'InvalidRequest', message: 'Missing required header for this request: Content-MD5' },
    },
  },
  {
    name: 'rules with the digest of others',
    body: document,
    headers: ['Content-MD5', md5Of('x')],
    expected: { error: { code: 'BadDigest' } },
  },
  { name: 'no rules', body: '<CORSConfiguration/>', expected: { error: { status: 400, code: 'MalformedXML' } } },
  {
    name: 'an element that S3 does not know',
    body: document.replace('<AllowedMethod>', '<Allowed/><AllowedMethod>'),
    expected: { error: { code: 'MalformedXML' } },
  },
  { name: 'a DOCTYPE', body: `<!DOCTYPE x>${document}`, expected: { error: { code: 'MalformedXML' } } },
  { name: 'nothing', body: '', expected: { error: { code: 'MalformedXML' } } },
  { name: 'bytes that are not UTF-8', body: Buffer.from([0xff, 0xfe]), expected: { error: { code: 'MalformedXML' } } },
  { name: 'more than 64 KiB', body: document + ' '.repeat(65_537), expected: { error: { code: 'MalformedXML' } } },
  {
    name: 'a method that S3 refuses',
    body: document.replace('GET', 'PATCH'),
    expected: {
      error: {
        code: 'InvalidRequest',
        message: 'Found unsupported HTTP method in CORS config. Unsupported method is PATCH',
      },
    },
  },
]
for (const { name, body, headers, expected } of cases) {
  t.test(`PutBucketCors of ${name}`, async t => {
    const bytes = Buffer.from(body)
    t.match(readPutBucketCors(headers ?? ['Content-MD5', checksumOf('md5', bytes)], bytes), expected)
  })
}
