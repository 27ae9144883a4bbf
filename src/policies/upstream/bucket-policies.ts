// The live rules of `from: upstream`: GetBucketCors behind a cache that is fresh, then stale, then honest about knowing nothing.

import { isBucketName } from '../../s3/address/bucket-name.ts'
import { setUnrefTimer, steadyNow, within } from '../clock.ts'
import type { CorsKnowledge } from '../cors-knowledge.ts'
import { createEndpointCors } from '../endpoint-cors.ts'
import type { BucketPolicy, RuleState } from '../policy-lookup.ts'
import type { LivePolicies, SourceBuckets } from '../policy-sources.ts'
import { createBucketList } from './bucket-list.ts'
import { createCallBudget } from './call-budget.ts'
import { resultOf } from './entry-status.ts'
import { createFetchScheduler, type FetchLane } from './fetch-scheduler.ts'
import { createRuleEntries } from './rule-entries.ts'
import {
  adoptEntry,
  afterResult,
  forgotRules,
  mustLoad,
  outdated,
  type RuleAnswer,
  type RuleEntry,
  stateAt,
  unknown,
  withFaults,
} from './rule-freshness.ts'
import { describeSource } from './source-status.ts'
import { type CachedRules, endpointBounds, type UpstreamSource } from './upstream-source.ts'

/** The lookup, and what the next instance starts with. */
export interface BucketPolicies extends LivePolicies {
  /** Takes an answer that is known without asking, such as rules that were written just now. */
  deliver(bucket: string, result: RuleAnswer): void
  /** What is known of the bucket; for another process. */
  entryOf(bucket: string): RuleEntry | undefined
  cached(): CachedRules
}

/** Named buckets are asked at once and then by timer; those under `"*"` when a request names them. */
export function createBucketPolicies(
  source: UpstreamSource,
  buckets: SourceBuckets,
  before?: CachedRules,
): BucketPolicies {
  const { times, bounds = endpointBounds } = source
  const kind = source.kind ?? 'upstream'
  const now = source.now ?? steadyNow
  const random = source.random ?? Math.random
  const setTimer = source.setTimer ?? setUnrefTimer
  const timeoutMs = times.timeoutSeconds * 1000
  const cache = createRuleEntries(bucket => buckets.named.has(bucket))
  const list = createBucketList({ list: source.listBuckets, ...times, now })
  const mayAskNew = createCallBudget(bounds.newNamesPerSecond, now)
  const scheduler = createFetchScheduler({ fetch: source.getBucketCors, bounds, timeoutMs, now, setTimer, landed })
  /** Questions about buckets under `"*"` that wait for the list or for their call. */
  const asking = new Map<string, Promise<void>>()
  /** Buckets whose rules have just been changed: what is known of them is old, and requests wait for the answer under way. */
  const refreshing = new Map<string, Promise<void>>()
  const timers = new Map<string, () => void>()
  const endpoint = createEndpointCors(now)
  let stopped = false

  function laneOf(bucket: string): FetchLane {
    return buckets.named.has(bucket) ? 'named' : 'other'
  }

  function policyOf(bucket: string, state: RuleState): BucketPolicy {
    const own = buckets.named.get(bucket)
    return {
      governed: true,
      named: own !== undefined,
      source: kind,
      enforcement: own ?? buckets.others ?? 'headers',
      state,
    }
  }

  function current(bucket: string): BucketPolicy {
    const entry = cache.get(bucket)
    if (entry !== undefined) {
      const state = stateAt(entry, times, now())
      return policyOf(
        bucket,
        state.kind === 'unknown' && entry.failures > 0 ? { ...state, why: resultOf(entry) } : state,
      )
    }
    return policyOf(bucket, laneOf(bucket) === 'other' && cannotExist(bucket) ? noSuchBucket : unknown)
  }

  function cannotExist(bucket: string): boolean {
    return !isBucketName(bucket) || list.peek(bucket) === 'absent'
  }

  function landed(bucket: string, lane: FetchLane, result: RuleAnswer, durationMs: number): void {
    const old = cache.get(bucket)
    endpoint.note(result)
    const entry = afterResult(old, result, times, now(), random)
    cache.set(bucket, entry)
    if (lane === 'named') schedule(bucket, entry)
    const { lastResult, lastDetail: detail } = entry
    if (lastResult === 'unknown') return
    source.onFetch?.({
      bucket,
      named: lane === 'named',
      result: lastResult,
      detail,
      durationMs,
      changed: old?.lastResult !== lastResult || (lastResult === withFaults && old.lastDetail !== detail),
      ...(lastResult === withFaults && entry.state?.kind === 'rules' ? { faults: entry.state.policy.faults } : {}),
    })
  }

  function schedule(bucket: string, entry: RuleEntry): void {
    timers.get(bucket)?.()
    if (stopped) return
    timers.set(
      bucket,
      setTimer(() => scheduler.request(bucket, 'named'), Math.max(0, entry.nextTryAt - now())),
    )
  }

  /** Sees to it that the bucket is asked about, if that is allowed; undefined when it is not, or not now. */
  function ask(bucket: string, entry: RuleEntry | undefined): Promise<void> | undefined {
    if (laneOf(bucket) === 'named' || scheduler.busy(bucket)) return scheduler.request(bucket, laneOf(bucket))
    const under = asking.get(bucket)
    if (under !== undefined) return under
    const existence = list.peek(bucket, entry?.fetchedAt)
    if (existence !== undefined) return askOther(bucket, existence)
    const question = list.load(bucket, entry?.fetchedAt).then(found => {
      asking.delete(bucket)
      return askOther(bucket, found)
    })
    asking.set(bucket, question)
    return question
  }

  function askOther(bucket: string, existence: 'listed' | 'absent' | 'unsure'): Promise<void> | undefined {
    const entry = cache.get(bucket)
    if (existence === 'absent') {
      // Only a bucket that was known is remembered as gone; invented names leave nothing behind.
      if (entry !== undefined) cache.set(bucket, afterResult(entry, { kind: 'no-such-bucket' }, times, now(), random))
      return Promise.resolve()
    }
    // A bucket that is known to be there is no new name, however often it has to be asked about.
    const real = entry !== undefined && (existence === 'listed' || entry.state?.kind === 'rules')
    if (!real && !mayAskNew()) return undefined
    return scheduler.request(bucket, 'other')
  }

  function peek(bucket: string): BucketPolicy | undefined {
    if (refreshing.has(bucket)) return undefined
    const entry = cache.get(bucket)
    if (entry === undefined) {
      return laneOf(bucket) === 'other' && cannotExist(bucket) ? policyOf(bucket, noSuchBucket) : undefined
    }
    const at = now()
    if (mustLoad(entry, times, at)) return undefined
    if (at >= entry.nextTryAt) ask(bucket, entry)
    return policyOf(bucket, stateAt(entry, times, at))
  }

  async function load(bucket: string): Promise<BucketPolicy> {
    const ready = peek(bucket)
    if (ready !== undefined) return ready
    const answer = refreshing.get(bucket) ?? ask(bucket, cache.get(bucket))
    if (answer !== undefined) await within(answer, timeoutMs, setTimer)
    return current(bucket)
  }

  async function refresh(bucket: string, written = false): Promise<BucketPolicy> {
    const entry = cache.get(bucket)
    if (written && entry !== undefined) cache.set(bucket, outdated(entry))
    if (laneOf(bucket) === 'named' || isBucketName(bucket)) {
      const landed = scheduler.refresh(bucket, laneOf(bucket))
      refreshing.set(bucket, landed)
      await landed
      if (refreshing.get(bucket) === landed) refreshing.delete(bucket)
    }
    return current(bucket)
  }

  async function knowsCors(bucket: string): Promise<CorsKnowledge> {
    const { state } = await load(bucket)
    // Rules that are still used say nothing of the endpoint that has taken the place of theirs.
    if (cache.get(bucket)?.lastDetail === forgotRules) return 'not-known'
    switch (state.kind) {
      case 'rules':
        return 'known'
      case 'none':
        return state.unsupported === undefined ? 'known' : 'not-known'
      case 'no-such-bucket':
        return 'no-such-bucket'
      case 'unknown': {
        // Too many at once, or no answer that tells: what the endpoint shows of another bucket holds.
        const oldest = scheduler.oldest()
        if (oldest !== undefined) await within(oldest, timeoutMs, setTimer)
        return endpoint.lacking() === undefined ? 'unclear' : 'not-known'
      }
    }
  }

  function cached(): CachedRules {
    const entries = new Map<string, RuleEntry>()
    for (const [bucket, entry] of cache.entries()) {
      // An answer that is still under way will be lost, so the next instance asks first.
      entries.set(bucket, scheduler.busy(bucket) ? { ...entry, nextTryAt: 0, revalidateUntil: 0 } : entry)
    }
    return { upstream: source.upstream, entries }
  }

  function stop(): void {
    stopped = true
    for (const cancel of timers.values()) cancel()
    scheduler.stop()
    list.stop()
  }

  if (before?.upstream === source.upstream) {
    for (const [bucket, entry] of before.entries) {
      if (buckets.named.has(bucket) || buckets.others !== undefined) cache.set(bucket, adoptEntry(entry, times, now()))
    }
  }
  for (const bucket of buckets.named.keys()) {
    const entry = cache.get(bucket)
    if (entry === undefined) scheduler.request(bucket, 'named')
    else schedule(bucket, entry)
  }
  return {
    peek,
    load,
    inspect: current,
    refresh,
    knowsCors,
    endpoint,
    describe: () => describeSource({ kind, buckets, entries: cache, times, notes: () => [list.describe()] }, now()),
    deliver: (bucket, result) => scheduler.deliver(bucket, laneOf(bucket), result),
    entryOf: cache.get,
    unasked: () => [...buckets.named.keys()].filter(bucket => cache.get(bucket) === undefined),
    cached,
    stop,
  }
}

const noSuchBucket: RuleState = Object.freeze({ kind: 'no-such-bucket' })
