import t from 'tap'
import { type ChecksumAlgorithm, checksumOf, digestBytes } from '../../../src/s3/cors-operation/checksum.ts'
import { growthOf } from '../../fixtures/growth.ts'

// The check values of "123456789" that the catalogues of CRC algorithms print.
const cases: readonly { algorithm: ChecksumAlgorithm; hex: string }[] = [
  { algorithm: 'crc32', hex: 'cbf43926' },
  { algorithm: 'crc32c', hex: 'e3069283' },
  { algorithm: 'crc64nvme', hex: 'ae8b14860a799888' },
  { algorithm: 'md5', hex: '25f9e794323b453885f5181f1b624d0b' },
  { algorithm: 'sha1', hex: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441' },
  { algorithm: 'sha256', hex: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225' },
]
for (const { algorithm, hex } of cases) {
  t.test(`${algorithm} of 123456789 is ${hex}`, async t => {
    t.equal(Buffer.from(checksumOf(algorithm, Buffer.from('123456789')), 'base64').toString('hex'), hex)
    t.equal(hex.length / 2, digestBytes[algorithm])
  })
}

t.test('a checksum costs what the length is', async t => {
  for (const algorithm of ['crc64nvme', 'crc32c'] as const) {
    const growth = growthOf(size => checksumOf(algorithm, Buffer.alloc(size * 16_384, 7)))
    t.ok(growth < 10, `${algorithm}: four times as much costs ${growth.toFixed(1)} times as much`)
  }
})
