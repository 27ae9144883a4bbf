import type { CorsRule, RuleIssue, RuleIssueReason } from '../rules/rule.ts'
import { lintForClients } from './client-lint.ts'
import { hidingRule } from './hidden-rule.ts'
import { lintOrigin } from './origin-lint.ts'

/** The longest time for which Chromium remembers a preflight; Firefox allows 86400. */
const longestUsefulMaxAge = 7200

/** What S3 accepts and a person regrets. Undefined stands for a rule that has a fault, and is not looked at. */
export function lintRules(rules: readonly (CorsRule | undefined)[]): readonly RuleIssue[] {
  const warnings: RuleIssue[] = []
  const ids = new Set<string>()
  const posting = new Set(
    rules.flatMap(rule => (rule?.allowedMethods.includes('POST') === true ? rule.allowedOrigins : [])),
  )
  for (const [index, rule] of rules.entries()) {
    if (rule === undefined) continue
    const warn = (key: string[], position: number[], value: unknown, text: Text) =>
      warnings.push({ severity: 'warning', path: [index, ...key, ...position], value, ...text })
    if (rule.id !== undefined && ids.has(rule.id)) warn(['ID'], [], rule.id, duplicateId)
    if (rule.id !== undefined) ids.add(rule.id)
    for (const [position, origin] of rule.allowedOrigins.entries()) {
      const warning = lintOrigin(origin)
      if (warning !== undefined) warn(['AllowedOrigins'], [position], origin, warning)
      if (origin === '*' && rule.allowedOrigins.some(other => other !== '*')) {
        warn(['AllowedOrigins'], [position], origin, wildcardBesideExact)
      }
    }
    const maxAge = maxAgeWarning(rule.maxAgeSeconds)
    if (maxAge !== undefined) warn(['MaxAgeSeconds'], [], rule.maxAgeSeconds, maxAge)
    const hiding = hidingRule(rules, index)
    if (hiding !== undefined) warn([], [], undefined, hiddenBy(hiding, index))
    for (const { key, ...text } of lintForClients(rule, posting))
      warn(key === undefined ? [] : [key], [], undefined, text)
  }
  return warnings
}

interface Text {
  readonly reason: RuleIssueReason
  readonly message: string
  readonly allowed: string
}

const duplicateId: Text = {
  reason: 'duplicate-id',
  message: 'another rule of this bucket has the same ID, so logs cannot tell them apart',
  allowed: 'an ID of its own for each rule',
}

const wildcardBesideExact: Text = {
  reason: 'wildcard-beside-exact',
  message: '* beside other origins: every origin is allowed, and the others lose their credentials too',
  allowed: '* alone, or the origins without it, or a rule of their own before this one',
}

function hiddenBy(hiding: number, index: number): Text {
  return {
    reason: 'hidden-rule',
    message: `rule ${hiding + 1} before it matches every request that this one does, so rule ${index + 1} never decides`,
    allowed: 'the narrower rule first, or one rule of both',
  }
}

function maxAgeWarning(seconds: number | undefined): Text | undefined {
  if (seconds === undefined) return undefined
  if (seconds < 0) {
    return {
      reason: 'negative-max-age',
      message: 'browsers cannot read a negative Access-Control-Max-Age and take 5 seconds',
      allowed: `0 for never, or up to ${longestUsefulMaxAge}`,
    }
  }
  if (seconds <= longestUsefulMaxAge) return undefined
  return {
    reason: 'long-max-age',
    message: `Chromium remembers a preflight for ${longestUsefulMaxAge} seconds at most`,
    allowed: `at most ${longestUsefulMaxAge}`,
  }
}
