import type { CorsRequest, CorsRequestIssue } from '../decision/cors-request.ts'
import { decide, type Reason } from '../decision/decide.ts'
import type { Policy } from '../decision/policy.ts'
import { appendCorsFields, corsVary } from '../decision/response-fields.ts'
import { describeStoredFault } from '../parsing/stored-rules.ts'
import { escapeText, quoteShort } from './quoted-scalar.ts'
import { type ReadableFields, readableFields } from './readable-fields.ts'
import { judgeRules, missingOfRules, type RuleVerdict } from './rule-verdict.ts'
import { type Change, type ChangeOrNone, findSmallestChange, type RulePlace } from './smallest-change.ts'

/** What is known of the bucket beside its policy. */
export interface ExplainContext extends RulePlace {
  /** What is known of its rules; without it, `rules` or `none` as the policy says. */
  readonly state?: 'rules' | 'none' | 'no-such-bucket' | 'unknown' | undefined
  /** Of rules that are not known: why, and what to do, as one clause. */
  readonly whyUnknown?: string | undefined
  /** Where the endpoint cannot keep rules: that, and what to do instead. */
  readonly keepsNoRules?: string | undefined
  /** The question is about the request itself, not about its preflight. */
  readonly isActual?: boolean | undefined
  /** What is denied varies, too: `vary: always`, on a governed bucket whose answers are not merely reported on. */
  readonly variesDenied?: boolean | undefined
}

/**
 * Why a request is allowed or denied, and what would allow it. Plain data, ready for JSON. Its strings are as they were
 * sent and configured, except for `change.yaml`, `change.where`, `change.how`, `summary` and `noChange`, which are escaped.
 */
export interface Explanation {
  readonly bucket: string
  /** What the rules were asked; undefined when the request could not be asked about. */
  readonly request?: CorsRequest | undefined
  /** Why it could not. */
  readonly issue?: CorsRequestIssue | undefined
  readonly allowed: boolean
  readonly reason: Reason
  /** The decision as one sentence. */
  readonly summary: string
  /** The rule that matched. */
  readonly rule?: { readonly index: number; readonly id?: string | undefined } | undefined
  /** Every rule that was asked, in order. */
  readonly rules: readonly RuleVerdict[]
  /** What is wrong with the stored rules, one line each; absent where there is nothing. */
  readonly faults?: readonly string[] | undefined
  /** The denied request's nearest rule: the one that is changed, or would be if a change could allow the request. */
  readonly nearest?: RuleVerdict | undefined
  readonly change?: Change | undefined
  /** Of a denied request without `change`: why no change of the rules would allow it. */
  readonly noChange?: string | undefined
  /** What was read otherwise than a person typed it, one line each. */
  readonly notes?: readonly string[] | undefined
  /** What the client gets: its status where the proxy says it, whether CORS fields are in it, and both as a clause. */
  readonly answer?:
    | { readonly status?: number | undefined; readonly hasCorsFields: boolean; readonly text: string }
    | undefined
  /** Of an allowed actual request: which response fields the page may read. */
  readonly readable?: ReadableFields | undefined
  /** `[name, value]` of the CORS fields and Vary that are sent; Vary comes after what the endpoint's own Vary lists. */
  readonly responseFields: readonly (readonly [string, string])[]
}

/** Explains what `policy` says to `request`, for the command line, the admin port and the log alike. */
export function explain(
  policy: Policy | undefined,
  request: CorsRequest | CorsRequestIssue,
  bucket: string,
  context: ExplainContext = {},
): Explanation {
  const denied = { bucket, allowed: false, rules: [], responseFields: deniedFields(context) } as const
  if ('kind' in request) {
    return {
      ...denied,
      issue: request,
      reason: 'bad_request',
      summary: describeIssue(request),
      noChange: 'no rule was tried: the client has to send something else',
    }
  }
  if (context.state === 'unknown') {
    return {
      ...denied,
      request,
      reason: 'rules_unavailable',
      summary: 'the rules of this bucket are not known at this moment, and unknown never means allow',
      noChange: `the source of the rules has to answer again${context.whyUnknown === undefined ? '' : `: ${escapeText(context.whyUnknown)}`}`,
    }
  }
  if (context.state === 'no-such-bucket') {
    return {
      ...denied,
      request,
      reason: 'no_rules',
      summary: 'the endpoint has no bucket of this name',
      noChange: 'the bucket has to be created first',
    }
  }
  return explainDecision(policy, request, bucket, context)
}

function explainDecision(
  policy: Policy | undefined,
  request: CorsRequest,
  bucket: string,
  place: ExplainContext,
): Explanation {
  const decision = decide(policy, request)
  const missing = policy === undefined ? [] : missingOfRules(policy, request)
  const rules = policy === undefined ? [] : judgeRules(policy, missing)
  const faults = (policy?.faults ?? []).map(describeStoredFault)
  const common = {
    bucket,
    request,
    reason: decision.reason,
    rules,
    ...(faults.length === 0 ? {} : { faults }),
  } as const
  if (decision.allowed) {
    const { index, rule } = decision
    const flat: string[] = []
    appendCorsFields(flat, decision, request)
    flat.push('Vary', corsVary)
    return {
      ...common,
      allowed: true,
      summary: 'the first rule that matches origin, method and all requested field names allows it',
      rule: rule.id === undefined ? { index } : { index, id: rule.id },
      ...(place.isActual === true ? { readable: readableFields(rule.exposeHeaders) } : {}),
      responseFields: pairs(flat),
    }
  }
  const found: ChangeOrNone = findSmallestChange(policy, request, bucket, place, missing)
  return {
    ...common,
    allowed: false,
    summary: place.keepsNoRules ?? `${describeRefusal(decision.reason)}${describeIgnored(policy)}`,
    nearest: nearestOf(rules, found),
    ...(found.change === undefined ? { noChange: found.why } : { change: found.change }),
    responseFields: deniedFields(place),
  }
}

/** The rule that is changed is the nearest one; where all are for origins of other schemes, none is near. */
function nearestOf(rules: readonly RuleVerdict[], found: ChangeOrNone): RuleVerdict | undefined {
  const index = found.change === undefined ? found.nearest : found.change.rule
  return index === undefined ? undefined : rules[index]
}

function deniedFields({ variesDenied }: ExplainContext): Explanation['responseFields'] {
  return variesDenied === true ? [['Vary', corsVary]] : []
}

function describeRefusal(reason: Exclude<Reason, 'matched'>): string {
  switch (reason) {
    case 'origin':
      return 'no rule lists this origin'
    case 'method':
      return 'no rule that lists this origin lists the method as well'
    case 'header':
      return 'no rule that lists origin and method allows all requested field names'
    default:
      return 'this bucket has no CORS rules'
  }
}

/** A rule that matches nothing may be the one that its author looks for. */
function describeIgnored(policy: Policy | undefined): string {
  const ignored = new Set(policy?.faults.filter(({ effect }) => effect === 'rule-ignored').map(({ index }) => index))
  if (ignored.size === 0) return ''
  const places = [...ignored].map(index => (index === undefined ? 'the last ones' : String(index + 1)))
  return `; of the stored rules, these match nothing, since S3 would refuse them: ${places.slice(0, 10).join(', ')}`
}

function describeIssue(issue: CorsRequestIssue): string {
  switch (issue.kind) {
    case 'no_origin':
      return 'there is no Origin: a preflight without one is refused, any other request is not a CORS request'
    case 'invalid_method':
      return `Access-Control-Request-Method ${quoteShort(issue.value)} is not one of GET, PUT, POST, DELETE, HEAD`
    case 'invalid_header':
      return `Access-Control-Request-Headers ${quoteShort(issue.element)} contains an invalid character`
    case 'too_many_headers':
      return 'Access-Control-Request-Headers has over 100 names, 16 empty elements or 4096 bytes'
  }
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = []
  let name = ''
  for (const [position, item] of flat.entries()) {
    if (position % 2 === 0) name = item
    else fields.push([name, item])
  }
  return fields
}
