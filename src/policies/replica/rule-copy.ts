// What is known of a bucket's rules, as plain data for another process.

import { compilePolicy, type Policy } from '../../cors/decision/policy.ts'
import type { StoredRuleFault } from '../../cors/parsing/stored-rules.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import type { RuleEntry } from '../upstream/rule-freshness.ts'

/** An entry without its compiled policy, its times as distances: two processes' clocks need not agree. */
export interface RuleCopy extends Pick<RuleEntry, 'failures' | 'lastResult' | 'lastDetail'> {
  readonly state: RuleCopyState | undefined
  readonly ageMs: number
  readonly nextTryInMs: number
  readonly revalidateInMs: number
}

/** `rules` as the source gave them. */
export type RuleCopyState =
  | { readonly kind: 'rules'; readonly rules: readonly CorsRule[]; readonly faults: readonly StoredRuleFault[] }
  | { readonly kind: 'none'; readonly unsupported?: string | undefined }
  | { readonly kind: 'no-such-bucket' }

/**
 * A copy holds at least this long, however old its entry is: then a call about it is under way, and the other process asks
 * again soon for what it brought. A flood of requests about one bucket must not become a flood of questions.
 */
const holdsMs = 100

/** The copy of an entry at this time. */
export function copyEntry(entry: RuleEntry, now: number): RuleCopy {
  const { state, fetchedAt, nextTryAt, revalidateUntil, failures, lastResult, lastDetail } = entry
  return {
    state: state?.kind === 'rules' ? copyRules(state.policy) : state,
    ageMs: now - fetchedAt,
    nextTryInMs: Math.max(holdsMs, nextTryAt - now),
    revalidateInMs: revalidateUntil - now,
    failures,
    lastResult,
    lastDetail,
  }
}

function copyRules({ configuration, faults }: Policy): RuleCopyState {
  return { kind: 'rules', rules: configuration, faults }
}

/** The copy of no entry. `isAbsent`: there is no such bucket, rather than its rules not being known. */
export function copyAbsence(isAbsent: boolean): RuleCopy {
  const state = isAbsent ? ({ kind: 'no-such-bucket' } as const) : undefined
  const times = { ageMs: 0, nextTryInMs: holdsMs, revalidateInMs: holdsMs }
  return { state, ...times, failures: 0, lastResult: 'unknown', lastDetail: undefined }
}

/** The entry that a copy stands for, on this process' clock. */
export function entryOfCopy({ ageMs, nextTryInMs, revalidateInMs, state, ...rest }: RuleCopy, now: number): RuleEntry {
  return {
    ...rest,
    state: state?.kind === 'rules' ? { kind: 'rules', policy: compilePolicy(state.rules, state.faults) } : state,
    fetchedAt: now - ageMs,
    nextTryAt: now + nextTryInMs,
    revalidateUntil: now + revalidateInMs,
  }
}
