// The live rules in a worker: a mirror of what the primary knows, which alone asks their source.

import { isBucketName } from '../../s3/address/bucket-name.ts'
import { ownCopy } from '../../text/own-copy.ts'
import { setUnrefTimer, steadyNow } from '../clock.ts'
import type { BucketPolicy, PolicySource, RuleState } from '../policy-lookup.ts'
import type { LivePolicies, SourceBuckets } from '../policy-sources.ts'
import { createRuleCache } from '../upstream/rule-cache.ts'
import { mustLoad, outdated, type RuleEntry, type RuleTimes, stateAt, unknown } from '../upstream/rule-entry.ts'
import { entryOfCopy, type RuleCopy } from './rule-copy.ts'

/** What the primary answers about one bucket. Without a copy it keeps nothing about the bucket, and `absent` says why. */
export interface MirrorAnswer {
  readonly copy: RuleCopy | undefined
  /** The bucket cannot exist, rather than not being known. */
  readonly absent: boolean
}

/** How a worker reaches the primary's rules. */
export interface MirrorSource {
  readonly kind: PolicySource
  readonly times: RuleTimes & { readonly timeoutSeconds: number }
  /** Says which rules these are: a mirror's entries pass on only between equal ones. */
  readonly upstream: string
  /** Waits for the primary's own bounded load. */
  readonly ask: (bucket: string) => Promise<MirrorAnswer>
  /** Tells the primary that an entry is due, without waiting. */
  readonly touch: (bucket: string) => void
  /** Has the primary ask the source anew. */
  readonly refresh: (bucket: string) => Promise<MirrorAnswer>
  readonly now?: (() => number) | undefined
}

/** The mirror, and how the primary keeps it in step. */
export interface MirroredPolicies extends LivePolicies {
  /** The primary has a new answer. */
  adopt(bucket: string, copy: RuleCopy): void
  /** What is known of the bucket is old: requests wait until the primary has asked anew. */
  forget(bucket: string): void
  cached(): MirroredRules
}

/** The entries of a mirror, for the next one. */
export interface MirroredRules {
  readonly upstream: string
  readonly entries: ReadonlyMap<string, RuleEntry>
}

/** The primary has its own deadline; this one is for a primary that says nothing at all. */
const graceMs = 1000
/** Of what the primary keeps nothing about, its answer holds this long: a flood of invented names must not become a flood of questions. */
const answerHoldsMs = 1000
const maxAnswers = 10_000

/** Decides from entries exactly as the primary does, and leaves everything that needs the source to it. */
export function createMirroredPolicies(
  source: MirrorSource,
  buckets: SourceBuckets,
  before?: MirroredRules,
): MirroredPolicies {
  const { kind, times } = source
  const now = source.now ?? steadyNow
  const cache = createRuleCache(bucket => buckets.named.has(bucket))
  const asking = new Map<string, Promise<void>>()
  const refreshing = new Map<string, Promise<void>>()
  /** Entries that the primary was already told are due. */
  const touched = new WeakSet<RuleEntry>()
  const answers = new Map<string, { readonly state: RuleState; readonly until: number }>()

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

  function inspect(bucket: string): BucketPolicy {
    const entry = cache.get(bucket)
    if (entry !== undefined) return policyOf(bucket, stateAt(entry, times, now()))
    const invalid = !buckets.named.has(bucket) && !isBucketName(bucket)
    return policyOf(bucket, invalid ? noSuchBucket : (answerTo(bucket) ?? unknown))
  }

  function answerTo(bucket: string): RuleState | undefined {
    const answer = answers.get(bucket)
    return answer !== undefined && now() < answer.until ? answer.state : undefined
  }

  function peek(bucket: string): BucketPolicy | undefined {
    if (refreshing.has(bucket)) return undefined
    const entry = cache.get(bucket)
    if (entry === undefined) {
      if (buckets.named.has(bucket)) return undefined
      const state = isBucketName(bucket) ? answerTo(bucket) : noSuchBucket
      return state === undefined ? undefined : policyOf(bucket, state)
    }
    const at = now()
    if (mustLoad(entry, times, at)) return undefined
    // Named buckets are asked about by the primary's timer.
    if (at >= entry.nextTryAt && !buckets.named.has(bucket) && !touched.has(entry)) {
      touched.add(entry)
      source.touch(bucket)
    }
    return policyOf(bucket, stateAt(entry, times, at))
  }

  async function load(bucket: string): Promise<BucketPolicy> {
    const ready = peek(bucket)
    if (ready !== undefined) return ready
    await within(refreshing.get(bucket) ?? ask(bucket))
    return inspect(bucket)
  }

  function ask(bucket: string): Promise<void> {
    const under = asking.get(bucket)
    if (under !== undefined) return under
    const question = source.ask(bucket).then(
      answer => {
        if (asking.get(bucket) === question) asking.delete(bucket)
        take(bucket, answer)
      },
      () => {
        if (asking.get(bucket) === question) asking.delete(bucket)
      },
    )
    asking.set(bucket, question)
    return question
  }

  function take(bucket: string, { copy, absent }: MirrorAnswer): void {
    if (copy !== undefined) {
      adopt(bucket, copy)
      return
    }
    if (buckets.named.has(bucket)) return
    answers.delete(bucket)
    answers.set(ownCopy(bucket), { state: absent ? noSuchBucket : unknown, until: now() + answerHoldsMs })
    for (const oldest of answers.keys()) {
      if (answers.size <= maxAnswers) break
      answers.delete(oldest)
    }
  }

  function adopt(bucket: string, copy: RuleCopy): void {
    answers.delete(bucket)
    cache.set(bucket, entryOfCopy(copy, now()))
  }

  function forget(bucket: string): void {
    answers.delete(bucket)
    const entry = cache.get(bucket)
    // Kept for a person and for the state after a failure, but due at once.
    if (entry !== undefined) cache.set(bucket, { ...entry, nextTryAt: 0, revalidateUntil: 0 })
  }

  async function refresh(bucket: string, written = false): Promise<BucketPolicy> {
    forget(bucket)
    const entry = cache.get(bucket)
    if (written && entry !== undefined) cache.set(bucket, outdated(entry))
    const answered = source.refresh(bucket).then(
      answer => take(bucket, answer),
      () => {},
    )
    refreshing.set(bucket, answered)
    await answered
    if (refreshing.get(bucket) === answered) refreshing.delete(bucket)
    return inspect(bucket)
  }

  function within(answer: Promise<void>): Promise<void> {
    return new Promise(resolve => {
      const cancel = setUnrefTimer(resolve, times.timeoutSeconds * 1000 + graceMs)
      answer.then(() => {
        cancel()
        resolve()
      })
    })
  }

  function cached(): MirroredRules {
    return { upstream: source.upstream, entries: new Map(cache.entries()) }
  }

  if (before?.upstream === source.upstream) {
    for (const [bucket, entry] of before.entries) {
      // Durations may have changed: the primary knows what each entry is worth now.
      if (buckets.named.has(bucket) || buckets.others !== undefined)
        cache.set(bucket, { ...entry, nextTryAt: 0, revalidateUntil: 0 })
    }
  }
  return {
    peek,
    load,
    inspect,
    refresh,
    adopt,
    forget,
    cached,
    describe: () => [],
    unasked: () => [],
    stop: () => {},
  }
}

const noSuchBucket: RuleState = Object.freeze({ kind: 'no-such-bucket' })
