import type { Configuration } from '../config/configuration.ts'
import { writeEndpointUrl } from '../config/schema/endpoint-url.ts'
import { findBucket, probeEndpoint } from '../policies/managed/endpoint-probe.ts'
import { createManagedPolicies, type ManagedPolicies } from '../policies/managed/managed-policies.ts'
import { createBucketStore } from '../policies/managed/store/bucket-store.ts'
import { createCopySourceGuard } from '../policies/managed/store/copy-source-guard.ts'
import { createDirectoryStore } from '../policies/managed/store/directory-store.ts'
import type { ManagedDocument } from '../policies/managed/store/managed-document.ts'
import type { RuleStore } from '../policies/managed/store/rule-store.ts'
import { createStoreGuard } from '../policies/managed/store/store-guard.ts'
import { defaultStorePrefix } from '../policies/managed/store/store-place.ts'
import type { PolicySources, SourceBuckets } from '../policies/policy-sources.ts'
import { createPolicySources } from '../policies/policy-sources.ts'
import { type BucketPolicies, createBucketPolicies } from '../policies/upstream/bucket-policies.ts'
import type { RuleEntry } from '../policies/upstream/rule-freshness.ts'
import type { CachedRules, FetchEvent } from '../policies/upstream/upstream-source.ts'
import type { ManagedOperations } from '../proxy/handling/proxy-context.ts'
import { createGetBucketCors, type GetBucketCors } from '../s3/endpoint/get-bucket-cors.ts'
import { createListBuckets } from '../s3/endpoint/list-buckets.ts'
import type { Upstream } from './upstream/upstream.ts'

/** Fetched rules that the next configuration can take over. */
export interface DaemonRules {
  readonly upstream: CachedRules | undefined
  readonly managed: CachedRules | undefined
}

/** The policies of one configuration. */
export interface DaemonPolicies {
  readonly lookup: PolicySources
  /** Absent when no bucket is managed. */
  readonly managed: ManagedOperations | undefined
  readonly cached: () => DaemonRules
}

/** The policies, and what is known of the buckets of live sources. */
export interface SourcedPolicies extends DaemonPolicies {
  /** What is known of a bucket by a live source; for another process. */
  entryOf(source: 'upstream' | 'managed', bucket: string): RuleEntry | undefined
}

/** What an operator should hear of live rules. */
export interface RuleEvents {
  onFetch(event: FetchEvent): void
  /** Managed rules were changed; the document says by which caller. */
  onChange(document: ManagedDocument): void
  /** The endpoint turned out not to be one whose rules can be managed. */
  onDisabled(bucket: string, detail: string): void
  /** Why `?cors` requests of a managed bucket are answered 503. */
  onUnusable(bucket: string, detail: string): void
}

/** Makes the policies of each live source, given its buckets. */
export type MakeLive = Readonly<Record<keyof DaemonRules, (buckets: SourceBuckets) => BucketPolicies>>

/** Joins the rules of the configuration with those that are fetched or managed. */
export function joinPolicies(
  configuration: Configuration,
  make: MakeLive,
  handle: ManagedOperations['handle'],
  getBucketCors?: GetBucketCors,
): SourcedPolicies {
  const live: { -readonly [Source in keyof DaemonRules]?: BucketPolicies } = {}
  const lookup = createPolicySources(
    configuration.buckets,
    {
      upstream(buckets) {
        live.upstream = make.upstream(buckets)
        return live.upstream
      },
      managed(buckets) {
        live.managed = make.managed(buckets)
        return live.managed
      },
    },
    { ungoverned: configuration.enforcement, getBucketCors },
  )
  return {
    lookup,
    managed: live.managed === undefined ? undefined : { handle, ...storeGuardsOf(configuration) },
    entryOf: (source, bucket) => live[source]?.entryOf(bucket),
    cached: () => ({ upstream: live.upstream?.cached(), managed: live.managed?.cached() }),
  }
}

/** The policies of a process that asks the sources itself. `before`: the rules of the former configuration. */
export function createPolicies(
  configuration: Configuration,
  upstream: Upstream,
  before: DaemonRules | undefined,
  events: RuleEvents,
): SourcedPolicies {
  const getBucketCors = createGetBucketCors(upstream.call)
  const { onFetch, onChange, onDisabled, onUnusable } = events
  const common = { listBuckets: createListBuckets(upstream.call), times: configuration.rules, onFetch }
  let managed: ManagedPolicies | undefined
  return joinPolicies(
    configuration,
    {
      upstream(buckets) {
        return createBucketPolicies(
          { ...common, getBucketCors, upstream: upstream.identity },
          buckets,
          before?.upstream,
        )
      },
      managed(buckets) {
        const place = storeOf(configuration, upstream)
        managed = createManagedPolicies(
          {
            ...common,
            store: place.store,
            storeName: place.name,
            probe: bucket => probeEndpoint(upstream.call, bucket),
            find: bucket => findBucket(upstream.call, bucket),
            forward: upstream.forward.send,
            onChange,
            onDisabled,
            onUnusable,
          },
          buckets,
          before?.managed,
        )
        return managed
      },
    },
    request => (managed as ManagedPolicies).handle(request),
    getBucketCors,
  )
}

/** Where managed rules are when the configuration does not say: design and samples name the same directory. */
const defaultDirectory = './rules'

function storeOf(
  configuration: Configuration,
  upstream: Upstream,
): { readonly store: RuleStore; readonly name: string } {
  const { managed } = configuration
  const endpointUrl = writeEndpointUrl(configuration.upstream.url)
  const { bucket, prefix = defaultStorePrefix, directory = defaultDirectory } = managed?.store ?? {}
  if (bucket === undefined) {
    return { store: createDirectoryStore(directory), name: `directory ${directory}` }
  }
  return {
    store: createBucketStore(upstream.call, { bucket, prefix, endpointUrl }),
    name: `bucket ${bucket}/${prefix} ${upstream.identity}`,
  }
}

/** Keep clients away from the objects that hold managed rules; none where a directory holds them. */
function storeGuardsOf({ managed }: Configuration): Pick<ManagedOperations, 'storeGuard' | 'copySourceGuard'> {
  const { bucket, prefix = defaultStorePrefix } = managed?.store ?? {}
  if (bucket === undefined) return { storeGuard: undefined, copySourceGuard: undefined }
  return { storeGuard: createStoreGuard(bucket, prefix), copySourceGuard: createCopySourceGuard(bucket, prefix) }
}
