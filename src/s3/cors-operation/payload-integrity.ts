// Content-MD5 and x-amz-checksum-…: what a body must agree with, in S3's words.

import { fieldValues } from '../../http/field-values.ts'
import { checksumMismatch, invalidChecksum, type S3Error, s3Errors } from '../errors/error-catalogue.ts'
import { type ChecksumAlgorithm, checksumAlgorithms, checksumOf, digestBytes } from './checksum.ts'

/** The fields that were found to agree with the body, in lower case; or what does not. */
export type PayloadIntegrity = { readonly verified: readonly string[] } | { readonly error: S3Error }

/** Checks every digest that came with the body: one that does not agree is a fault, even beside another that does. */
export function checkPayloadIntegrity(headers: readonly string[], body: Buffer): PayloadIntegrity {
  const verified: string[] = []
  for (const algorithm of ['md5', ...checksumAlgorithms] as const) {
    const name = algorithm === 'md5' ? 'content-md5' : `x-amz-checksum-${algorithm}`
    for (const value of fieldValues(headers, name)) {
      if (!isDigest(value, algorithm))
        return { error: algorithm === 'md5' ? s3Errors.invalidContentMd5 : invalidChecksum(name) }
      if (value !== checksumOf(algorithm, body)) return { error: mismatch(algorithm) }
      verified.push(name)
    }
  }
  return { verified }
}

function mismatch(algorithm: ChecksumAlgorithm): S3Error {
  return algorithm === 'md5' ? s3Errors.contentMd5Mismatch : checksumMismatch(algorithm.toUpperCase())
}

function isDigest(value: string, algorithm: ChecksumAlgorithm): boolean {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === digestBytes[algorithm] && bytes.toString('base64') === value
}
