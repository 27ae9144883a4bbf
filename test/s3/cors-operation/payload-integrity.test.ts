import t from 'tap'
import { checksumOf } from '../../../src/s3/cors-operation/checksum.ts'
import { checkPayloadIntegrity } from '../../../src/s3/cors-operation/payload-integrity.ts'

const body = Buffer.from('<CORSConfiguration/>')
const other = Buffer.from('<Other/>')

const cases: readonly { name: string; headers: readonly string[]; expected: unknown }[] = [
  { name: 'no digest', headers: [], expected: { verified: [] } },
  { name: 'Content-MD5', headers: ['Content-MD5', checksumOf('md5', body)], expected: { verified: ['content-md5'] } },
  ...(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const).map(algorithm => ({
    name: algorithm,
    headers: [`x-amz-checksum-${algorithm}`, checksumOf(algorithm, body)],
    expected: { verified: [`x-amz-checksum-${algorithm}`] },
  })),
  {
    name: 'a Content-MD5 that is none',
    headers: ['Content-MD5', 'abc'],
    expected: { error: { status: 400, code: 'InvalidDigest' } },
  },
  {
    name: 'an MD5 in hexadecimal',
    headers: ['Content-MD5', 'd41d8cd98f00b204e9800998ecf8427e'],
    expected: { error: { code: 'InvalidDigest' } },
  },
  {
    name: 'the Content-MD5 of another body',
    headers: ['Content-MD5', checksumOf('md5', other)],
    expected: {
      error: {
        status: 400,
        code: 'BadDigest',
        message: 'The Content-MD5 you specified did not match what we received.',
      },
    },
  },
  {
    name: 'the CRC32 of another body',
    headers: ['x-amz-checksum-crc32', checksumOf('crc32', other)],
    expected: {
      error: { code: 'BadDigest', message: 'The CRC32 you specified did not match the calculated checksum.' },
    },
  },
  {
    name: 'a checksum that is none',
    headers: ['x-amz-checksum-sha256', '!!'],
    expected: { error: { code: 'InvalidRequest' } },
  },
  {
    name: 'a right digest beside a wrong one',
    headers: ['Content-MD5', checksumOf('md5', body), 'x-amz-checksum-sha1', checksumOf('sha1', other)],
    expected: { error: { code: 'BadDigest' } },
  },
  {
    name: 'a wrong second line of the same field',
    headers: ['Content-MD5', checksumOf('md5', body), 'content-md5', checksumOf('md5', other)],
    expected: { error: { code: 'BadDigest' } },
  },
]
for (const { name, headers, expected } of cases) {
  t.test(`a body with ${name}`, async t => t.match(checkPayloadIntegrity(headers, body), expected as object))
}
