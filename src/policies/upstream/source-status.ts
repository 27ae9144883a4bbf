import type { BucketStatus, PolicySource } from '../policy-lookup.ts'
import type { SourceBuckets } from '../policy-sources.ts'
import { describeEntry } from './entry-status.ts'
import type { RuleEntries } from './rule-entries.ts'
import type { RuleTimes } from './rule-freshness.ts'

/** Buckets under `"*"` that are shown on the admin port by name. */
const shownOthers = 100

/** What is known of the buckets of one live source. */
export interface DescribedSource {
  readonly kind: PolicySource
  readonly buckets: SourceBuckets
  readonly entries: RuleEntries
  readonly times: RuleTimes
  /** Of all buckets under `"*"`. */
  readonly notes: () => readonly string[]
}

/** The lines of the admin port: the buckets that the configuration names, then what is under `"*"`. */
export function describeSource(
  { kind, buckets, entries, times, notes }: DescribedSource,
  at: number,
): readonly BucketStatus[] {
  const lines = [...buckets.named].map(([bucket, enforcement]) =>
    describeEntry(bucket, kind, enforcement, entries.get(bucket), times, at),
  )
  const enforcement = buckets.others
  if (enforcement === undefined) return lines
  const others = [...entries.entries()].filter(([bucket]) => !buckets.named.has(bucket))
  const cached = `${others.length} buckets cached`
  lines.push({ ...describeEntry('*', kind, enforcement, undefined, times, at), notes: [cached, ...notes()] })
  for (const [bucket, entry] of others.slice(0, shownOthers)) {
    lines.push(describeEntry(bucket, kind, enforcement, entry, times, at))
  }
  return lines
}
