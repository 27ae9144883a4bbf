import type { BucketStatus } from '../../policies/policy-lookup.ts'
import { otherBucket } from './bucket-labels.ts'
import type { MetricFamily, Sample } from './metric-family.ts'
import type { OperationCounters } from './operation-counters.ts'

/** A bucket's status, and whether the configuration has an entry for it or only `"*"`. */
export interface ConfiguredBucket extends BucketStatus {
  readonly isEntry: boolean
}

function bucketsBySource(statuses: readonly ConfiguredBucket[]): Sample[] {
  const samples = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const { source, enforcement, isEntry } of statuses) {
    if (!isEntry) continue
    const key = `${source} ${enforcement}`
    const sample = samples.get(key) ?? { labels: { source, enforcement }, value: 0 }
    sample.value++
    samples.set(key, sample)
  }
  return [...samples.values()]
}

/** Marks the lines of `statuses` that are entries of the configuration, and not buckets that `"*"` stands for. */
export function configuredBuckets(
  statuses: readonly BucketStatus[],
  named: ReadonlySet<string> | undefined,
): readonly ConfiguredBucket[] {
  return statuses.map(status => ({ ...status, isEntry: status.bucket === '*' || (named?.has(status.bucket) ?? true) }))
}

/** The oldest rules under each label; the buckets that only `"*"` names share one. */
function rulesAges(statuses: readonly ConfiguredBucket[]): Sample[] {
  const ages = new Map<string, number>()
  for (const { bucket, ageSeconds, isEntry } of statuses) {
    if (ageSeconds === undefined) continue
    const label = isEntry && bucket !== '*' ? bucket : otherBucket
    ages.set(label, Math.max(ageSeconds, ages.get(label) ?? 0))
  }
  return [...ages].map(([bucket, value]) => ({ labels: { bucket }, value }))
}

/** The buckets that only `"*"` names share one label. */
function rulesFaults(statuses: readonly ConfiguredBucket[]): Sample[] {
  const counts = new Map<string, number>()
  for (const { bucket, faults, isEntry } of statuses) {
    if (faults === undefined) continue
    const label = isEntry && bucket !== '*' ? bucket : otherBucket
    counts.set(label, faults.length + (counts.get(label) ?? 0))
  }
  return [...counts].map(([bucket, value]) => ({ labels: { bucket }, value }))
}

/** The metrics about configuration, rules and the proxy itself. `status` is read at each scrape. */
export function operationFamilies(
  counters: OperationCounters,
  status: () => readonly ConfiguredBucket[],
  version: string,
): readonly MetricFamily[] {
  const one = (value: () => number) => () => [{ labels: {}, value: value() }]
  return [
    {
      name: 's3cors_rules_fetches_total',
      help: 'Calls for rules to a source outside the configuration, by result.',
      type: 'counter',
      samples: () => [...counters.rulesFetches].map(([result, value]) => ({ labels: { result }, value })),
    },
    {
      name: 's3cors_rules_age_seconds',
      help: 'Time since the source of the rules of a bucket last gave a usable answer.',
      type: 'gauge',
      aggregator: 'max',
      samples: () => rulesAges(status()),
    },
    {
      name: 's3cors_rules_faults',
      help: 'What S3 would refuse of the rules that the source of a bucket keeps, where there is any; /buckets lists it.',
      type: 'gauge',
      aggregator: 'max',
      samples: () => rulesFaults(status()),
    },
    {
      name: 's3cors_buckets',
      help: 'Configured buckets, the entry "*" included, by source of their rules and by enforcement.',
      type: 'gauge',
      aggregator: 'max',
      samples: () => bucketsBySource(status()),
    },
    {
      name: 's3cors_config_last_reload_successful',
      help: 'Whether the last attempt to read the configuration succeeded: 1, or 0 while an older one stays in force.',
      type: 'gauge',
      aggregator: 'min',
      samples: one(() => Number(counters.lastReloadSuccessful)),
    },
    {
      name: 's3cors_config_last_reload_success_timestamp_seconds',
      help: 'When the configuration in force was read, in seconds since the epoch.',
      type: 'gauge',
      aggregator: 'min',
      samples: one(() => counters.lastReloadSuccessAtMs / 1000),
    },
    {
      name: 's3cors_config_restart_required',
      help: 'Whether the configuration file has changes that only a restart puts in force.',
      type: 'gauge',
      aggregator: 'max',
      samples: one(() => Number(counters.restartRequired)),
    },
    {
      name: 's3cors_log_suppressed_total',
      help: 'Log lines not written: repeated refusals, and lines that standard output did not take.',
      type: 'counter',
      samples: one(() => counters.suppressedLogLines),
    },
    {
      name: 's3cors_admin_tokens_refused_total',
      help: 'Requests to the admin port with a wrong token.',
      type: 'counter',
      samples: one(() => counters.refusedTokens),
    },
    {
      name: 's3cors_build_info',
      help: 'Always 1; the labels say which version runs, on which version of Node.',
      type: 'gauge',
      aggregator: 'first',
      samples: () => [{ labels: { version, node_version: process.version.slice(1) }, value: 1 }],
    },
  ]
}
