import type { BucketStatus, Enforcement, PolicySource } from '../policy-lookup.ts'
import { type RuleEntry, type RuleTimes, stateAt, unknown } from './rule-freshness.ts'

/** `said`: how the endpoint showed it, e.g. `501 NotImplemented`. */
export function keepsNoRules(said: string | undefined): string {
  const how = said ? ` (GET ?cors is answered ${said})` : ''
  return `this endpoint keeps no rules${how}: CORSRules or CORSFile`
}

/** What follows from it for a client. */
export const writesRefused = 'PUT and DELETE ?cors get 501 from this proxy'

/** What the last question brought, in words. */
export function resultOf({ lastResult, lastDetail }: RuleEntry): string {
  return lastDetail === undefined ? lastResult : `${lastResult}: ${lastDetail}`
}

/** The line of the admin port for a bucket whose rules are fetched; without an entry, for one that is not answered about yet. */
export function describeEntry(
  bucket: string,
  source: PolicySource,
  enforcement: Enforcement,
  entry: RuleEntry | undefined,
  times: RuleTimes,
  at: number,
): BucketStatus {
  const state = entry === undefined ? unknown : stateAt(entry, times, at)
  const rules = state.kind === 'rules' ? state.policy.size : 0
  const faults = state.kind === 'rules' ? state.policy.faults : []
  const line: BucketStatus =
    faults.length === 0
      ? { bucket, source, enforcement, state: state.kind, rules }
      : { bucket, source, enforcement, state: 'rules-with-faults', rules, faults }
  if (entry === undefined) return line
  const isUnsupported = state.kind === 'none' && state.unsupported !== undefined
  const { nextTryAt } = entry
  const answered =
    entry.state === undefined ? {} : { fetchedAt: entry.fetchedAt, ageSeconds: (at - entry.fetchedAt) / 1000 }
  return {
    ...line,
    ...answered,
    lastResult: resultOf(entry),
    nextTryAt,
    ...(isUnsupported ? { notes: [`${keepsNoRules(state.unsupported)}; ${writesRefused}`] } : {}),
  }
}
