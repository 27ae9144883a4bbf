import { NumberSet } from '../patterns/number-set.ts'
import { coversAll } from '../patterns/pattern-list.ts'
import { type CompiledRule, methodBit } from './compiled-rule.ts'
import type { CorsRequest } from './cors-request.ts'
import type { Policy } from './policy.ts'

/** Why no rule allowed a request: the furthest check that some rule reached and failed. */
export type Refusal = 'no_rules' | 'origin' | 'method' | 'header'

/** Why a request was allowed or denied. This one word is the metric label and the log field. */
export type Reason = 'matched' | Refusal | 'bad_request' | 'rules_unavailable' | 'unknown_host'

/** A refusal: which check no rule passed, or why no rule was asked. */
export interface Denied {
  readonly allowed: false
  readonly reason: Exclude<Reason, 'matched'>
}

/** What was decided about a request: the rule that allows it, or why none does. Always shared, nothing is made per request. */
export type Decision = CompiledRule | Denied

/** The denied decisions. `bad_request`, `rules_unavailable` and `unknown_host` are for the caller: decide never answers them. */
export const refused: Readonly<Record<Denied['reason'], Denied>> = Object.freeze({
  no_rules: refuse('no_rules'),
  origin: refuse('origin'),
  method: refuse('method'),
  header: refuse('header'),
  bad_request: refuse('bad_request'),
  rules_unavailable: refuse('rules_unavailable'),
  unknown_host: refuse('unknown_host'),
})

/**
 * How many comparisons of a requested name with a pattern one decision may make before the patterns of all rules are asked at
 * once, see {@link PatternIndex}: more than an ordinary bucket and a browser's request need, and some microseconds.
 */
const mostComparisons = 512

/** The rules that list the origin which is decided on: one set for all decisions, since none waits for anything. */
const listing = new NumberSet()

/**
 * Finds the first rule of `policy` that allows `request`.
 *
 * S3 takes the first CORSRule whose origin, method and headers all match; see
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html#cors-eval-criteria. A rule that fails any of the three
 * is skipped, and rules are never merged.
 */
export function decide(policy: Policy | undefined, request: CorsRequest): Decision {
  if (policy === undefined || policy.size === 0) return refused.no_rules
  const { origin, method, headerNames } = request
  let furthest: Decision = refused.origin
  let comparisons = 0
  policy.findListing(origin, listing)
  for (let index = listing.next(0); index !== -1; index = listing.next(index + 1)) {
    const rule = policy.ruleAt(index)
    if (!allowsMethod(rule, method)) {
      if (furthest === refused.origin) furthest = refused.method
      continue
    }
    comparisons += headerNames.length * rule.headers.size
    if (!allowsHeaders(policy, rule, headerNames, comparisons)) {
      furthest = refused.header
      continue
    }
    return rule
  }
  return furthest
}

function allowsMethod(rule: CompiledRule, method: string): boolean {
  return (rule.methods & methodBit(method)) !== 0
}

/** A rule without AllowedHeaders allows no requested name, not even a CORS-safelisted one. */
function allowsHeaders(policy: Policy, rule: CompiledRule, names: readonly string[], comparisons: number): boolean {
  return comparisons > mostComparisons ? policy.headers.coversAll(rule.index, names) : coversAll(rule.headers, names)
}

function refuse(reason: Denied['reason']): Denied {
  return Object.freeze({ allowed: false, reason })
}
