import { lintOrigin } from '../lint/origin-lint.ts'
import type { RuleIssueReason } from '../rules/rule.ts'

/** What else a change would let happen. */
export interface Risk {
  readonly reason: RuleIssueReason | 'wildcard' | 'any-origin'
  readonly message: string
}

const originRisks: readonly RuleIssueReason[] = ['insecure-origin', 'null-origin', 'public-wildcard']

/** The risks of adding these values to a rule. `anyOrigin`: the rule allows every origin. */
export function findRisks(
  anyOrigin: boolean,
  allowedOrigins: readonly string[] = [],
  allowedHeaders: readonly string[] = [],
): readonly Risk[] {
  const risks: Risk[] = []
  for (const origin of allowedOrigins) {
    const warning = lintOrigin(origin)
    if (warning === undefined || !originRisks.includes(warning.reason)) continue
    risks.push({ reason: warning.reason, message: warning.message })
  }
  if ([...allowedOrigins, ...allowedHeaders].some(value => value.includes('*'))) {
    risks.push({ reason: 'wildcard', message: '* is a wildcard in a rule: it would allow far more than this request' })
  }
  if (anyOrigin) {
    risks.push({ reason: 'any-origin', message: 'the rule allows every origin (*): all of them would get this too' })
  }
  return risks
}
