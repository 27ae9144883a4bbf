import { describeStoredFault } from '../cors/parsing/stored-rules.ts'
import type { FetchResult } from '../policies/upstream/rule-freshness.ts'
import type { Log } from '../telemetry/log/log.ts'
import type { Metrics } from '../telemetry/metrics/metrics.ts'
import type { RuleEvents } from './policies.ts'

/** What a source may say without anything being wrong. Rules with faults have a line of their own. */
const readable: ReadonlySet<FetchResult> = new Set(['rules', 'rules-with-faults', 'none'])

/** Of a bucket's stored rules; the others are in `/buckets`. */
const loggedFaults = 5

/** Counts and logs what happens to live rules. */
export function createRuleEvents(metrics: Pick<Metrics, 'countRulesFetch'>, log: Log): RuleEvents {
  return {
    onFetch({ bucket, result, detail, changed, faults = [] }) {
      metrics.countRulesFetch(result)
      if (!changed) return
      if (readable.has(result)) log.info('rules_fetched', { bucket, result, detail })
      else log.warn('rules_fetched', { bucket, result, detail })
      if (faults.length > 0) {
        const texts = faults.slice(0, loggedFaults).map(describeStoredFault)
        log.warn('rules_with_faults', { bucket, faults: faults.length, detail: texts.join(' | ') })
      }
    },
    onChange({ bucket, rules, changedBy }) {
      log.info('rules_managed', { bucket, rules: rules?.length ?? 0, changedBy })
    },
    onDisabled(bucket, detail) {
      log.warn('managed_disabled', { bucket, detail })
    },
    onUnusable(bucket, detail) {
      log.warn('managed_unusable', { bucket, detail })
    },
  }
}
