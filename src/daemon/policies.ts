import type { Configuration } from '../config/configuration.ts'
import type { BucketPolicies } from '../policies/bucket-policies.ts'
import { createBucketPolicies } from '../policies/bucket-policies.ts'
import type { PolicySources } from '../policies/policy-sources.ts'
import { createPolicySources } from '../policies/policy-sources.ts'
import type { CachedRules, FetchEvent } from '../policies/upstream-source.ts'
import { createGetBucketCors } from '../s3/get-bucket-cors.ts'
import { createListBuckets } from '../s3/list-buckets.ts'
import type { Upstream } from './upstream.ts'

/** The policies of one configuration, and the rules that the next one can take over. */
export interface DaemonPolicies {
  readonly lookup: PolicySources
  readonly cached: () => CachedRules | undefined
}

/** Joins the rules of the configuration with those that are fetched. `before`: rules that a former configuration fetched. */
export function createPolicies(
  configuration: Configuration,
  upstream: Upstream,
  before: CachedRules | undefined,
  onFetch: (event: FetchEvent) => void,
): DaemonPolicies {
  let live: BucketPolicies | undefined
  const lookup = createPolicySources(configuration.buckets, {
    upstream: buckets => {
      live = createBucketPolicies(
        {
          getBucketCors: createGetBucketCors(upstream.call),
          listBuckets: createListBuckets(upstream.call),
          times: configuration.rules,
          upstream: upstream.identity,
          onFetch,
        },
        buckets,
        before,
      )
      return live
    },
  })
  return { lookup, cached: () => live?.cached() }
}
