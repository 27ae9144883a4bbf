// A request that endpoints may read in more than one way: it is decided under every reading, and goes on only where all agree.

import type { CorsRequest, CorsRequestIssue } from '../../cors/decision/cors-request.ts'
import { corsFieldLines } from '../../cors/decision/response-fields.ts'
import type { BucketPolicy } from '../../policies/policy-lookup.ts'
import type { BucketAddress, OtherReading } from '../../s3/address/bucket-address.ts'
import type { ProxySettings } from './proxy-context.ts'
import { decisionOf, isBlocked } from './verdict.ts'

/** An address that may be read otherwise. */
export type SeveralReadings = Extract<BucketAddress, { kind: 'bucket' | 'none' }>

/**
 * The policy of every reading, the first reading's first; a promise only where rules have to be loaded. Of a request without a
 * bucket, rules are asked for only where they could refuse it: its names come from clients.
 */
export function policiesOf(
  settings: ProxySettings,
  address: SeveralReadings,
  none: BucketPolicy,
): readonly BucketPolicy[] | Promise<readonly BucketPolicy[]> {
  const { policies } = settings
  const known: BucketPolicy[] = []
  const loading: (BucketPolicy | Promise<BucketPolicy>)[] = []
  for (const reading of [address, ...(address.others ?? [])]) {
    const policy = policyOf(reading)
    loading.push(policy)
    if (!(policy instanceof Promise)) known.push(policy)
  }
  return known.length === loading.length ? known : Promise.all(loading)

  function policyOf(reading: OtherReading): BucketPolicy | Promise<BucketPolicy> {
    if (reading.kind === 'none') return none
    const { bucket } = reading
    const atHand = policies.peek(bucket)
    if (atHand !== undefined) return atHand
    const inspected = policies.inspect(bucket)
    return address.kind === 'none' && !canBlock(inspected) ? inspected : policies.load(bucket)
  }
}

/**
 * The policy by which a request goes on that all of `policies` answer alike; undefined where they do not. Without an Origin
 * nothing is asked of them: then it is one that protects, if there is one. Of those, one whose rules are unknown: no cache may keep
 * what was made without them.
 */
export function agreedPolicy(
  policies: readonly BucketPolicy[],
  asked: CorsRequest | CorsRequestIssue,
  isPreflight: boolean,
): BucketPolicy | undefined {
  const isUnknown = ({ state }: BucketPolicy) => state.kind === 'unknown'
  const unknownFirst = policies.toSorted((one, other) => Number(isUnknown(other)) - Number(isUnknown(one)))
  const strictest =
    unknownFirst.find(canBlock) ??
    unknownFirst.find(isApplied) ??
    policies.find(({ enforcement }) => enforcement !== 'report') ??
    policies[0]
  if (!isPreflight && 'kind' in asked && asked.kind === 'no_origin') return strictest
  const [first, ...others] = policies.map(policy => verdictText(policy, asked))
  return others.every(verdict => verdict === first) ? strictest : undefined
}

/** The first policy that refuses the request. */
export function blockingPolicy(
  policies: readonly BucketPolicy[],
  asked: CorsRequest | CorsRequestIssue,
): BucketPolicy | undefined {
  return policies.find(policy => isBlocked(policy, decisionOf(asked, policy)))
}

/** Whether a policy's rules say what CORS a response gets. */
export function isApplied({ governed, enforcement }: BucketPolicy): boolean {
  return governed && enforcement !== 'report'
}

function canBlock({ governed, enforcement }: BucketPolicy): boolean {
  return governed && enforcement === 'block'
}

/** All that a browser would be told. */
function verdictText(policy: BucketPolicy, asked: CorsRequest | CorsRequestIssue): string {
  if (policy.enforcement === 'report') return 'report'
  const decision = decisionOf(asked, policy)
  return decision.allowed && !('kind' in asked) ? corsFieldLines(decision, asked) : 'denied'
}
