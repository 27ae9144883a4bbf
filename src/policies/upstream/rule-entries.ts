// The entries of all buckets, bounded for those that no entry names.

import { ownCopy } from '../../text/own-copy.ts'
import type { RuleEntry } from './rule-freshness.ts'

/** Entries by bucket. Named buckets are never evicted; of the others the least recently used go, those without rules before those with. */
export interface RuleEntries {
  /** Counts as a use. */
  get(bucket: string): RuleEntry | undefined
  set(bucket: string, entry: RuleEntry): void
  /** Every entry, named or not. */
  entries(): IterableIterator<readonly [string, RuleEntry]>
  /** How many of them no entry names. */
  others(): number
}

interface Kept {
  readonly bucket: string
  readonly entry: RuleEntry
}

/** 10,000 others: some megabytes, and more buckets than a gateway meets. */
export const maxOtherEntries = 10_000

/** A Map keeps the order of insertion, so taking out and putting back makes an entry the most recent. */
export function createRuleEntries(
  isNamed: (bucket: string) => boolean,
  maxOthers: number = maxOtherEntries,
): RuleEntries {
  const named = new Map<string, RuleEntry>()
  // With the name that is kept: that of a request is part of its target.
  /** Buckets that gave rules: a flood of invented names must not push them out. */
  const proven = new Map<string, Kept>()
  const doubtful = new Map<string, Kept>()

  function get(bucket: string): RuleEntry | undefined {
    const fixed = named.get(bucket)
    if (fixed !== undefined) return fixed
    const home = proven.has(bucket) ? proven : doubtful
    const kept = home.get(bucket)
    if (kept === undefined) return undefined
    home.delete(bucket)
    home.set(kept.bucket, kept)
    return kept.entry
  }

  function set(bucket: string, entry: RuleEntry): void {
    if (isNamed(bucket)) {
      named.set(named.has(bucket) ? bucket : ownCopy(bucket), entry)
      return
    }
    const kept = { bucket: (proven.get(bucket) ?? doubtful.get(bucket))?.bucket ?? ownCopy(bucket), entry }
    proven.delete(bucket)
    doubtful.delete(bucket)
    const home = entry.state?.kind === 'rules' ? proven : doubtful
    home.set(kept.bucket, kept)
    if (proven.size + doubtful.size <= maxOthers) return
    const from = doubtful.size > 0 ? doubtful : proven
    for (const oldest of from.keys()) {
      from.delete(oldest)
      break
    }
  }

  function* entries(): IterableIterator<readonly [string, RuleEntry]> {
    yield* named
    for (const { bucket, entry } of proven.values()) yield [bucket, entry]
    for (const { bucket, entry } of doubtful.values()) yield [bucket, entry]
  }

  return { get, set, entries, others: () => proven.size + doubtful.size }
}
