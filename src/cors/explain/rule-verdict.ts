import type { CorsRequest } from '../decision/cors-request.ts'
import { indexHeaders, type Policy } from '../decision/policy.ts'
import { NumberSet } from '../patterns/number-set.ts'
import { type CorsRule, isCorsMethod } from '../rules/rule.ts'

/** The three clauses of a rule, in the order in which they are asked. */
export type Clause = 'origin' | 'method' | 'header'

/** What one rule says to one request. */
export interface RuleVerdict {
  /** From 0, as in `CORSRules[0]`. */
  readonly index: number
  readonly id?: string | undefined
  /** The first clause that failed; undefined when the rule matched. */
  readonly failed: Clause | undefined
  /** What the rule lists for that clause. */
  readonly lists: readonly string[]
  /** Requested names that the rule does not allow, each once; empty unless `header` failed. */
  readonly deniedHeaders: readonly string[]
}

/** What a rule lacks to allow a request. */
export interface MissingValues {
  readonly origin: boolean
  readonly method: boolean
  readonly headers: readonly string[]
}

/** The verdict of every rule, up to the one that matched if one did. `missing` is what {@link missingOfRules} says. */
export function judgeRules(policy: Policy, missing: readonly MissingValues[]): RuleVerdict[] {
  const verdicts: RuleVerdict[] = []
  for (const [index, rule] of policy.configuration.entries()) {
    const verdict = judgeRule(rule, index, missing[index] as MissingValues)
    verdicts.push(verdict)
    if (verdict.failed === undefined) break
  }
  return verdicts
}

/** How many clauses a rule passed before `failed`. */
export function clausesPassed(failed: Clause | undefined): number {
  switch (failed) {
    case 'origin':
      return 0
    case 'method':
      return 1
    case 'header':
      return 2
    default:
      return 3
  }
}

/** Everything that each rule lacks, not only for the first clause that failed. What is sorted for that is kept only if decide needed it. */
export function missingOfRules(policy: Policy, { origin, method, headerNames }: CorsRequest): MissingValues[] {
  const headers = policy.sortedHeaders ?? indexHeaders(policy.configuration)
  const names = policy.configuration.map((): string[] => [])
  for (const name of new Set(headerNames)) {
    const one = [name]
    for (const [index, missing] of names.entries()) if (!headers.coversAll(index, one)) missing.push(name)
  }
  const listing = new NumberSet()
  policy.findListing(origin, listing)
  return policy.configuration.map(({ allowedMethods }, index) => ({
    origin: !listing.has(index),
    method: !allowedMethods.some(listed => listed === method),
    headers: names[index] as string[],
  }))
}

/** The first clause for which something is missing. */
export function firstFailed(missing: MissingValues): Clause | undefined {
  if (missing.origin) return 'origin'
  if (missing.method) return 'method'
  return missing.headers.length > 0 ? 'header' : undefined
}

function judgeRule(rule: CorsRule, index: number, missing: MissingValues): RuleVerdict {
  const failed = firstFailed(missing)
  return {
    index,
    ...(rule.id === undefined ? {} : { id: rule.id }),
    failed,
    lists: failed === undefined ? [] : listOf(rule, failed),
    deniedHeaders: failed === 'header' ? missing.headers : [],
  }
}

function listOf(rule: CorsRule, clause: Clause): readonly string[] {
  switch (clause) {
    case 'origin':
      return rule.allowedOrigins
    case 'method':
      return rule.allowedMethods
    case 'header':
      return rule.allowedHeaders
  }
}

/** Why no rule at all can list the method, or undefined when one can. */
export function unlistableMethod(method: string): string | undefined {
  if (isCorsMethod(method)) return undefined
  if (method === 'OPTIONS') {
    return 'the preflight has no Access-Control-Request-Method, and no rule can list OPTIONS: no browser sends this'
  }
  return 'no rule can list this method: S3 knows GET, PUT, POST, DELETE and HEAD'
}
