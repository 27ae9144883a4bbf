// Content-MD5 and x-amz-checksum-…: what a body must agree with, in S3's words.

import { fieldValues } from '../../http/field-values.ts'
import type { S3Error } from '../errors/error-response.ts'
import { type ChecksumAlgorithm, checksumAlgorithms, checksumOf, digestBytes } from './checksum.ts'

/** The fields that were found to agree with the body, in lower case; or what does not. */
export type PayloadIntegrity = { readonly verified: readonly string[] } | { readonly error: S3Error }

/** Checks every digest that came with the body: one that does not agree is a fault, even beside another that does. */
export function checkPayloadIntegrity(headers: readonly string[], body: Buffer): PayloadIntegrity {
  const verified: string[] = []
  for (const algorithm of ['md5', ...checksumAlgorithms] as const) {
    const name = algorithm === 'md5' ? 'content-md5' : `x-amz-checksum-${algorithm}`
    for (const value of fieldValues(headers, name)) {
      if (!isDigest(value, algorithm)) return { error: algorithm === 'md5' ? invalidMd5 : invalidChecksum(name) }
      if (value !== checksumOf(algorithm, body)) return { error: badDigest(algorithm) }
      verified.push(name)
    }
  }
  return { verified }
}

/** What PutBucketCors answers to a body that came without any digest. */
export const missingContentMd5: S3Error = {
  status: 400,
  code: 'InvalidRequest',
  message: 'Missing required header for this request: Content-MD5',
}

const invalidMd5: S3Error = {
  status: 400,
  code: 'InvalidDigest',
  message: 'The Content-MD5 you specified was invalid.',
}

function invalidChecksum(name: string): S3Error {
  return { status: 400, code: 'InvalidRequest', message: `Value for ${name} header is invalid.` }
}

function badDigest(algorithm: ChecksumAlgorithm): S3Error {
  const message =
    algorithm === 'md5'
      ? 'The Content-MD5 you specified did not match what we received.'
      : `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`
  return { status: 400, code: 'BadDigest', message }
}

function isDigest(value: string, algorithm: ChecksumAlgorithm): boolean {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === digestBytes[algorithm] && bytes.toString('base64') === value
}
