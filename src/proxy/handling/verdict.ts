import type { CorsRequest, CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import { type Decision, decide, refused } from '../../cors/decision/decide.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import type { PreflightSituation } from '../../s3/errors/error-catalogue.ts'
import { type ResponseCors, ungovernedCors } from '../exchange/relayed-fields.ts'

// What a bucket's policy says to one request: pure, so that everything after it only carries it out.

const reportCors: ResponseCors = { ...ungovernedCors, passes: true }
const governedAlways: ResponseCors = { ...ungovernedCors, governed: true, varyAlways: true }
const governedMatched: ResponseCors = { ...ungovernedCors, governed: true }
const deniedAlways: ResponseCors = { ...governedAlways, unconditional: true }
// S3 has no rules that are unknown, so `matched` copies nothing here.
const unknownAlways: ResponseCors = { ...governedAlways, unconditional: true, noStore: true }
const unknownMatched: ResponseCors = { ...governedMatched, unconditional: true, noStore: true }

/** Of a request without a bucket: no rules, nothing of ours. */
export const noPolicy: BucketPolicy = {
  governed: false,
  named: false,
  source: 'none',
  enforcement: 'headers',
  state: { kind: 'none' },
}
/** The same where everything is merely reported on. */
export const noPolicyReported: BucketPolicy = { ...noPolicy, enforcement: 'report' }
/** The same under an unknown Host: a cache in front that heeds no Host keeps the answer for those under a known one as well. */
export const noPolicyVaried: BucketPolicy = { ...noPolicy, governed: true }

/**
 * The decision on what was asked; a request that cannot be asked about, and rules that are unknown, are denied. `unknownHost`: the
 * Host for which the request names no bucket.
 */
export function decisionOf(
  asked: CorsRequest | CorsRequestIssue,
  policy: BucketPolicy,
  unknownHost?: string | undefined,
): Decision {
  if ('kind' in asked) return refused.bad_request
  switch (policy.state.kind) {
    case 'rules':
      return decide(policy.state.policy, asked)
    case 'unknown':
      return refused.rules_unavailable
    case 'none':
      return unknownHost === undefined ? refused.no_rules : refused.unknown_host
    case 'no-such-bucket':
      return refused.no_rules
    default:
      return policy.state satisfies never
  }
}

/**
 * What CORS makes of the response. `decision` and `request` are absent for a request without Origin. `namesBucket`: false where the
 * Host keeps it from naming one; what is denied for that is no more to be kept than what is denied for want of rules.
 */
export function responseCorsOf(
  policy: BucketPolicy,
  varyAlways: boolean,
  decision: Decision | undefined,
  request: CorsRequest | undefined,
  namesBucket = true,
): ResponseCors {
  if (policy.enforcement === 'report') return reportCors
  if (!policy.governed) return ungovernedCors
  if (decision === undefined) return varyAlways ? governedAlways : governedMatched
  if (decision.allowed) {
    return { passes: false, governed: true, rule: decision, request, varyAlways, noStore: false, unconditional: false }
  }
  if (policy.state.kind === 'unknown' || !namesBucket) return varyAlways ? unknownAlways : unknownMatched
  return varyAlways ? deniedAlways : governedMatched
}

/** Whether `block` refuses an actual request. Not access control: a client that sends no Origin is not touched. */
export function isBlocked(policy: BucketPolicy, decision: Decision): boolean {
  return !decision.allowed && policy.governed && policy.enforcement === 'block'
}

/** Whether the proxy itself served the page: its origin is one of its own, as browsers see them. */
export function isOwnOrigin(
  origin: string | undefined,
  host: string,
  publicOrigins: ReadonlySet<string> | undefined,
): boolean {
  if (origin === undefined) return false
  if (publicOrigins !== undefined) return publicOrigins.has(origin)
  return origin === `http://${host}` || origin === `https://${host}`
}

/** Why a preflight is denied, in the terms of S3's answers. */
export function situationOf(
  asked: CorsRequest | CorsRequestIssue,
  hasBucket: boolean,
  policy: BucketPolicy,
): PreflightSituation {
  if ('kind' in asked) return asked
  if (!hasBucket) return { kind: 'no_such_bucket' }
  switch (policy.state.kind) {
    case 'rules':
      return { kind: 'not_allowed' }
    case 'none':
      return { kind: 'no_rules' }
    case 'no-such-bucket':
      return { kind: 'no_such_bucket' }
    case 'unknown':
      return { kind: 'rules_unavailable' }
    default:
      return policy.state satisfies never
  }
}
