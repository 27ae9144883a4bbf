// Whether a caller's request is signed in a way that the endpoint's verdict on it says something about its body, too.

import { createHash } from 'node:crypto'
import { fieldValues } from '../../http/field-values.ts'
import { checkPayloadIntegrity } from '../cors-operation/payload-integrity.ts'
import { type S3Error, s3Errors } from '../errors/error-catalogue.ts'
import { parseAuthorization } from './authorization.ts'

/** Who signed, once the endpoint has confirmed the signature; or why the endpoint need not be asked. */
export type CallerSignature = { readonly accessKeyId: string } | { readonly error: S3Error }

const denied = { error: s3Errors.accessDenied } as const

/**
 * Accepts a SigV4 Authorization field that signs Host and x-amz-content-sha256, where that is the hash of this very body. The
 * endpoint checks the signature and never the body, so without such a hash its yes would hold for any body. Presigned, SigV2,
 * anonymous and streaming requests have none. Over our own TLS, UNSIGNED-PAYLOAD is as good with another digest that is signed.
 */
export function inspectCallerSignature(headers: readonly string[], body: Buffer, tls: boolean): CallerSignature {
  const authorization = only(headers, 'authorization')
  const hash = only(headers, 'x-amz-content-sha256')
  const parsed = parseAuthorization(authorization ?? '')
  if (parsed === undefined || hash === undefined) return denied
  const { accessKeyId, signedNames } = parsed
  if (only(headers, 'host') === undefined) return denied
  if (!signedNames.includes('x-amz-content-sha256')) return denied
  if (/^[0-9a-f]{64}$/.test(hash)) {
    const own = createHash('sha256').update(body).digest('hex')
    return own === hash ? { accessKeyId } : { error: s3Errors.contentSha256Mismatch }
  }
  if (hash !== 'UNSIGNED-PAYLOAD' || !tls) return denied
  const integrity = checkPayloadIntegrity(headers, body)
  if ('error' in integrity) return integrity
  return integrity.verified.some(name => signedNames.includes(name)) ? { accessKeyId } : denied
}

/** The field's value where it came exactly once: of two, the endpoint might take the other. */
function only(headers: readonly string[], name: string): string | undefined {
  const values = fieldValues(headers, name)
  return values.length === 1 ? values[0] : undefined
}
