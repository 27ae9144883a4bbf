// Which rules are label values of s3cors_rule_matches_total, and what each of these series has counted.

import type { CorsRule } from '../../cors/rules/rule.ts'
import { escapeControls } from '../../text/escape-controls.ts'
import { type BucketLabels, otherBucket } from '../labels/bucket-labels.ts'

/** How often a rule matched, under the name that it had then. Plain data. */
export interface RuleCount {
  /** The label of its bucket. */
  readonly bucket: string
  /** {@link ruleLabel} */
  readonly rule: string
  readonly count: number
}

/** The rules of a named bucket as they are now, in their order. */
export interface RulesInForce {
  readonly bucket: string
  readonly rules: readonly CorsRule[]
}

/** The matches under one name. */
export interface RuleSeries {
  /** Since the last scrape. */
  pending: number
}

/** The series of rules, in bounded memory. */
export interface RuleSeriesTable {
  /** Where the rule of this name is counted, on the bucket of the label number `bucket`. Holds until `forgotten` is called. */
  find(bucket: number, rule: string): RuleSeries
  /** Adds what another process has counted. */
  absorb(counts: readonly RuleCount[]): void
  /** What was counted since the last scrape. */
  report(): readonly RuleCount[]
  /**
   * The first `most` names of rules in `inForce` have a series, also those that have matched nothing; every other match is in
   * the series `other`. So each match is counted in one series that is shown, and no series goes back: one that is not shown
   * for a while goes on from where it was; one that was forgotten ({@link maxNames}) begins anew, as after a restart.
   */
  scrape(inForce: Iterable<RulesInForce>, most: number): readonly RuleCount[]
}

interface KeptSeries extends RuleSeries {
  readonly bucket: string
  readonly rule: string
  /** At the last scrape. */
  count: number
  isShown: boolean
}

/** Names that are remembered, far more than are shown: with ever new ones, the oldest that are not shown are forgotten. */
const maxNames = 10_000

/** The name of the rule at `index` of its bucket, from 0: its ID, else its number from 1. */
export function ruleLabel({ id }: CorsRule, index: number): string {
  return id === undefined || id === '' ? String(index + 1) : escapeControls(id)
}

/** `forgotten` is told when what `find` has answered holds no longer. `limit` is for tests. */
export function createRuleSeries(buckets: BucketLabels, forgotten: () => void, limit = maxNames): RuleSeriesTable {
  const kept = new Map<string, KeptSeries>()
  const other = createSeries(otherBucket, otherBucket)

  function find(bucket: number, rule: string): KeptSeries {
    if (bucket === 0) return other
    const key = `${bucket} ${rule}`
    const known = kept.get(key)
    if (known !== undefined) return known
    if (kept.size >= limit) forgetHalf()
    const series = createSeries(buckets.names[bucket] ?? otherBucket, rule)
    kept.set(key, series)
    return series
  }

  function forgetHalf(): void {
    forgotten()
    for (const [key, { isShown, pending }] of kept) {
      if (isShown) continue
      other.pending += pending
      kept.delete(key)
      if (kept.size <= limit / 2) return
    }
  }

  function settle(series: KeptSeries, into: KeptSeries): void {
    into.count += series.pending
    series.pending = 0
  }

  return {
    find,
    absorb(counts) {
      for (const { bucket, rule, count } of counts) find(buckets.index(bucket, true), rule).pending += count
    },
    report: () =>
      [other, ...kept.values()]
        .filter(({ pending }) => pending > 0)
        .map(({ bucket, rule, pending }) => ({ bucket, rule, count: pending })),
    scrape(inForce, most) {
      const names = firstNames(inForce, most, buckets)
      for (const [key, series] of kept) {
        series.isShown = names.has(key)
        settle(series, series.isShown ? series : other)
      }
      settle(other, other)
      const shown = [...names].map(([key, name]) => ({ ...name, count: kept.get(key)?.count ?? 0 }))
      return [...shown, { bucket: otherBucket, rule: otherBucket, count: other.count }]
    },
  }
}

function createSeries(bucket: string, rule: string): KeptSeries {
  return { bucket, rule, pending: 0, count: 0, isShown: false }
}

function firstNames(inForce: Iterable<RulesInForce>, most: number, buckets: BucketLabels) {
  const names = new Map<string, { readonly bucket: string; readonly rule: string }>()
  // Asked for no more than is needed: to read the rules of a bucket can take a millisecond.
  if (most === 0) return names
  for (const { bucket, rules } of inForce) {
    const label = buckets.index(bucket, true)
    if (label === 0) continue
    for (const [index, rule] of rules.entries()) {
      const name = ruleLabel(rule, index)
      names.set(`${label} ${name}`, { bucket, rule: name })
      if (names.size >= most) return names
    }
  }
  return names
}
