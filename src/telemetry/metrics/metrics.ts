import { Registry } from 'prom-client'
import type { BucketStatus } from '../../policies/policy-lookup.ts'
import type { FetchResult } from '../../policies/upstream/rule-freshness.ts'
import { createBucketLabels } from '../labels/bucket-labels.ts'
import { isDecided } from '../labels/decision-reason.ts'
import type { OriginReport } from '../origins/origin-report.ts'
import { createOriginTable } from '../origins/origin-table.ts'
import { UnknownAddresses, type UnknownAddressReport } from '../origins/unknown-names.ts'
import type { CountReport, RequestMeter } from './count-report.ts'
import { holdLongText } from './held-text.ts'
import { registerFamily } from './metric-family.ts'
import { configuredBuckets, countRulesFetch, createOperationCounters, operationFamilies } from './operation-metrics.ts'
import { registerProcessMetrics } from './process-metrics.ts'
import { requestFamilies } from './request-families.ts'
import { addCounters, countRequest, createRequestCounters } from './request-metrics.ts'
import { createRuleMatches, type RuleMatches } from './rule-matches.ts'
import type { RulesInForce } from './rule-series.ts'

/** What the metrics are made of. The clock and the dice are parameters, so that tests can hold them still. */
export interface MetricsOptions {
  readonly version: string
  /** How many allowed, and how many denied, origins are series of their own. */
  readonly origins: number
  /** The buckets as they stand now; read at each scrape. */
  readonly status: () => readonly BucketStatus[]
  /** The buckets that the configuration names now. Without it, every bucket of `status` is taken for named. */
  readonly namedBuckets?: (() => ReadonlySet<string>) | undefined
  /** How many rules of named buckets are series of their own; none unless told. */
  readonly rules?: number | undefined
  /** The rules of the buckets that the configuration names, in its order; read at each scrape, no further than needed. */
  readonly rulesInForce?: (() => Iterable<RulesInForce>) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
  readonly random?: (() => number) | undefined
  /** The metrics of the process itself; true unless said otherwise. A function gives the text for all processes that share the work. */
  readonly processMetrics?: boolean | (() => Promise<string>) | undefined
}

/** Counts, and says what was counted. Counting never throws, waits or allocates for what is already known. */
export interface Metrics extends RequestMeter {
  /** Adds what a worker has counted since its last report. */
  absorb(report: CountReport): void
  /** The requests in flight in all workers. */
  setInFlight(requests: number): void
  countRulesFetch(result: FetchResult): void
  countRefusedToken(): void
  setReload(successful: boolean, atMs: number): void
  setRestartRequired(required: boolean): void
  /** `metrics.origins` of a configuration that was reloaded. */
  setOrigins(origins: number): void
  /** `metrics.rules` of a configuration that was reloaded. */
  setRules(rules: number): void
  origins(): OriginReport
  /** Buckets and Hosts that were asked for and that the configuration did not name then. */
  unknownAddresses(): UnknownAddressReport
  /** When counting began, in milliseconds since the epoch. */
  readonly countingSinceMs: number
  /** How often each of the rules of a bucket was the one that allowed a request. */
  readonly ruleUses: RuleMatches['uses']
  /** The exposition text. */
  text(): Promise<string>
  readonly contentType: string
  /** For aggregation over workers. */
  readonly registry: Registry
}

/** Makes every metric of the proxy, in a registry of its own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const buckets = createBucketLabels()
  const requests = createRequestCounters()
  const operation = createOperationCounters()
  const now = options.now ?? Date.now
  const countingSinceMs = now()
  const random = options.random ?? Math.random
  const origins = createOriginTable(options.origins, buckets, random)
  const unknownAddresses = new UnknownAddresses(random)
  const rules = createRuleMatches(buckets)
  let shownRules = options.rules ?? 0
  const ruleCounts = () => rules.scrape(options.rulesInForce?.() ?? [], shownRules)
  for (const family of requestFamilies(requests, buckets, origins, ruleCounts)) registerFamily(registry, family)
  const configured = () => configuredBuckets(options.status(), options.namedBuckets?.())
  for (const family of operationFamilies(operation, configured, options.version)) registerFamily(registry, family)
  const { processMetrics = true } = options
  if (processMetrics === true) registerProcessMetrics(registry)
  return {
    recordStarted() {
      requests.inFlight++
    },
    recordEnded(record) {
      const bucket = buckets.index(record.bucket, record.bucketNamed)
      countRequest(requests, record, bucket)
      if (!isDecided(record)) return
      const nowMs = now()
      origins.count(record, bucket, nowMs)
      unknownAddresses.count(record, nowMs)
      if (record.decision?.allowed) rules.count(bucket, record.decision, nowMs)
    },
    absorb(report) {
      const labels = report.buckets.map((name, index) => (index === 0 ? 0 : buckets.index(name, true)))
      addCounters(requests, report.counters, labels)
      origins.absorb(report.origins, now())
      rules.absorb(report.rules)
      unknownAddresses.absorb(report.unknownAddresses)
      operation.suppressedLogLines += report.suppressedLogLines
    },
    setInFlight(inFlight) {
      requests.inFlight = inFlight
    },
    countSuppressedLog(lines = 1) {
      operation.suppressedLogLines += lines
    },
    countRulesFetch(result) {
      countRulesFetch(operation, result)
    },
    countRefusedToken() {
      operation.refusedTokens++
    },
    setReload(successful, atMs) {
      operation.lastReloadSuccessful = successful
      if (successful) operation.lastReloadSuccessAtMs = atMs
    },
    setRestartRequired(required) {
      operation.restartRequired = required
    },
    setOrigins(size) {
      origins.resize(size)
    },
    setRules(size) {
      shownRules = size
    },
    origins: () => origins.report(),
    unknownAddresses: () => unknownAddresses.report(),
    countingSinceMs,
    ruleUses: rules.uses,
    text: holdLongText(
      async () => {
        const text = await registry.metrics()
        return typeof processMetrics === 'function' ? text + (await processMetrics()) : text
      },
      () => performance.now(),
    ),
    contentType: registry.contentType,
    registry,
  }
}
