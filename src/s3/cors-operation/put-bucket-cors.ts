// PutBucketCors: a body in, rules or S3's own refusal out.

import { parseRules } from '../../cors/rules/parse-rules.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { malformedXmlMessage } from '../../cors/rules/rule-fault.ts'
import type { S3Error } from '../errors/error-response.ts'
import { parseCorsConfigurationXml } from './cors-configuration-xml.ts'
import { checkPayloadIntegrity, missingContentMd5 } from './payload-integrity.ts'

/** S3's own limit on the document. */
export const maxPutBucketCorsBytes = 64 * 1024

/** The rules that a request sets, or what S3 answers instead of taking them. */
export type PutBucketCors = { readonly rules: readonly CorsRule[] } | { readonly error: S3Error }

/** What S3 answers to a body that is no CORS configuration. */
export const malformedXml: S3Error = { status: 400, code: 'MalformedXML', message: malformedXmlMessage }

/** Checks digests, form and rules in S3's order; the first fault is the answer. */
export function readPutBucketCors(headers: readonly string[], body: Buffer): PutBucketCors {
  if (body.length > maxPutBucketCorsBytes) return { error: malformedXml }
  const integrity = checkPayloadIntegrity(headers, body)
  if ('error' in integrity) return integrity
  if (integrity.verified.length === 0) return { error: missingContentMd5 }
  const text = decode(body)
  if (text === undefined) return { error: malformedXml }
  const document = parseCorsConfigurationXml(text, { strict: true })
  if (document.rules === undefined) return { error: malformedXml }
  const parsed = parseRules(document.rules)
  if (parsed.rules !== undefined) return { rules: parsed.rules }
  const fault = parsed.issues.find(issue => issue.severity === 'fault')
  return {
    error: { status: 400, code: fault?.s3Code ?? 'MalformedXML', message: fault?.s3Message ?? malformedXmlMessage },
  }
}

function decode(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}
