// One lookup over every source: each bucket goes to the one source that its entry names, and never to another.

import type { GetBucketCors } from '../s3/endpoint/get-bucket-cors.ts'
import { ownCopy } from '../text/own-copy.ts'
import { type CorsKnowledge, createCorsKnowledge } from './cors-knowledge.ts'
import { createEndpointCors, type EndpointCors } from './endpoint-cors.ts'
import type { BucketPolicy, BucketStatus, Enforcement, PolicyLookup, PolicySource } from './policy-lookup.ts'
import { type BucketEntry, createPolicyTable } from './policy-table.ts'
import { keepsNoRules, writesRefused } from './upstream/entry-status.ts'

/** A source whose rules can change without a reload. */
export interface LivePolicies extends PolicyLookup {
  /** Asks its origin anew; resolves when the answer landed. `written`: what is known was replaced there, and holds no longer. */
  refresh(bucket: string, written?: boolean): Promise<BucketPolicy>
  /** Whether the endpoint knows `?cors` of the bucket, after at most one call to it. Never rejects. */
  knowsCors(bucket: string): Promise<CorsKnowledge>
  /** What the answers to this source have shown of the endpoint as a whole, where it is the endpoint that answers. */
  readonly endpoint?: EndpointCors | undefined
  /** Named buckets that have not been answered about at all yet. */
  unasked(): readonly string[]
  stop(): void
}

/** The buckets of one live source. */
export interface SourceBuckets {
  readonly named: ReadonlyMap<string, Enforcement>
  /** The enforcement of `"*"`, where that entry is of this source. */
  readonly others: Enforcement | undefined
}

/** Makes each live source, given the buckets that the entries leave to it. Called only where there are any. */
export interface LiveSources {
  readonly upstream?: ((buckets: SourceBuckets) => LivePolicies) | undefined
  readonly managed?: ((buckets: SourceBuckets) => LivePolicies) | undefined
}

/**
 * What a successful `PUT` or `DELETE ?cors` through the proxy meant to the rules in use. `unclear`: none, but what the endpoint took it
 * for is not known.
 */
export type WriteEffect = 'refreshed' | 'without-effect' | 'unclear' | 'ungoverned'

/** The lookup of a whole configuration. */
export interface PolicySources extends PolicyLookup {
  /** Undefined when the bucket's rules are not live: a reload is what changes them. `written` as with LivePolicies. */
  refresh(bucket: string, written?: boolean): Promise<BucketPolicy> | undefined
  /** Whether the endpoint knows `?cors`, to be asked before a write of rules is forwarded. Never rejects. */
  knowsCors(bucket: string): Promise<CorsKnowledge>
  /** To be told when a client's own GET ?cors was answered by a list of the bucket. */
  corsObserved(bucket: string): void
  /** To be told of each 2xx to `PUT` or `DELETE ?cors` that was forwarded. `known`: the endpoint was seen to know `?cors`. */
  corsWritten(bucket: string, known: boolean): WriteEffect
  unasked(): readonly string[]
  stop(): void
}

/** What is not said by the entries. */
export interface PolicySourcesOptions {
  /** The enforcement of buckets that no entry names: the configuration's own. */
  readonly ungoverned?: Enforcement | undefined
  /** Asks about buckets whose rules are in the configuration. */
  readonly getBucketCors?: GetBucketCors | undefined
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** How many questions about other buckets a write waits for. */
const waitedFor = 8

/** A named entry beats `"*"`, whichever sources they are of. Throws when an entry needs a source that is not given. */
export function createPolicySources(
  entries: readonly BucketEntry[],
  live: LiveSources,
  options: PolicySourcesOptions = {},
): PolicySources {
  const now = options.now ?? Date.now
  const table = createPolicyTable(
    entries.filter(entry => !isLive(entry.source)),
    options.ungoverned,
  )
  const sources = (['upstream', 'managed'] as const).flatMap(kind => {
    const own = entries.filter(entry => entry.source === kind)
    if (own.length === 0) return []
    const make = live[kind]
    if (make === undefined) throw new Error(`buckets are \`from: ${kind}\`, but that source is not set up`)
    const named = new Map(own.filter(entry => entry.name !== '*').map(entry => [entry.name, entry.enforcement]))
    return [{ kind, lookup: make({ named, others: own.find(entry => entry.name === '*')?.enforcement }) }]
  })
  const lookupOf = (kind: PolicySource) => sources.find(source => source.kind === kind)?.lookup
  const named = new Map<string, LivePolicies | undefined>()
  for (const entry of entries) if (entry.name !== '*') named.set(entry.name, lookupOf(entry.source))
  const rest = entries.find(entry => entry.name === '*')
  const others = rest === undefined ? undefined : lookupOf(rest.source)
  /** When a client last wrote rules to the endpoint that are not the ones in use, by entry. */
  const writtenAt = new Map<string, { readonly at: number; readonly known: boolean }>()
  // The store of managed rules shows nothing of the endpoint.
  const endpoint = lookupOf('upstream')?.endpoint ?? createEndpointCors(now)
  const knowledge = createCorsKnowledge(options.getBucketCors, endpoint, now)
  /** The bucket of each entry that was last seen to have an endpoint without `?cors`. */
  const lackingOf = new Map<string, string>()
  /** What is being found out, the oldest first. */
  const asking = new Set<Promise<CorsKnowledge>>()

  function liveOf(bucket: string): LivePolicies | undefined {
    return named.has(bucket) ? named.get(bucket) : others
  }

  /** Where nothing is live, nothing has to be looked up to know who answers. */
  const lookupFor = sources.length === 0 ? () => table : (bucket: string) => liveOf(bucket) ?? table

  function entryOf(bucket: string): string | undefined {
    return named.has(bucket) ? bucket : rest?.name
  }

  async function askAbout(bucket: string): Promise<CorsKnowledge> {
    const source = liveOf(bucket)
    if (source !== undefined) return source.knowsCors(bucket)
    // Of a bucket that no entry governs nothing is asked, unless the endpoint has shown of another what it is.
    if (entryOf(bucket) === undefined && endpoint.lacking() === undefined) return 'unclear'
    return knowledge.check(bucket)
  }

  async function knowsCors(bucket: string): Promise<CorsKnowledge> {
    const asked = askAbout(bucket)
    asking.add(asked)
    let known = await asked
    asking.delete(asked)
    if (known === 'unclear') {
      // Too many at once, or no answer that tells: what the endpoint shows of another bucket holds.
      for (const other of [...asking].slice(0, waitedFor)) {
        if (endpoint.lacking() !== undefined) break
        await other
      }
      if (endpoint.lacking() !== undefined) known = 'not-known'
    }
    if (known === 'not-known') noteLacking(bucket)
    return known
  }

  function noteLacking(bucket: string): void {
    const entry = entryOf(bucket)
    if (entry !== undefined && liveOf(bucket) === undefined) lackingOf.set(entry, ownCopy(bucket))
  }

  function corsObserved(bucket: string): void {
    if (liveOf(bucket) !== undefined) return
    knowledge.observed(bucket)
    noteLacking(bucket)
  }

  function corsWritten(bucket: string, known: boolean): WriteEffect {
    const source = liveOf(bucket)
    if (source !== undefined) {
      source.refresh(bucket, true)
      return 'refreshed'
    }
    const entry = entryOf(bucket)
    if (entry === undefined) return 'ungoverned'
    writtenAt.set(entry, { at: now(), known })
    return known ? 'without-effect' : 'unclear'
  }

  function describe(): readonly BucketStatus[] {
    return [table, ...sources.map(source => source.lookup)].flatMap(lookup => lookup.describe()).map(withNotes)
  }

  function withNotes(status: BucketStatus): BucketStatus {
    const notes: string[] = []
    const bucket = lackingOf.get(status.bucket)
    const lacking = bucket === undefined ? undefined : (knowledge.lacking(bucket) ?? endpoint.lacking())
    if (lacking !== undefined) notes.push(`${keepsNoRules(lacking)}; ${writesRefused}`)
    const written = writtenAt.get(status.bucket)
    if (written !== undefined) {
      const what = written.known
        ? 'rules were written to the endpoint'
        : 'the endpoint accepted PUT or DELETE ?cors, and may have done something else with it,'
      const at = new Date(written.at).toISOString()
      notes.push(`${what} at ${at}, without effect: this bucket's rules are in the configuration`)
    }
    return notes.length === 0 ? status : { ...status, notes: [...(status.notes ?? []), ...notes] }
  }

  return {
    peek: bucket => lookupFor(bucket).peek(bucket),
    load: bucket => lookupFor(bucket).load(bucket),
    inspect: bucket => lookupFor(bucket).inspect(bucket),
    describe,
    refresh: (bucket, written) => liveOf(bucket)?.refresh(bucket, written),
    knowsCors,
    corsObserved,
    corsWritten,
    unasked: () => sources.flatMap(source => source.lookup.unasked()),
    stop: () => {
      for (const source of sources) source.lookup.stop()
    },
  }
}

function isLive(source: PolicySource): source is 'upstream' | 'managed' {
  return source === 'upstream' || source === 'managed'
}
