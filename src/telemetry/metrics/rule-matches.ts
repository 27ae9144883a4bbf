import { createHash } from 'node:crypto'
import type { CompiledRule } from '../../cors/decision/compiled-rule.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { type BucketLabels, otherBucket } from '../labels/bucket-labels.ts'
import { createRuleSeries, type RuleCount, type RuleSeries, type RuleSeriesTable, ruleLabel } from './rule-series.ts'

/** How often a rule was the one that allowed a request. Plain data. */
export interface RuleMatch {
  /** The label of its bucket. */
  readonly bucket: string
  /** Which rule: its content, so that a reload which moves it does not begin anew. */
  readonly digest: string
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly lastMatchedMs: number
}

/** What a process has counted: by what a rule says, and by what it is called. Plain data. */
export interface RuleReport {
  readonly matches: readonly RuleMatch[]
  readonly counts: readonly RuleCount[]
}

/** The same of a rule that is in force. */
export interface RuleUse {
  /** From 0, in the order of the bucket's rules. */
  readonly index: number
  readonly id: string | undefined
  readonly count: number
  /** Undefined: it has matched nothing since counting began. */
  readonly lastMatchedMs: number | undefined
}

/** Counts which rules are used, in bounded memory. */
export interface RuleMatches {
  /** Counts the request that `rule` has allowed on the bucket of the label number `bucket`. */
  count(bucket: number, rule: CompiledRule, nowMs: number): void
  /** Adds what another process has counted. */
  absorb(report: RuleReport): void
  report(): RuleReport
  /** Every one of `rules`, those of the bucket labelled `bucket`; rules that are equal to an earlier one never match. */
  uses(bucket: string, rules: readonly CorsRule[]): readonly RuleUse[]
  readonly scrape: RuleSeriesTable['scrape']
}

/** Rules that are remembered: with ever new rules, the half whose last match is the longest ago is forgotten. */
const maxRules = 10_000

interface Cell {
  readonly bucket: number
  readonly digest: string
  count: number
  lastMatchedMs: number
}

/** Where the matches of a rule are counted. */
interface Place {
  readonly cell: Cell
  readonly series: RuleSeries
}

/** `limit` is for tests. */
export function createRuleMatches(buckets: BucketLabels, limit = maxRules): RuleMatches {
  const cells = new Map<string, Cell>()
  /** By bucket number: the rule that matched there last, and where it and others are counted. */
  let known: ({ rule: CompiledRule; place: Place; places: WeakMap<CompiledRule, Place> } | undefined)[] = []
  const forgetPlaces = () => {
    known = []
  }
  const series = createRuleSeries(buckets, forgetPlaces, limit)

  function cellOf(bucket: number, digest: string): Cell {
    const key = `${bucket} ${digest}`
    const found = cells.get(key)
    if (found !== undefined) return found
    if (cells.size >= limit) forgetHalf()
    const cell = { bucket, digest, count: 0, lastMatchedMs: 0 }
    cells.set(key, cell)
    return cell
  }

  function forgetHalf(): void {
    forgetPlaces()
    const oldestFirst = [...cells].sort(([, one], [, other]) => one.lastMatchedMs - other.lastMatchedMs)
    for (const [key] of oldestFirst.slice(0, Math.ceil(limit / 2))) cells.delete(key)
  }

  function find(bucket: number, rule: CompiledRule): Place {
    const place = known[bucket]?.places.get(rule) ?? {
      cell: cellOf(bucket, digestOf(rule.rule)),
      series: series.find(bucket, ruleLabel(rule.rule, rule.index)),
    }
    // Read again: what was known may just have been forgotten.
    const before = known[bucket]
    if (before === undefined) known[bucket] = { rule, place, places: new WeakMap([[rule, place]]) }
    else {
      before.rule = rule
      before.place = place
      before.places.set(rule, place)
    }
    return place
  }

  return {
    count(bucket, rule, nowMs) {
      const last = known[bucket]
      const { cell, series } = last?.rule === rule ? last.place : find(bucket, rule)
      cell.count++
      cell.lastMatchedMs = nowMs
      series.pending++
    },
    absorb({ matches, counts }) {
      for (const { bucket, digest, count, lastMatchedMs } of matches) {
        const cell = cellOf(buckets.index(bucket, true), digest)
        cell.count += count
        cell.lastMatchedMs = Math.max(cell.lastMatchedMs, lastMatchedMs)
      }
      series.absorb(counts)
    },
    report: () => ({
      matches: [...cells.values()].map(({ bucket, ...match }) => ({
        ...match,
        bucket: buckets.names[bucket] ?? otherBucket,
      })),
      counts: series.report(),
    }),
    scrape: series.scrape,
    uses(bucket, rules) {
      const label = Math.max(0, buckets.names.indexOf(bucket))
      const seen = new Set<string>()
      return rules.map((rule, index) => {
        const digest = digestOf(rule)
        const cell = seen.has(digest) ? undefined : cells.get(`${label} ${digest}`)
        seen.add(digest)
        return { index, id: rule.id, count: cell?.count ?? 0, lastMatchedMs: cell?.lastMatchedMs }
      })
    },
  }
}

const digests = new WeakMap<CorsRule, string>()

function digestOf(rule: CorsRule): string {
  const known = digests.get(rule)
  if (known !== undefined) return known
  const { id, allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds } = rule
  // As JSON, in which no two rules look alike.
  const text = JSON.stringify([id, allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds])
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22)
  digests.set(rule, digest)
  return digest
}
