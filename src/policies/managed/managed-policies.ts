// The rules of `from: managed`: set by `?cors` requests that the proxy itself answers, kept in a store that replicas may share.

import type { CorsRule } from '../../cors/rules/rule.ts'
import type { Transport } from '../../s3/endpoint/endpoint-transport.ts'
import type { CorsFetchResult } from '../../s3/endpoint/get-bucket-cors.ts'
import { steadyNow } from '../clock.ts'
import type { BucketStatus } from '../policy-lookup.ts'
import type { SourceBuckets } from '../policy-sources.ts'
import { type BucketPolicies, createBucketPolicies } from '../upstream/bucket-policies.ts'
import { createCallBudget } from '../upstream/call-budget.ts'
import type { CachedRules, UpstreamSource } from '../upstream/upstream-source.ts'
import type { ManagedAnswer, ManagedRequest } from './caller-permission.ts'
import type { Safety } from './endpoint-probe.ts'
import { createEndpointSafety, detailOf } from './endpoint-safety.ts'
import { createManagedHandler } from './managed-cors-request.ts'
import type { ManagedDocument } from './store/managed-document.ts'
import { type RuleStore, UnreadableDocument } from './store/rule-store.ts'

/** Where managed rules live, and how the endpoint is asked. */
export interface ManagedSource extends Omit<UpstreamSource, 'getBucketCors' | 'upstream' | 'kind'> {
  readonly store: RuleStore
  /** Says which store: cached rules pass on only between equal ones. */
  readonly storeName: string
  /** `probeEndpoint` with the proxy's own credentials. */
  readonly probe: (bucket: string) => Promise<Safety>
  /** Whether a bucket is there, asked with the proxy's own credentials. */
  readonly find: (bucket: string) => Promise<'there' | 'gone' | 'unknown'>
  /** Sends a caller's own request to the endpoint. */
  readonly forward: Transport['send']
  /** Milliseconds since the epoch, to say when something was changed. */
  readonly wallClock?: (() => number) | undefined
  /** Told when the endpoint turned out not to be what was found, which ends `managed` for the bucket or for all. */
  readonly onDisabled?: ((bucket: string, detail: string) => void) | undefined
  /** Told why `?cors` requests of a bucket that is there are answered 503, once for each reason. */
  readonly onUnusable?: ((bucket: string, detail: string) => void) | undefined
  /** Told of each change that is durable. */
  readonly onChange?: ((document: ManagedDocument) => void) | undefined
}

/** The lookup, and the operations that change what it says. */
export interface ManagedPolicies extends BucketPolicies {
  /** Answers a request for which `corsQuery` says anything but `none`. Never rejects. */
  handle(request: ManagedRequest): Promise<ManagedAnswer>
}

/** Probes of buckets that are not known, a second. */
const probesPerSecond = 5
/** Another replica's write may come between reading and replacing, and while one writes all the time, several in a row do. */
const maxAttempts = 10

/** Reads are cached as those of `from: upstream` are: another replica's change is seen within `freshSeconds`, our own at once. */
export function createManagedPolicies(
  source: ManagedSource,
  buckets: SourceBuckets,
  before?: CachedRules,
): ManagedPolicies {
  const { store } = source
  const now = source.now ?? steadyNow
  const wallClock = source.wallClock ?? Date.now
  /** The last document of each bucket that has one. */
  const documents = new Map<string, ManagedDocument>()
  /** The end of each bucket's queue of writes: in one process they take their turns. */
  const writing = new Map<string, Promise<void>>()
  const mayProbe = createCallBudget(probesPerSecond, now)
  const safety = createEndpointSafety({
    probe: source.probe,
    now,
    mayProbe: bucket => buckets.named.has(bucket) || mayProbe(),
    onFound(bucket, found) {
      const detail = detailOf(found)
      if (detail !== undefined) source.onUnusable?.(bucket, detail)
    },
  })
  const policies = createBucketPolicies(
    { ...source, kind: 'managed', upstream: source.storeName, getBucketCors: fetch },
    buckets,
    before,
  )
  const handle = createManagedHandler({
    safety,
    forward: source.forward,
    find: source.find,
    read: async bucket => (await store.read(bucket)).document?.rules,
    write,
    disabled: (bucket, detail) => source.onDisabled?.(bucket, detail),
    storeFailed: (bucket, detail) => source.onUnusable?.(bucket, detail),
  })

  async function fetch(bucket: string, signal?: AbortSignal): Promise<CorsFetchResult> {
    try {
      const { document } = await store.read(bucket, signal)
      if (document === undefined) documents.delete(bucket)
      else documents.set(bucket, document)
      return resultOf(document?.rules)
    } catch (error) {
      return { kind: 'failure', reason: 'server', detail: error instanceof Error ? error.message : 'the store failed' }
    }
  }

  function write(bucket: string, rules: readonly CorsRule[] | undefined, changedBy: string): Promise<void> {
    const turn = (writing.get(bucket) ?? Promise.resolve())
      .catch(() => {})
      .then(() => replace(bucket, rules, changedBy))
    writing.set(bucket, turn)
    const leave = () => {
      if (writing.get(bucket) === turn) writing.delete(bucket)
    }
    turn.then(leave, leave)
    return turn
  }

  async function replace(bucket: string, rules: readonly CorsRule[] | undefined, changedBy: string): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const { document: old, version } = await store.read(bucket).catch(replaceable)
      // What is not there need not be removed, and no caller is named for it.
      if (rules === undefined && old !== 'unreadable' && old?.rules === undefined) return
      const document = { bucket, rules, changedBy, changedAt: new Date(wallClock()).toISOString() }
      if (!(await store.replace(document, version))) continue
      documents.set(bucket, document)
      policies.deliver(bucket, resultOf(rules))
      source.onChange?.(document)
      return
    }
    throw new Error('the store changes faster than it can be written')
  }

  function describe(): readonly BucketStatus[] {
    return policies.describe().map(status => {
      const notes = [...(status.notes ?? []), ...notesOf(status.bucket)]
      return notes.length === 0 ? status : { ...status, notes }
    })
  }

  function notesOf(bucket: string): readonly string[] {
    const notes: string[] = []
    const document = documents.get(bucket)
    if (document !== undefined) {
      const what = document.rules === undefined ? 'removed' : 'set'
      notes.push(`rules ${what} by ${document.changedBy} at ${document.changedAt}`)
    }
    const found = safety.peek(bucket)
    if (found !== undefined && found.kind !== 'safe') {
      const status = found.kind === 'no-such-bucket' ? 404 : 503
      notes.push(`?cors is answered ${status}: ${detailOf(found) ?? 'the endpoint has no such bucket'}`)
    }
    return notes
  }

  return { ...policies, describe, handle }
}

function resultOf(rules: readonly CorsRule[] | undefined): CorsFetchResult {
  return rules === undefined ? { kind: 'none', unsupported: false } : { kind: 'rules', rules }
}

/** A document that is not whole protects no rules: a write replaces it. */
function replaceable(error: unknown): { readonly document: 'unreadable'; readonly version: string | undefined } {
  if (error instanceof UnreadableDocument) return { document: 'unreadable', version: error.version }
  throw error
}
