import { covers } from '../patterns/pattern-list.ts'
import { type CompiledRule, methodBit } from './compiled-rule.ts'
import type { CorsRequest } from './cors-request.ts'
import { extendHash, firstListing, nextListing, ruleOf, wholeHash } from './origin-index.ts'
import type { Policy } from './policy.ts'

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
 * What one decision may spend on asking rules one by one: comparisons of a requested name with a pattern, and rules that list the
 * origin. It is more than an ordinary bucket and a browser's request need, and takes some microseconds.
 */
const mostSteps = 512
let steps = 0

/**
 * Finds the first rule of `policy` that allows `request`.
 *
 * S3 takes the first CORSRule whose origin, method and headers all match; see
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html#cors-eval-criteria. A rule that fails any of the three
 * is skipped, and rules are never merged. Only the rules that list the origin are asked, and in any order: of what they
 * say, the match of the earliest rule counts, else the furthest refusal.
 */
export function decide(policy: Policy | undefined, request: CorsRequest): Decision {
  if (policy === undefined || policy.size === 0) return refused.no_rules
  const { suffixLengths, longest } = policy.origins
  const { origin } = request
  steps = 0
  let decision: Decision = refused.origin
  // Goes through the origin once, from its end.
  let hash = 0
  let hashed = 0
  for (let i = 0; i < suffixLengths.length; i++) {
    const length = suffixLengths[i] as number
    if (length > origin.length) break
    for (; hashed < length; hashed++) hash = extendHash(hash, origin.charCodeAt(origin.length - 1 - hashed))
    decision = askListing(policy, hash, request, decision)
  }
  if (origin.length <= longest) {
    for (; hashed < origin.length; hashed++) hash = extendHash(hash, origin.charCodeAt(origin.length - 1 - hashed))
    decision = askListing(policy, wholeHash(hash), request, decision)
  }
  return steps > mostSteps ? decideAtOnce(policy, request) : decision
}

/** Asks the rules that list the origin by a pattern of this hash, as long as there are steps left. */
function askListing(policy: Policy, hash: number, request: CorsRequest, before: Decision): Decision {
  const { origins } = policy
  const { origin } = request
  let decision = before
  let entry = steps > mostSteps ? 0 : firstListing(origins, hash, origin)
  while (entry !== 0) {
    const rule = ruleOf(origins, entry)
    // The rules after one that matched have nothing to say.
    if (decision.allowed && decision.rule.index <= rule) break
    decision = prefer(askRule(policy.ruleAt(rule), request), decision)
    if (++steps > mostSteps) break
    entry = nextListing(origins, entry, hash, origin)
  }
  return decision
}

/** What a rule that lists the origin says. With too few steps left it says nothing of worth: the caller looks at them. */
function askRule(rule: CompiledRule, { method, headerNames }: CorsRequest): Decision {
  if ((rule.methods & methodBit(method)) === 0) return refused.method
  steps += headerNames.length * rule.headers.size
  if (steps > mostSteps) return refused.header
  return coversAll(rule, headerNames) ? rule.decision : refused.header
}

/**
 * The same decision where many patterns would have to be compared: asks all rules about the origin at once, and all about the
 * names. Whatever the rules are, its cost grows with the request's length and hardly with their number.
 */
function decideAtOnce(policy: Policy, { origin, method, headerNames }: CorsRequest): Decision {
  const { origins, headers } = policy.patterns
  origins.ask([origin])
  let areNamesAsked = false
  let decision: Decision = refused.origin
  for (let index = 0; index < policy.size; index++) {
    if (!origins.covers(index)) continue
    const rule = policy.ruleAt(index)
    if ((rule.methods & methodBit(method)) === 0) {
      decision = prefer(refused.method, decision)
      continue
    }
    if (!areNamesAsked) headers.ask(headerNames)
    areNamesAsked = true
    if (headers.covers(index)) return rule.decision
    decision = refused.header
  }
  return decision
}

/** The match, of a rule that is earlier than another that matched; else the refusal that came further. */
function prefer(one: Decision, other: Decision): Decision {
  if (one.allowed) return one
  return other.allowed || (one === refused.method && other === refused.header) ? other : one
}

/** A rule without AllowedHeaders allows no requested name, not even a CORS-safelisted one. */
function coversAll(rule: CompiledRule, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (!covers(rule.headers, names[i] as string)) return false
  return true
}

function refuse(reason: Exclude<Reason, 'matched'>): Decision {
  return Object.freeze({ allowed: false, reason })
}
