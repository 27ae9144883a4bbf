import t from 'tap'
import { type SignedRequest, signedFieldNames } from '../../../src/s3/signature/signed-fields.ts'
import { lenientReaders } from '../../fixtures/lenient-signature.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

const signature = '0123456789abcdef'.repeat(4)
const scope = '20260101/us-east-1/s3/aws4_request'
const date = '20260101T000000Z'
const names = ['host', 'x-forwarded-for']

const plain: SignedRequest = {
  method: 'GET',
  target: '/media/key',
  authorization: undefined,
  contentType: undefined,
  date: undefined,
  contentSha256: undefined,
}
const inField: SignedRequest = {
  ...plain,
  authorization: `AWS4-HMAC-SHA256 Credential=AKIACALLER/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  date,
  contentSha256: 'UNSIGNED-PAYLOAD',
}

const marks = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': encodeURIComponent(`AKIACALLER/${scope}`),
  'X-Amz-Date': date,
  'X-Amz-Expires': '600',
  'X-Amz-SignedHeaders': encodeURIComponent(names.join(';')),
  'X-Amz-Signature': signature,
}
type Mark = keyof typeof marks
const query = (changed: Readonly<Record<string, string | undefined>> = {}) =>
  Object.entries({ ...marks, ...changed })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
const presigned = (more = ''): SignedRequest => ({ ...plain, target: `/media/key?${query()}${more}` })
const withMarks = (changed: Readonly<Record<string, string | undefined>>): SignedRequest => ({
  ...plain,
  target: `/media/key?${query(changed)}`,
})

const signed: readonly { name: string; request: SignedRequest }[] = [
  { name: 'SigV4 in a field', request: inField },
  { name: 'SigV4 over a hash', request: { ...inField, contentSha256: signature } },
  { name: 'SigV4 over a stream', request: { ...inField, contentSha256: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } },
  { name: 'SigV4 beside a query', request: { ...inField, target: '/media?list-type=2&prefix=a%2Bb+c' } },
  { name: 'SigV4 of a POST', request: { ...inField, method: 'POST', contentType: 'application/xml' } },
  { name: 'a presigned URL', request: presigned() },
  { name: 'a presigned URL with other parameters', request: presigned('&x-id=GetObject&response-content-type=a%2Bb') },
  { name: 'a presigned URL of a session', request: presigned('&X-Amz-Security-Token=a%2Fb') },
  { name: 'a presigned URL with a payload of its own', request: presigned('&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD') },
  {
    name: 'a presigned URL with slashes in its credential',
    request: withMarks({ 'X-Amz-Credential': `AKIACALLER/${scope}` }),
  },
]
for (const { name, request } of signed) {
  t.test(`${name} signs the fields that it names`, async t => {
    t.strictSame(signedFieldNames(request), names)
    for (const [reader, read] of Object.entries(lenientReaders)) t.strictSame(read(request), names, reader)
  })
}

const form = 'multipart/form-data; boundary=a'
const unsigned: readonly { name: string; request: SignedRequest }[] = [
  { name: 'nothing', request: plain },
  { name: 'a presigned URL with more parameters than any operation has', request: presigned('&a'.repeat(128)) },
  {
    name: 'a presigned URL of more names than a request may have fields',
    request: withMarks({
      'X-Amz-SignedHeaders': ['host', ...Array.from({ length: 512 }, (_, index) => `x-${1000 + index}`)].join('%3B'),
    }),
  },
  { name: 'OPTIONS with a field, which no server verifies', request: { ...inField, method: 'OPTIONS' } },
  { name: 'OPTIONS with a presigned URL', request: { ...presigned(), method: 'OPTIONS' } },
  { name: 'an empty Authorization', request: { ...inField, authorization: '' } },
  { name: 'a field without X-Amz-Date', request: { ...inField, date: undefined } },
  { name: 'a field with an HTTP date', request: { ...inField, date: 'Thu, 01 Jan 2026 00:00:00 GMT' } },
  { name: 'a field of another day', request: { ...inField, date: '20260102T000000Z' } },
  { name: 'a field without a payload hash', request: { ...inField, contentSha256: undefined } },
  { name: 'a field with an empty payload hash', request: { ...inField, contentSha256: '' } },
  { name: 'a field with a payload hash of no form', request: { ...inField, contentSha256: 'unsigned-payload' } },
  { name: 'a form with a field', request: { ...inField, method: 'POST', contentType: form } },
  { name: 'a form with a presigned URL', request: { ...presigned(), method: 'POST', contentType: form } },
  {
    name: 'a form in other letters',
    request: { ...inField, method: 'POST', contentType: ' Multipart/Form-Data;boundary=a' },
  },
  {
    name: 'an unsigned stream with a presigned URL',
    request: { ...presigned(), method: 'PUT', contentSha256: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
  },
  { name: 'an empty Authorization beside a presigned URL', request: { ...presigned(), authorization: '' } },
  { name: 'Basic beside a presigned URL', request: { ...presigned(), authorization: 'Basic eDp5' } },
  { name: 'a field beside a presigned URL', request: { ...inField, target: presigned().target } },
  ...Object.entries(marks).map(([mark, value]) => ({
    name: `a field beside ${mark}`,
    request: { ...inField, target: `/media/key?${mark}=${value}` },
  })),
  ...[
    'AWSAccessKeyId=k',
    'awsaccesskeyid=k',
    'Signature=s',
    'Expires=1',
    'AWSAccessKeyId',
    'X-Amz-Region-Set=a',
  ].flatMap(other => [
    { name: `a field beside ${other}`, request: { ...inField, target: `/media/key?${other}` } },
    { name: `a presigned URL beside ${other}`, request: presigned(`&${other}`) },
  ]),
  ...(Object.keys(marks) as Mark[]).flatMap(mark => [
    { name: `${mark} missing`, request: withMarks({ [mark]: undefined }) },
    { name: `${mark} empty`, request: withMarks({ [mark]: '' }) },
    { name: `${mark} twice`, request: presigned(`&${mark}=${marks[mark]}`) },
    { name: `${mark} twice, once empty`, request: presigned(`&${mark}=`) },
    { name: `${mark} twice, once without a value`, request: presigned(`&${mark}`) },
    { name: `${mark} in lower case`, request: withMarks({ [mark]: undefined, [mark.toLowerCase()]: marks[mark] }) },
    { name: `${mark} again in lower case`, request: presigned(`&${mark.toLowerCase()}=a`) },
    {
      name: `${mark} encoded`,
      request: withMarks({ [mark]: undefined, [mark.replace('-', '%2D')]: marks[mark] }),
    },
    { name: `${mark} again, encoded`, request: presigned(`&${mark.replace('X', '%58')}=a`) },
    { name: `${mark} with a plus in its name`, request: presigned(`&+${mark}=a`) },
    { name: `${mark} with a plus in its value`, request: withMarks({ [mark]: `${marks[mark]}+` }) },
    { name: `${mark} with a space in its value`, request: withMarks({ [mark]: `${marks[mark]}%20` }) },
    { name: `${mark} with NUL in its value`, request: withMarks({ [mark]: `${marks[mark]}%00` }) },
    { name: `${mark} with a broken escape`, request: withMarks({ [mark]: `${marks[mark]}%zz` }) },
    { name: `${mark} behind a semicolon`, request: withMarks({ 'X-Amz-Expires': `600;${mark}=a` }) },
  ]),
  { name: 'a semicolon anywhere', request: presigned('&prefix=a;b') },
  { name: 'a second question mark', request: presigned('&prefix=a?b') },
  { name: 'SigV4A', request: withMarks({ 'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256' }) },
  { name: 'another algorithm', request: withMarks({ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA1' }) },
  { name: 'an algorithm in lower case', request: withMarks({ 'X-Amz-Algorithm': 'aws4-hmac-sha256' }) },
  { name: 'a credential without its scope', request: withMarks({ 'X-Amz-Credential': 'AKIACALLER' }) },
  {
    name: 'another service',
    request: withMarks({ 'X-Amz-Credential': `AKIACALLER/${scope.replace('s3', 'sts')}` }),
  },
  { name: 'a credential of another day', request: withMarks({ 'X-Amz-Date': '20260102T000000Z' }) },
  { name: 'a date in another form', request: withMarks({ 'X-Amz-Date': '2026-01-01T00:00:00Z' }) },
  ...['0', '-1', '+600', '0600', '6e2', '600.0', '604801', '99999999', '0x10'].map(expires => ({
    name: `X-Amz-Expires ${expires}`,
    request: withMarks({ 'X-Amz-Expires': expires }),
  })),
  { name: 'a short signature', request: withMarks({ 'X-Amz-Signature': signature.slice(1) }) },
  { name: 'a signature in upper case', request: withMarks({ 'X-Amz-Signature': signature.toUpperCase() }) },
  { name: 'SignedHeaders without host', request: withMarks({ 'X-Amz-SignedHeaders': 'x-forwarded-for' }) },
  { name: 'SignedHeaders out of order', request: withMarks({ 'X-Amz-SignedHeaders': 'x-forwarded-for%3Bhost' }) },
  { name: 'SignedHeaders in upper case', request: withMarks({ 'X-Amz-SignedHeaders': 'host%3BX-Forwarded-For' }) },
  { name: 'a payload in the query of no form', request: presigned('&X-Amz-Content-Sha256=STREAMING-A') },
]
for (const { name, request } of unsigned) {
  t.test(`${name} signs nothing that is believed`, async t => {
    t.strictSame(signedFieldNames(request), [])
  })
}

const pieces = [
  ...Object.entries(marks).map(([name, value]) => `${name}=${value}`),
  ...Object.keys(marks),
  ...Object.keys(marks).map(name => `${name}=`),
  ...Object.entries(marks).map(([name, value]) => `${name.toLowerCase()}=${value}`),
  ...Object.entries(marks).map(([name, value]) => `${name.replace('A', '%41')}=${value}`),
  ...['AWSAccessKeyId=k', 'Signature=s', 'prefix=a', '', 'X-Amz-SignedHeaders=host', 'X-Amz-Algorithm=none', 'a;b'],
]
const fields = [
  ...[undefined, undefined, undefined, '', ' ', 'Basic eDp5', 'AWS k:s', 'AWS4-HMAC-SHA256', inField.authorization],
  inField.authorization?.replace(signature, 'x'),
  inField.authorization?.replace('/s3/', '/iam/'),
  inField.authorization?.replace('SHA256', 'SHA1'),
]

t.test('what any server might take for anonymous signs nothing', async t => {
  const random = new SeededRandom(20_260_101)
  let believed = 0
  for (let i = 0; i < 60_000; i++) {
    const parameters = Object.entries(marks).map(([name, value]) => `${name}=${value}`)
    for (let changes = random.below(4); changes > 0; changes--) {
      const at = random.below(parameters.length + 1)
      parameters.splice(at, random.below(2), ...(random.below(2) === 0 ? [random.pick(pieces)] : []))
    }
    const request: SignedRequest = {
      method: random.pick(['GET', 'PUT', 'POST']),
      target:
        random.below(3) === 0
          ? '/media/key'
          : `/media/key?${parameters.join(random.pick(['&', '&', '&', '&', ';', '?']))}`,
      authorization: random.pick(fields),
      contentType: random.pick([undefined, undefined, 'application/xml', form]),
      date: random.pick([undefined, date]),
      contentSha256: random.pick([undefined, 'UNSIGNED-PAYLOAD', signature, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']),
    }
    const own = signedFieldNames(request)
    if (own.length === 0) continue
    believed++
    for (const [reader, read] of Object.entries(lenientReaders)) {
      const other = read(request)
      if (JSON.stringify(other) !== JSON.stringify(own))
        t.strictSame(other, own, `${reader}: ${JSON.stringify(request)}`)
    }
  }
  t.ok(believed > 500, `${believed} requests were taken for signed`)
})
