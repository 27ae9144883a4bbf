import type { CorsRequest } from './cors-request.ts'
import { covers } from './pattern-list.ts'
import { type CompiledRule, methodBit, type Policy } from './policy.ts'

/** Why no rule allowed a request: the furthest check that some rule reached and failed. */
export type Refusal = 'no_rules' | 'origin' | 'method' | 'header'

/** Why a request was allowed or denied. This one word is the metric label and the log field. */
export type Reason = 'matched' | Refusal | 'bad_request' | 'rules_unavailable'

/** What was decided about a request. Always a shared constant: nothing is made per request. */
export type Decision =
  | { readonly allowed: true; readonly reason: 'matched'; readonly rule: CompiledRule }
  | { readonly allowed: false; readonly reason: Exclude<Reason, 'matched'> }

/** The denied decisions. `bad_request` and `rules_unavailable` are for the caller: decide never answers them. */
export const refused: Readonly<Record<Exclude<Reason, 'matched'>, Decision>> = Object.freeze({
  no_rules: refuse('no_rules'),
  origin: refuse('origin'),
  method: refuse('method'),
  header: refuse('header'),
  bad_request: refuse('bad_request'),
  rules_unavailable: refuse('rules_unavailable'),
})

/**
 * Finds the first rule of `policy` that allows `request`.
 *
 * S3 takes the first CORSRule whose origin, method and headers all match; see
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html#cors-eval-criteria. A rule that fails any of the three
 * is skipped, and rules are never merged.
 */
export function decide(policy: Policy | undefined, request: CorsRequest): Decision {
  if (policy === undefined || policy.rules.length === 0) return refused.no_rules
  const { origin, headerNames } = request
  const method = methodBit(request.method)
  let furthest = refused.origin
  for (const rule of policy.rules) {
    if (!covers(rule.origins, origin)) continue
    if ((rule.methods & method) === 0) {
      if (furthest === refused.origin) furthest = refused.method
      continue
    }
    if (!coversAll(rule, headerNames)) {
      furthest = refused.header
      continue
    }
    return rule.decision
  }
  return furthest
}

/** A rule without AllowedHeaders allows no requested name, not even a CORS-safelisted one. */
function coversAll(rule: CompiledRule, names: readonly string[]): boolean {
  for (const name of names) if (!covers(rule.headers, name)) return false
  return true
}

function refuse(reason: Exclude<Reason, 'matched'>): Decision {
  return Object.freeze({ allowed: false, reason })
}
