import type { Configuration } from '../config/configuration.ts'
import type { PolicyLookup } from '../policies/policy-lookup.ts'
import type { RulesInForce } from '../telemetry/metrics/rule-series.ts'

/** The buckets that have an entry of their own: their names may be labels. */
export function namedBuckets({ buckets }: Configuration): ReadonlySet<string> {
  return new Set(buckets.map(({ name }) => name).filter(name => name !== '*'))
}

/** Their rules as they are known now, in the order of the configuration; each bucket's are read when they are asked for. */
export function* namedRules(configuration: Configuration, policies: PolicyLookup): Generator<RulesInForce> {
  for (const name of namedBuckets(configuration)) {
    const { state } = policies.inspect(name)
    if (state.kind === 'rules') yield { bucket: name, rules: state.policy.configuration }
  }
}
