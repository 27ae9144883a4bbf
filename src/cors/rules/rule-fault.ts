import { isTemplate, unfilledTemplate } from '../../text/template-mark.ts'
import type { RuleIssue, RuleIssueReason } from './rule.ts'

/** What PutBucketCors answers to everything that its schema does not allow. */
export const malformedXmlMessage =
  'The XML you provided was not well-formed or did not validate against our published schema'

/** Where in the rule list, e.g. `[0, 'AllowedOrigins', 1]`. */
export type RulePath = readonly (string | number)[]

/** A fault of form, for which S3 has one sentence only, which says nothing: so `message` is ours. */
export function malformed(
  reason: RuleIssueReason,
  path: RulePath,
  value: unknown,
  message: string,
  allowed: string,
): RuleIssue {
  return {
    severity: 'fault',
    reason,
    path,
    value,
    s3Code: 'MalformedXML',
    s3Message: malformedXmlMessage,
    message,
    allowed,
  }
}

/** A fault of a value, with S3's own sentence. */
export function invalid(
  reason: RuleIssueReason,
  path: RulePath,
  value: unknown,
  message: string,
  allowed: string,
): RuleIssue {
  return { severity: 'fault', reason, path, value, s3Code: 'InvalidRequest', s3Message: message, message, allowed }
}

/** Says what kind of thing `value` is, in the words of YAML and JSON. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return isTemplate(value) ? unfilledTemplate : 'a string'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'a boolean'
    default:
      return 'a mapping'
  }
}
