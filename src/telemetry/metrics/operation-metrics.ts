import type { BucketStatus, Enforcement, PolicySource } from '../../policies/policy-lookup.ts'
import { type FetchResult, fetchResults } from '../../policies/upstream/rule-freshness.ts'
import { otherBucket } from '../labels/bucket-labels.ts'
import { add, type Cells, type CountedMetric, countedFamily, createCells, perBucket } from './counter-cells.ts'
import {
  each,
  type LabelsOf,
  type MetricDeclaration,
  type MetricFamily,
  open,
  readFamily,
  readNumber,
  type Sample,
} from './metric-family.ts'

const sources = ['yaml', 'file', 'upstream', 'managed', 'none'] as const satisfies readonly PolicySource[]
const enforcements = ['headers', 'block', 'report'] as const satisfies readonly Enforcement[]

/** The metrics about configuration, rules and the proxy itself. */
export const operationMetrics = {
  rulesFetches: {
    name: 's3cors_rules_fetches_total',
    help: 'Calls for rules to a source outside the configuration, by result.',
    type: 'counter',
    by: [each('result', fetchResults)],
    shown: 'counted',
  },
  rulesAge: {
    name: 's3cors_rules_age_seconds',
    help: 'Time since the source of the rules of a bucket last gave a usable answer.',
    type: 'gauge',
    by: [perBucket],
    aggregator: 'max',
  },
  rulesFaults: {
    name: 's3cors_rules_faults',
    help: 'What S3 would refuse of the rules that the source of a bucket keeps, where there is any; /buckets lists it.',
    type: 'gauge',
    by: [perBucket],
    aggregator: 'max',
  },
  buckets: {
    name: 's3cors_buckets',
    help: 'Configured buckets, the entry "*" included, by source of their rules and by enforcement.',
    type: 'gauge',
    by: [each('source', sources), each('enforcement', enforcements)],
    aggregator: 'max',
  },
  lastReloadSuccessful: {
    name: 's3cors_config_last_reload_successful',
    help: 'Whether the last attempt to read the configuration succeeded: 1, or 0 while an older one stays in force.',
    type: 'gauge',
    by: [],
    aggregator: 'min',
  },
  lastReloadSuccess: {
    name: 's3cors_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was read, in seconds since the epoch.',
    type: 'gauge',
    by: [],
    aggregator: 'min',
  },
  restartRequired: {
    name: 's3cors_config_restart_required',
    help: 'Whether the configuration file has changes that only a restart puts in force.',
    type: 'gauge',
    by: [],
    aggregator: 'max',
  },
  suppressedLogLines: {
    name: 's3cors_log_suppressed_total',
    help: 'Log lines not written: repeated refusals, and lines that standard output did not take.',
    type: 'counter',
    by: [],
  },
  refusedTokens: {
    name: 's3cors_admin_tokens_refused_total',
    help: 'Requests to the admin port with a wrong token.',
    type: 'counter',
    by: [],
  },
  buildInfo: {
    name: 's3cors_build_info',
    help: 'Always 1; the labels say which version runs, on which version of Node.',
    type: 'gauge',
    by: [open('version'), open('node_version')],
    aggregator: 'first',
  },
} as const satisfies Readonly<Record<string, MetricDeclaration | CountedMetric>>

/** What is counted apart from requests: reloads, fetches of rules, lines not logged. */
export interface OperationCounters {
  suppressedLogLines: number
  refusedTokens: number
  lastReloadSuccessful: boolean
  /** 0 until a configuration was taken in. */
  lastReloadSuccessAtMs: number
  restartRequired: boolean
  readonly rulesFetches: Cells
}

/** Counters at zero. */
export function createOperationCounters(): OperationCounters {
  return {
    suppressedLogLines: 0,
    refusedTokens: 0,
    lastReloadSuccessful: false,
    lastReloadSuccessAtMs: 0,
    restartRequired: false,
    rulesFetches: createCells(operationMetrics.rulesFetches),
  }
}

/** Counts a call for rules. */
export function countRulesFetch({ rulesFetches }: OperationCounters, result: FetchResult): void {
  add(rulesFetches, fetchResults.indexOf(result))
}

/** A bucket's status, and whether the configuration has an entry for it or only `"*"`. */
export interface ConfiguredBucket extends BucketStatus {
  readonly isEntry: boolean
}

/** Marks the lines of `statuses` that are entries of the configuration, and not buckets that `"*"` stands for. */
export function configuredBuckets(
  statuses: readonly BucketStatus[],
  named: ReadonlySet<string> | undefined,
): readonly ConfiguredBucket[] {
  return statuses.map(status => ({ ...status, isEntry: status.bucket === '*' || (named?.has(status.bucket) ?? true) }))
}

type BucketsSample = Sample<LabelsOf<typeof operationMetrics.buckets>>

function bucketsBySource(statuses: readonly ConfiguredBucket[]): readonly BucketsSample[] {
  const samples = new Map<string, BucketsSample>()
  for (const { source, enforcement, isEntry } of statuses) {
    if (!isEntry) continue
    const key = `${source} ${enforcement}`
    samples.set(key, { labels: { source, enforcement }, value: (samples.get(key)?.value ?? 0) + 1 })
  }
  return [...samples.values()]
}

/** The oldest rules under each label; the buckets that only `"*"` names share one. */
function rulesAges(statuses: readonly ConfiguredBucket[]): Sample<{ readonly bucket: string }>[] {
  const ages = new Map<string, number>()
  for (const { bucket, ageSeconds, isEntry } of statuses) {
    if (ageSeconds === undefined) continue
    const label = isEntry && bucket !== '*' ? bucket : otherBucket
    ages.set(label, Math.max(ageSeconds, ages.get(label) ?? 0))
  }
  return [...ages].map(([bucket, value]) => ({ labels: { bucket }, value }))
}

/** The buckets that only `"*"` names share one label. */
function rulesFaults(statuses: readonly ConfiguredBucket[]): Sample<{ readonly bucket: string }>[] {
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
  const metrics = operationMetrics
  return [
    countedFamily(metrics.rulesFetches, counters.rulesFetches, []),
    readFamily(metrics.rulesAge, () => rulesAges(status())),
    readFamily(metrics.rulesFaults, () => rulesFaults(status())),
    readFamily(metrics.buckets, () => bucketsBySource(status())),
    readNumber(metrics.lastReloadSuccessful, () => Number(counters.lastReloadSuccessful)),
    readNumber(metrics.lastReloadSuccess, () => counters.lastReloadSuccessAtMs / 1000),
    readNumber(metrics.restartRequired, () => Number(counters.restartRequired)),
    readNumber(metrics.suppressedLogLines, () => counters.suppressedLogLines),
    readNumber(metrics.refusedTokens, () => counters.refusedTokens),
    readFamily(metrics.buildInfo, () => [{ labels: { version, node_version: process.version.slice(1) }, value: 1 }]),
  ]
}
