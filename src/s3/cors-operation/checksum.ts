// The digests a client may send along with a body: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The algorithms of `x-amz-checksum-…`, as the field names spell them. */
export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

/** One of {@link checksumAlgorithms}, or MD5 for Content-MD5. */
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number] | 'md5'

/** The digest in base64, as it stands in a field; CRCs with the most significant byte first. */
export function checksumOf(algorithm: ChecksumAlgorithm, body: Buffer): string {
  switch (algorithm) {
    case 'crc32':
      return base64OfUint32(crc32(body))
    case 'crc32c':
      return base64OfUint32(crc32c(body))
    case 'crc64nvme':
      return base64OfUint64(crc64nvme(body))
    case 'md5':
    case 'sha1':
    case 'sha256':
      return createHash(algorithm).update(body).digest('base64')
    default:
      return algorithm satisfies never
  }
}

/** How many bytes the digest has. */
export const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  md5: 16,
  sha1: 20,
  sha256: 32,
}

// Bit by bit and without tables: bodies here have at most 64 KiB.

/** Castagnoli's polynomial, reflected (RFC 9260, appendix A). */
function crc32c(body: Buffer): number {
  let crc = 0xffffffff
  for (const byte of body) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

/** The polynomial of the NVM Express NVM Command Set Specification, "64b CRC", reflected, in two halves, because numbers have 53 bits. */
function crc64nvme(body: Buffer): readonly [high: number, low: number] {
  let high = 0xffffffff
  let low = 0xffffffff
  for (const byte of body) {
    low ^= byte
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1
      low = (low >>> 1) | ((high & 1) << 31)
      high >>>= 1
      if (carry) {
        high ^= 0x9a6c9329
        low ^= 0xac4bc9b5
      }
    }
  }
  return [~high >>> 0, ~low >>> 0]
}

function base64OfUint32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}

function base64OfUint64([high, low]: readonly [number, number]): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(high, 0)
  bytes.writeUInt32BE(low, 4)
  return bytes.toString('base64')
}
