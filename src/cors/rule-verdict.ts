import type { CorsRequest } from './cors-request.ts'
import { covers } from './pattern-list.ts'
import { type CompiledRule, isCorsMethod, methodBit, type Policy } from './policy.ts'

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
  return failed === 'origin' ? 0 : failed === 'method' ? 1 : failed === 'header' ? 2 : 3
}

/** Everything that `rule` lacks, not only for the first clause that failed. */
export function missingValues(rule: CompiledRule, request: CorsRequest): MissingValues {
  const headers = request.headerNames.filter(name => !covers(rule.headers, name))
  return {
    origin: !covers(rule.origins, request.origin),
    method: (rule.methods & methodBit(request.method)) === 0,
    headers: [...new Set(headers)],
  }
}

function judgeRule(compiled: CompiledRule, request: CorsRequest): RuleVerdict {
  const { rule, index } = compiled
  const missing = missingValues(compiled, request)
  const name = rule.id === undefined ? { index } : { index, id: rule.id }
  if (missing.origin) return { ...name, failed: 'origin', lists: rule.allowedOrigins, deniedHeaders: [] }
  if (missing.method) return { ...name, failed: 'method', lists: rule.allowedMethods, deniedHeaders: [] }
  if (missing.headers.length > 0) {
    return { ...name, failed: 'header', lists: rule.allowedHeaders, deniedHeaders: missing.headers }
  }
  return { ...name, failed: undefined, lists: [], deniedHeaders: [] }
}

/** Why no rule at all can list the method, or undefined when one can. */
export function unlistableMethod(method: string): string | undefined {
  if (isCorsMethod(method)) return undefined
  if (method === 'OPTIONS') {
    return 'the preflight has no Access-Control-Request-Method, and no rule can list OPTIONS: no browser sends this'
  }
  return 'no rule can list this method: S3 knows GET, PUT, POST, DELETE and HEAD'
}
