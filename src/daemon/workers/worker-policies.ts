// The policies of a worker: what the configuration says is known here, what has a source outside the primary is asked for.

import type { Configuration } from '../../config/configuration.ts'
import { steadyNow } from '../../policies/clock.ts'
import type { SourceBuckets } from '../../policies/policy-sources.ts'
import { entryOfCopy } from '../../policies/replica/rule-copy.ts'
import { createBucketPolicies } from '../../policies/upstream/bucket-policies.ts'
import { s3Errors } from '../../s3/errors/error-catalogue.ts'
import { type DaemonPolicies, type DaemonRules, joinPolicies } from '../policies.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Call } from './calls.ts'
import type { LiveBucket, PrimaryOperations } from './messages.ts'

/** The primary's own bounds are narrower; these keep a flood of invented names from keeping it busy. */
const bounds = { running: 1000, othersRunning: 900, othersWaiting: 1000, newNamesPerSecond: 1000 }
// The primary's own deadlines are shorter; these are for one that is not there any more.
const managedMs = 60_000
const graceSeconds = 1

/** Makes the policies of one configuration. `before`: those of the former one. */
export function createWorkerPolicies(
  configuration: Configuration,
  upstream: Upstream,
  before: DaemonRules | undefined,
  call: Call<PrimaryOperations>,
): DaemonPolicies {
  const { rules, managed } = configuration
  const times = { ...rules, timeoutSeconds: rules.timeoutSeconds + graceSeconds }
  const cache = (source: LiveBucket['source'], identity: string) => (buckets: SourceBuckets) =>
    createBucketPolicies(
      {
        kind: source,
        times,
        bounds,
        upstream: identity,
        async getBucketCors(bucket) {
          const copy = await call('rules', { source, bucket }, 2000 * times.timeoutSeconds)
          return { kind: 'entry', entry: entryOfCopy(copy, steadyNow()) }
        },
      },
      buckets,
      before?.[source],
    )
  const policies = joinPolicies(
    configuration,
    {
      upstream: cache('upstream', upstream.identity),
      managed: cache('managed', `${upstream.identity} ${JSON.stringify(managed)}`),
    },
    async request => {
      // A reload may have ended the managing while the question was on its way.
      const answer = await call('managed', request, managedMs).catch(() => undefined)
      return answer ?? { error: s3Errors.serviceUnavailable }
    },
  )
  return {
    ...policies,
    lookup: {
      ...policies.lookup,
      // This process has no keys to ask the endpoint with. A primary that does not answer leaves it open.
      knowsCors: bucket => call('knowsCors', bucket, 2000 * times.timeoutSeconds).catch(() => 'unclear' as const),
      corsObserved(bucket) {
        call('corsObserved', bucket).catch(() => {})
      },
      corsWritten(bucket, known) {
        // First of all: the primary must not answer the cache's question by the rules that were replaced, and fetches them once.
        call('written', { bucket, known }).catch(() => {})
        return policies.lookup.corsWritten(bucket, known)
      },
    },
  }
}
