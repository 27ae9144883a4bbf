import type { Decision, Reason } from '../../cors/decision/decide.ts'
import type { RequestRecord } from '../../proxy/request/request-record.ts'

/** Every reason a decision can have, in the order of the counter cells. `matched` comes first and alone means allowed. */
export const reasons = [
  'matched',
  'no_rules',
  'origin',
  'method',
  'header',
  'bad_request',
  'rules_unavailable',
  'unknown_host',
] as const satisfies readonly Reason[]

/** The label `decision` that goes with a reason. */
export function decisionOf(reason: Reason): 'allowed' | 'denied' {
  return reason === 'matched' ? 'allowed' : 'denied'
}

const positions: ReadonlyMap<string, number> = new Map(reasons.map((reason, index) => [reason, index]))

/** The cell of a decision's reason. */
export function reasonIndex(decision: Decision | undefined): number {
  return positions.get(decision?.reason ?? 'no_rules') ?? 1
}

/**
 * Says whether `record` counts as a decision. An actual request on no bucket has none and counts as `no_rules`, so that
 * the decisions are exactly the preflights and the actual requests.
 */
export function isDecided(record: RequestRecord): boolean {
  return record.kind === 'preflight' || record.kind === 'actual'
}
