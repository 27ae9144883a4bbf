import t from 'tap'
import { parseErrorDocument } from '../../../src/s3/endpoint/error-document.ts'

const cases: readonly { name: string; body: string; document: object | undefined }[] = [
  {
    name: 'a code',
    body: '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>',
    document: { code: 'NoSuchBucket', region: undefined },
  },
  {
    name: 'a code and a bucket',
    body: '<Error><Code>X</Code><BucketName>my.media-1</BucketName></Error>',
    document: { code: 'X', region: undefined, bucketName: 'my.media-1' },
  },
  {
    name: 'a bucket that is no plain word',
    body: '<Error><Code>X</Code><BucketName>a b</BucketName></Error>',
    document: { code: 'X', region: undefined },
  },
  {
    name: 'a code and a region',
    body: '<Error><Code>X</Code><Region>gra</Region></Error>',
    document: { code: 'X', region: 'gra' },
  },
  {
    name: "a region in S3's sentence",
    body: "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'gra' is wrong; expecting 'us-east-1'</Message></Error>",
    document: { code: 'AuthorizationHeaderMalformed', region: 'us-east-1' },
  },
  {
    name: 'a region in the sentence of another error',
    body: "<Error><Code>X</Code><Message>; expecting 'us-east-1'</Message></Error>",
    document: { code: 'X', region: undefined },
  },
  {
    name: 'a malformed header without a sentence',
    body: '<Error><Code>AuthorizationHeaderMalformed</Code></Error>',
    document: { code: 'AuthorizationHeaderMalformed', region: undefined },
  },
  {
    name: 'a code with a namespace',
    body: '<s:Error xmlns:s="u"><s:Code>X</s:Code></s:Error>',
    document: { code: 'X', region: undefined },
  },
  { name: 'an error without a code', body: '<Error><Message>m</Message></Error>', document: undefined },
  { name: 'a code that is no word', body: '<Error><Code>a b\n c</Code></Error>', document: undefined },
  { name: 'a page', body: '<html><Code>X</Code></html>', document: undefined },
  { name: 'nothing', body: '', document: undefined },
  { name: 'half an error', body: '<Error><Code>NoSuchBucket</Code>', document: undefined },
  {
    name: 'an error with a DOCTYPE',
    body: '<!DOCTYPE Error><Error><Code>NoSuchBucket</Code></Error>',
    document: undefined,
  },
]
for (const { name, body, document } of cases) {
  t.test(`${name} is ${document === undefined ? 'no error document' : 'an error document'}`, async t => {
    const expected = document && { bucketName: undefined, ...document }
    t.strictSame(parseErrorDocument({ status: 404, headers: [], body: Buffer.from(body) }), expected)
  })
}
