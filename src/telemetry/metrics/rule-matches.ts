import { createHash } from 'node:crypto'
import type { CompiledRule } from '../../cors/decision/compiled-rule.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import type { BucketLabels } from './bucket-labels.ts'

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
  absorb(matches: readonly RuleMatch[]): void
  report(): readonly RuleMatch[]
  /** Every one of `rules`, those of the bucket labelled `bucket`; rules that are equal to an earlier one never match. */
  uses(bucket: string, rules: readonly CorsRule[]): readonly RuleUse[]
}

/** Rules that are remembered: with ever new rules, the half whose last match is the longest ago is forgotten. */
const maxRules = 10_000

interface Cell {
  readonly bucket: number
  readonly digest: string
  count: number
  lastMatchedMs: number
}

/** `limit` is for tests. */
export function createRuleMatches(buckets: BucketLabels, limit = maxRules): RuleMatches {
  const cells = new Map<string, Cell>()
  /** By bucket number: the rule that matched there last, and where it and others are counted. */
  let known: ({ rule: CompiledRule; cell: Cell; cells: WeakMap<CompiledRule, Cell> } | undefined)[] = []

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
    known = []
    const oldestFirst = [...cells].sort(([, one], [, other]) => one.lastMatchedMs - other.lastMatchedMs)
    for (const [key] of oldestFirst.slice(0, Math.ceil(limit / 2))) cells.delete(key)
  }

  function find(bucket: number, rule: CompiledRule): Cell {
    const ofBucket = known[bucket]
    const cell = ofBucket?.cells.get(rule) ?? cellOf(bucket, digestOf(rule.rule))
    // Read again: what was known may just have been forgotten.
    const before = known[bucket]
    if (before === undefined) known[bucket] = { rule, cell, cells: new WeakMap([[rule, cell]]) }
    else {
      before.rule = rule
      before.cell = cell
      before.cells.set(rule, cell)
    }
    return cell
  }

  return {
    count(bucket, rule, nowMs) {
      const last = known[bucket]
      const cell = last?.rule === rule ? last.cell : find(bucket, rule)
      cell.count++
      cell.lastMatchedMs = nowMs
    },
    absorb(matches) {
      for (const { bucket, digest, count, lastMatchedMs } of matches) {
        const cell = cellOf(buckets.index(bucket, true), digest)
        cell.count += count
        cell.lastMatchedMs = Math.max(cell.lastMatchedMs, lastMatchedMs)
      }
    },
    report: () =>
      [...cells.values()].map(({ bucket, ...match }) => ({ ...match, bucket: buckets.names[bucket] ?? 'other' })),
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
