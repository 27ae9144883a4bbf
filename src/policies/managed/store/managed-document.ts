// What is stored of one managed bucket: its rules in S3's own JSON, and who set them.

import { parseRules } from '../../../cors/parsing/parse-rules.ts'
import type { CorsRule } from '../../../cors/rules/rule.ts'

/** The rules as they were last set, or that they were removed. */
export interface ManagedDocument {
  readonly bucket: string
  /** Undefined once they were removed: the document stays, to say by which caller. */
  readonly rules: readonly CorsRule[] | undefined
  /** The access key id whose signature the endpoint accepted. */
  readonly changedBy: string
  /** ISO 8601, UTC. */
  readonly changedAt: string
}

/** 1 MiB: 64 KiB of XML that S3 accepts cannot become so much JSON. */
export const maxManagedDocumentBytes = 1024 * 1024

/** The document as it is stored; `CORSRules` pastes into a configuration file. */
export function writeManagedDocument(document: ManagedDocument): Buffer {
  const { bucket, changedBy, changedAt, rules } = document
  const stored = {
    Bucket: bucket,
    ChangedBy: changedBy,
    ChangedAt: changedAt,
    CORSRules: rules?.map(nameMembers) ?? null,
  }
  return Buffer.from(`${JSON.stringify(stored, undefined, 2)}\n`)
}

/** Reads a stored document. Throws when it is not whole, not of this bucket, or holds rules that S3 would refuse. */
export function readManagedDocument(bytes: Buffer, bucket: string): ManagedDocument {
  const stored: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  if (!isRecord(stored) || stored.Bucket !== bucket) throw new Error(`the document is not of bucket ${bucket}`)
  const { ChangedBy: changedBy, ChangedAt: changedAt, CORSRules: rules } = stored
  if (typeof changedBy !== 'string' || typeof changedAt !== 'string')
    throw new Error('the document does not say who made it')
  if (rules === null) return { bucket, rules: undefined, changedBy, changedAt }
  const parsed = parseRules(rules)
  if (parsed.rules === undefined) {
    throw new Error(`the stored rules: ${parsed.issues.find(issue => issue.severity === 'fault')?.message}`)
  }
  return { bucket, rules: parsed.rules, changedBy, changedAt }
}

/** S3's names for JSON, as `aws s3api get-bucket-cors` prints them; members that were not set are left out. */
function nameMembers(rule: CorsRule): Record<string, unknown> {
  return {
    ...(rule.id === undefined ? {} : { ID: rule.id }),
    AllowedOrigins: rule.allowedOrigins,
    AllowedMethods: rule.allowedMethods,
    ...(rule.allowedHeaders.length === 0 ? {} : { AllowedHeaders: rule.allowedHeaders }),
    ...(rule.exposeHeaders.length === 0 ? {} : { ExposeHeaders: rule.exposeHeaders }),
    ...(rule.maxAgeSeconds === undefined ? {} : { MaxAgeSeconds: rule.maxAgeSeconds }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
