// The entries of all buckets, bounded for those that no entry names.

import type { RuleEntry } from './rule-entry.ts'

/** Entries by bucket. Named buckets are never evicted; of the others the least recently used go, those without rules before those with. */
export interface RuleCache {
  /** Counts as a use. */
  get(bucket: string): RuleEntry | undefined
  set(bucket: string, entry: RuleEntry): void
  /** Every entry, named or not. */
  entries(): IterableIterator<readonly [string, RuleEntry]>
  /** How many of them no entry names. */
  others(): number
}

/** 10,000 others: some megabytes, and more buckets than a gateway meets. */
export const maxOtherEntries = 10_000

/** A Map keeps the order of insertion, so taking out and putting back makes an entry the most recent. */
export function createRuleCache(isNamed: (bucket: string) => boolean, maxOthers: number = maxOtherEntries): RuleCache {
  const named = new Map<string, RuleEntry>()
  /** Buckets that gave rules: a flood of invented names must not push them out. */
  const proven = new Map<string, RuleEntry>()
  const doubtful = new Map<string, RuleEntry>()

  function get(bucket: string): RuleEntry | undefined {
    const fixed = named.get(bucket)
    if (fixed !== undefined) return fixed
    const home = proven.has(bucket) ? proven : doubtful
    const entry = home.get(bucket)
    if (entry === undefined) return undefined
    home.delete(bucket)
    home.set(bucket, entry)
    return entry
  }

  function set(bucket: string, entry: RuleEntry): void {
    if (isNamed(bucket)) {
      named.set(bucket, entry)
      return
    }
    proven.delete(bucket)
    doubtful.delete(bucket)
    const home = entry.state?.kind === 'rules' ? proven : doubtful
    home.set(bucket, entry)
    if (proven.size + doubtful.size <= maxOthers) return
    const from = doubtful.size > 0 ? doubtful : proven
    for (const oldest of from.keys()) {
      from.delete(oldest)
      break
    }
  }

  function* entries(): IterableIterator<readonly [string, RuleEntry]> {
    yield* named
    yield* proven
    yield* doubtful
  }

  return { get, set, entries, others: () => proven.size + doubtful.size }
}
