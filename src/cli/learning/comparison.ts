import type { Configuration } from '../../config/configuration.ts'
import type { CorsRequest } from '../../cors/decision/cors-request.ts'
import { type Decision, decide, type Reason, refused } from '../../cors/decision/decide.ts'
import { type CorsRule, isCorsMethod } from '../../cors/rules/rule.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import { createPolicyTable } from '../../policies/policy-table.ts'
import type { SeenRequest } from './seen-origins.ts'

/** A kind of request that was seen, and what is said to it before and after. */
export interface ComparedRequest {
  readonly bucket: string
  readonly origin: string
  readonly method: string
  readonly headers: readonly string[] | undefined
  readonly count: number
  readonly lastSeenMs: number
  /** Why the next configuration refuses it; `matched` where it does not, `report` where it does not enforce its rules. */
  readonly reason: Reason | 'report'
}

/** A rule that no request that was seen needs. */
export interface UnusedRule {
  readonly bucket: string
  readonly rule: string | number
}

/** What another configuration would change for what was seen. */
export interface Comparison {
  readonly refused: readonly ComparedRequest[]
  readonly allowed: readonly ComparedRequest[]
  /** How many kinds of requests are answered as before. */
  readonly same: number
  readonly unusedRules: readonly UnusedRule[]
  /** Buckets whose rules do not stand in a configuration: nothing can be said about them. */
  readonly unknownBuckets: readonly string[]
}

/**
 * Compares for each kind of request what it is answered today with what `next` answers. Without `today` that is what it was answered
 * when it came last. Where a bucket is in `report`, the endpoint's own answer counts, as far as it was seen.
 */
export function compareSeen(
  requests: readonly SeenRequest[],
  next: Configuration,
  today: Configuration | undefined,
): Comparison {
  const [after, before] = [rulesOf(next), today && rulesOf(today)]
  const used = new Set<CorsRule>()
  const unknownBuckets = new Set<string>()
  const changed: { readonly allowed: ComparedRequest[]; readonly refused: ComparedRequest[] } = {
    allowed: [],
    refused: [],
  }
  let same = 0
  for (const kinds of Map.groupBy(requests, keyOf).values()) {
    const [latest] = kinds.toSorted((one, other) => other.lastSeenMs - one.lastSeenMs)
    if (latest === undefined) continue
    const { bucket, origin, method, headers } = latest
    const policy = after(bucket)
    const policyBefore = before?.(bucket)
    if (isUnknown(policy) || (policyBefore !== undefined && isUnknown(policyBefore))) {
      unknownBuckets.add(bucket)
      continue
    }
    const decision = decisionOn(latest, policy)
    if (decision.allowed) used.add(decision.rule)
    const endpoint = kinds.some(({ endpointAllowed }) => endpointAllowed === true) || latest.endpointAllowed
    const isAllowed =
      policyBefore === undefined
        ? (endpoint ?? latest.decision === 'allowed')
        : answerOf(policyBefore, decisionOn(latest, policyBefore), endpoint)
    // Of an endpoint that was not asked it is not known what it answers: no change can be told.
    const willBe = policy.enforcement === 'report' ? (endpoint ?? isAllowed) : decision.allowed
    if (isAllowed === willBe) {
      same++
      continue
    }
    changed[willBe ? 'allowed' : 'refused'].push({
      bucket,
      origin,
      method,
      headers,
      count: kinds.reduce((sum, { preflights, actual }) => sum + preflights + actual, 0),
      lastSeenMs: latest.lastSeenMs,
      reason: policy.enforcement === 'report' ? 'report' : decision.reason,
    })
  }
  return {
    refused: changed.refused.toSorted(byCount),
    allowed: changed.allowed.toSorted(byCount),
    same,
    unusedRules: next.buckets.flatMap(({ name }) =>
      rulesIn(after(name)).flatMap((rule, index) =>
        used.has(rule) ? [] : [{ bucket: name, rule: rule.id ?? index + 1 }],
      ),
    ),
    unknownBuckets: [...unknownBuckets].sort(),
  }
}

/** What the rules of a bucket say to a kind of request that was seen. */
export function decisionOn({ origin, method, headers }: SeenRequest, { state }: BucketPolicy): Decision {
  if (headers === undefined || (headers.length > 0 && !isCorsMethod(method))) return refused.bad_request
  const request: CorsRequest = { origin, method, headerNames: headers }
  return decide(state.kind === 'rules' ? state.policy : undefined, request)
}

function answerOf({ enforcement }: BucketPolicy, decision: Decision, endpoint: boolean | undefined): boolean {
  return enforcement === 'report' ? (endpoint ?? decision.allowed) : decision.allowed
}

function rulesOf({ buckets, enforcement }: Configuration): (bucket: string) => BucketPolicy {
  const table = createPolicyTable(buckets, enforcement)
  return bucket => table.inspect(bucket)
}

function rulesIn({ state }: BucketPolicy): readonly CorsRule[] {
  return state.kind === 'rules' ? state.policy.configuration : []
}

function isUnknown({ state }: BucketPolicy): boolean {
  return state.kind === 'unknown'
}

function keyOf({ bucket, origin, method, headers }: SeenRequest): string {
  return JSON.stringify([bucket, origin, method, headers])
}

function byCount(one: ComparedRequest, other: ComparedRequest): number {
  return other.count - one.count
}
