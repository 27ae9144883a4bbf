// PutBucketCors: a body in, rules or S3's own refusal out.

import { parseRules } from '../../cors/parsing/parse-rules.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { invalidRules, type S3Error, s3Errors } from '../errors/error-catalogue.ts'
import { parseCorsConfigurationXml } from './cors-configuration-xml.ts'
import { checkPayloadIntegrity } from './payload-integrity.ts'

/** S3's own limit on the document. */
export const maxPutBucketCorsBytes = 64 * 1024

/** The rules that a request sets, or what S3 answers instead of taking them. */
export type PutBucketCors = { readonly rules: readonly CorsRule[] } | { readonly error: S3Error }

const malformed = { error: s3Errors.malformedXml } as const

/** Checks digests, form and rules in S3's order; the first fault is the answer. */
export function readPutBucketCors(headers: readonly string[], body: Buffer): PutBucketCors {
  if (body.length > maxPutBucketCorsBytes) return malformed
  const integrity = checkPayloadIntegrity(headers, body)
  if ('error' in integrity) return integrity
  if (integrity.verified.length === 0) return { error: s3Errors.missingContentMd5 }
  const text = decode(body)
  if (text === undefined) return malformed
  const document = parseCorsConfigurationXml(text, { strict: true })
  if (document.rules === undefined) return malformed
  const parsed = parseRules(document.rules)
  if (parsed.rules !== undefined) return { rules: parsed.rules }
  const fault = parsed.issues.find(issue => issue.severity === 'fault')
  return fault === undefined ? malformed : { error: invalidRules(fault) }
}

function decode(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}
