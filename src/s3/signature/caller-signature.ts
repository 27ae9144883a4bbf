// Whether a caller's request is signed in a way that the endpoint's verdict on it says something about its body, too.

import { createHash } from 'node:crypto'
import { fieldValues } from '../../http/field-values.ts'
import { checkPayloadIntegrity } from '../cors-operation/payload-integrity.ts'
import type { S3Error } from '../errors/error-response.ts'
import { parseAuthorization } from './authorization.ts'

/** Who signed, once the endpoint has confirmed the signature; or why the endpoint need not be asked. */
export type CallerSignature = { readonly accessKeyId: string } | { readonly error: S3Error }

/** What S3 answers to whoever may not. */
export const accessDenied: S3Error = { status: 403, code: 'AccessDenied', message: 'Access Denied' }

const hashMismatch: S3Error = {
  status: 400,
  code: 'XAmzContentSHA256Mismatch',
  message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
}

/**
 * Accepts a SigV4 Authorization field that signs Host and x-amz-content-sha256, where that is the hash of this very body. The
 * endpoint checks the signature and never the body, so without such a hash its yes would hold for any body. Presigned, SigV2,
 * anonymous and streaming requests have none. Over our own TLS, UNSIGNED-PAYLOAD is as good with another digest that is signed.
 */
export function inspectCallerSignature(headers: readonly string[], body: Buffer, tls: boolean): CallerSignature {
  const authorization = only(headers, 'authorization')
  const hash = only(headers, 'x-amz-content-sha256')
  const parsed = parseAuthorization(authorization ?? '')
  if (parsed === undefined || hash === undefined) return { error: accessDenied }
  const { accessKeyId, signedNames } = parsed
  if (only(headers, 'host') === undefined) return { error: accessDenied }
  if (!signedNames.includes('x-amz-content-sha256')) return { error: accessDenied }
  if (/^[0-9a-f]{64}$/.test(hash)) {
    const own = createHash('sha256').update(body).digest('hex')
    return own === hash ? { accessKeyId } : { error: hashMismatch }
  }
  if (hash !== 'UNSIGNED-PAYLOAD' || !tls) return { error: accessDenied }
  const integrity = checkPayloadIntegrity(headers, body)
  if ('error' in integrity) return integrity
  return integrity.verified.some(name => signedNames.includes(name)) ? { accessKeyId } : { error: accessDenied }
}

/** The field's value where it came exactly once: of two, the endpoint might take the other. */
function only(headers: readonly string[], name: string): string | undefined {
  const values = fieldValues(headers, name)
  return values.length === 1 ? values[0] : undefined
}
