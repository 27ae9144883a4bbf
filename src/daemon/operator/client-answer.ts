import type { CorsRequest, CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import { decisionOf, isBlocked, situationOf } from '../../proxy/handling/verdict.ts'
import { preflightError, s3Errors } from '../../s3/errors/error-catalogue.ts'

/** What a client gets for a request that an operator asks about, under the enforcement of its bucket. */
export interface ClientAnswer {
  /** Absent where the endpoint says it. */
  readonly status?: number | undefined
  /** Whether this proxy's CORS fields are in it. */
  readonly hasCorsFields: boolean
  /** The same as a clause for a person. */
  readonly text: string
}

/** Says what {@link decisionOf} comes to, in the order in which the handler does it. */
export function clientAnswer(
  asked: CorsRequest | CorsRequestIssue,
  method: string,
  requestMethod: string | undefined,
  policy: BucketPolicy,
): ClientAnswer {
  const decision = decisionOf(asked, policy)
  const { allowed } = decision
  if (policy.enforcement === 'report') {
    const what = method === 'OPTIONS' ? 'preflight' : 'request'
    const text = `the ${what} goes to the endpoint, whose own CORS fields pass: "enforcement: report" only counts what the rules say`
    return { hasCorsFields: false, text }
  }
  if (method === 'OPTIONS') {
    if (allowed)
      return { status: 200, hasCorsFields: true, text: '200 with CORS fields: the browser sends the request' }
    const { status, code } = preflightError(situationOf(asked, true, policy), requestMethod, true)
    return {
      status,
      hasCorsFields: false,
      text: `${status} ${code} without CORS fields: the browser does not send the request`,
    }
  }
  if ('kind' in asked && asked.kind === 'no_origin') {
    return { hasCorsFields: false, text: "the endpoint's answer without CORS fields" }
  }
  if (allowed) return { hasCorsFields: true, text: "the endpoint's answer with CORS fields: the page may read it" }
  if (isBlocked(policy, decision)) {
    const { status, code } = policy.state.kind === 'unknown' ? s3Errors.rulesUnavailable : s3Errors.accessForbidden
    return {
      status,
      hasCorsFields: false,
      text: `${status} ${code} without CORS fields: "enforcement: block" keeps the request from the endpoint`,
    }
  }
  const text =
    "the endpoint's answer without CORS fields: the endpoint carries the request out, and the browser keeps the answer from the page"
  return { hasCorsFields: false, text }
}
