// What is known of a bucket's rules, as plain data for another process.

import { compilePolicy } from '../../cors/decision/policy.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import type { RuleEntry } from '../upstream/rule-entry.ts'

/** An entry without its compiled policy, its times as distances: two processes' clocks need not agree. */
export interface RuleCopy {
  readonly state: RuleCopyState | undefined
  readonly ageMs: number
  readonly nextTryInMs: number
  readonly revalidateInMs: number
  readonly failures: number
  readonly lastResult: string
  readonly lastDetail: string | undefined
}

/** `rules` as the source gave them. */
export type RuleCopyState =
  | { readonly kind: 'rules'; readonly rules: readonly CorsRule[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'no-such-bucket' }

/** The copy of an entry at this time. */
export function copyEntry(entry: RuleEntry, now: number): RuleCopy {
  const { state, failures, lastResult, lastDetail } = entry
  return {
    state: state?.kind === 'rules' ? { kind: 'rules', rules: state.policy.configuration } : state,
    ageMs: now - entry.fetchedAt,
    nextTryInMs: entry.nextTryAt - now,
    revalidateInMs: entry.revalidateUntil - now,
    failures,
    lastResult,
    lastDetail,
  }
}

/** The entry that a copy stands for, on this process' clock. */
export function entryOfCopy(copy: RuleCopy, now: number): RuleEntry {
  const { state, failures, lastResult, lastDetail } = copy
  return {
    state: state?.kind === 'rules' ? { kind: 'rules', policy: compilePolicy(state.rules) } : state,
    fetchedAt: now - copy.ageMs,
    nextTryAt: now + copy.nextTryInMs,
    revalidateUntil: now + copy.revalidateInMs,
    failures,
    lastResult,
    lastDetail,
  }
}
