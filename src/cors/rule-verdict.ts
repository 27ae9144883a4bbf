import { type CompiledRule, isCorsMethod, methodBit } from './compiled-rule.ts'
import type { CorsRequest } from './cors-request.ts'
import { toFieldValue } from './field-value.ts'
import { covers } from './pattern-list.ts'
import type { Policy } from './policy.ts'
import type { CorsRule } from './rule.ts'
import { matches, parseWildcard } from './wildcard.ts'

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

/** The verdict of every rule, up to the one that matched if one did. */
export function judgeRules(policy: Policy, request: CorsRequest): RuleVerdict[] {
  const verdicts: RuleVerdict[] = []
  for (const rule of policy.rules) {
    const verdict = judgeRule(rule, request)
    verdicts.push(verdict)
    if (verdict.failed === undefined) break
  }
  return verdicts
}

/** The rule that got furthest; of equals the first. Undefined when there is none or one matched. */
export function nearestRule(verdicts: readonly RuleVerdict[]): RuleVerdict | undefined {
  let nearest: RuleVerdict | undefined
  for (const verdict of verdicts) {
    if (verdict.failed === undefined) return undefined
    if (nearest === undefined || clausesPassed(verdict.failed) > clausesPassed(nearest.failed)) nearest = verdict
  }
  return nearest
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

/** Everything that `rule` lacks, not only for the first clause that failed. */
export function missingValues(rule: CompiledRule, request: CorsRequest): MissingValues {
  const headers = request.headerNames.filter(name => !covers(rule.headers, name))
  return {
    origin: !listsOrigin(rule.rule, request.origin),
    method: (rule.methods & methodBit(request.method)) === 0,
    headers: [...new Set(headers)],
  }
}

function listsOrigin({ allowedOrigins }: CorsRule, origin: string): boolean {
  return allowedOrigins.some(pattern => matches(parseWildcard(toFieldValue(pattern)), origin))
}

/** The first clause for which something is missing. */
export function firstFailed(missing: MissingValues): Clause | undefined {
  if (missing.origin) return 'origin'
  if (missing.method) return 'method'
  return missing.headers.length > 0 ? 'header' : undefined
}

function judgeRule(compiled: CompiledRule, request: CorsRequest): RuleVerdict {
  const { rule, index } = compiled
  const missing = missingValues(compiled, request)
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
