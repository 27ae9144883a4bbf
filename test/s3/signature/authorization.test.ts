import t from 'tap'
import { parseAuthorization, parseScopedNames } from '../../../src/s3/signature/authorization.ts'

const signature = '0123456789abcdef'.repeat(4)
const credential = 'AKIACALLER/20260101/us-east-1/s3/aws4_request'
const whole = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`
const parsed = { accessKeyId: 'AKIACALLER', date: '20260101', signedNames: ['host', 'x-amz-date'] }

t.test('the form of the SDKs is read, with a space after the comma or none', async t => {
  t.strictSame(parseAuthorization(whole), parsed)
  t.strictSame(parseAuthorization(whole.replaceAll(', ', ',')), parsed)
})

t.test('an access key id may hold a slash', async t => {
  t.strictSame(parseScopedNames(`team/${credential}`, 'host')?.accessKeyId, 'team/AKIACALLER')
})

const changes: readonly [name: string, from: string | RegExp, to: string][] = [
  ['another algorithm', 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512'],
  ['SigV4A', 'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'],
  ['the algorithm in lower case', 'AWS4-HMAC-SHA256', 'aws4-hmac-sha256'],
  ['a longer algorithm', 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA256X'],
  ['no algorithm', 'AWS4-HMAC-SHA256 ', ''],
  ['whitespace before', /^/, ' '],
  ['whitespace behind', /$/, ' '],
  ['two spaces', 'SHA256 C', 'SHA256  C'],
  ['a tab', 'SHA256 C', 'SHA256\tC'],
  ['no credential', `Credential=${credential}, `, ''],
  ['an empty credential', credential, ''],
  ['an empty access key id', 'AKIACALLER', ''],
  ['a credential without a date', '/20260101', ''],
  ['a short date', '20260101', '2026011'],
  ['a date in another form', '20260101', '2026-01-01'],
  ['a credential without a region', '/us-east-1', ''],
  ['an empty region', 'us-east-1', ''],
  ['another service', '/s3/', '/sts/'],
  ['another terminator', 'aws4_request', 'aws4'],
  ['more behind the terminator', 'aws4_request', 'aws4_request/'],
  ['a credential twice', ', SignedHeaders', `, Credential=${credential}, SignedHeaders`],
  ['a mark in lower case', 'Credential=', 'credential='],
  ['no SignedHeaders', 'SignedHeaders=host;x-amz-date, ', ''],
  ['empty SignedHeaders', 'host;x-amz-date', ''],
  ['SignedHeaders without host', 'host;x-amz-date', 'x-amz-date'],
  ['SignedHeaders out of order', 'host;x-amz-date', 'x-amz-date;host'],
  ['SignedHeaders with a name twice', 'host;x-amz-date', 'host;host'],
  ['SignedHeaders with an empty name', 'host;', 'host;;'],
  ['SignedHeaders in upper case', 'x-amz-date', 'X-Amz-Date'],
  ['SignedHeaders split by commas', 'host;x-amz-date', 'host,x-amz-date'],
  ['no signature', `, Signature=${signature}`, ''],
  ['an empty signature', signature, ''],
  ['a short signature', signature, signature.slice(1)],
  ['a long signature', signature, `${signature}0`],
  ['a signature in upper case', signature, signature.toUpperCase()],
  ['a signature in base64', signature, 'QUJDRA=='.repeat(8)],
  ['a signature twice', /$/, `, Signature=${signature}`],
  ['an unknown part', ', SignedHeaders', ', Region=x, SignedHeaders'],
  ['parts in another order', /Credential=(\S+), (SignedHeaders=\S+),/, '$2, Credential=$1,'],
]
for (const [name, from, to] of changes) {
  t.test(`${name} is no signature that every server verifies`, async t => {
    const changed = whole.replace(from, to)
    t.not(changed, whole)
    t.equal(parseAuthorization(changed), undefined)
  })
}

t.test('the scheme of another kind is none', async t => {
  for (const other of ['', 'AWS AKIACALLER:c2ln', 'Basic eDp5', 'Bearer e.y.J', 'AWS4-HMAC-SHA256'])
    t.equal(parseAuthorization(other), undefined, other)
})
