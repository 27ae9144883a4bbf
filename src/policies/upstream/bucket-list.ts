// Which buckets exist, as far as ListBuckets tells: names that are not among them cost the endpoint no call.

import type { BucketListResult, ListBuckets } from '../../s3/endpoint/list-buckets.ts'

/** `listed`, `absent`, or `unsure` when the endpoint does not tell and the name must be asked about by itself. */
export type Existence = 'listed' | 'absent' | 'unsure'

/** What is known of the names now, and how to know more. */
export interface BucketList {
  /** Undefined: `load` first. A list from before `since` cannot say that the bucket is absent. */
  peek(bucket: string, since?: number): Existence | undefined
  /** Waits for a list where a new one may be asked for. Never rejects. */
  load(bucket: string, since?: number): Promise<Existence>
  /** One line for a person. */
  describe(): string
  stop(): void
}

/** What the list works with. */
export interface BucketListOptions {
  readonly list: ListBuckets | undefined
  readonly freshSeconds: number
  readonly staleSeconds: number
  readonly now: () => number
}

/** Asks at most once in `freshSeconds`, whatever the outcome: an invented name cannot make it ask more often. */
export function createBucketList(options: BucketListOptions): BucketList {
  const { list, now } = options
  const controller = new AbortController()
  let names: ReadonlySet<string> | undefined
  let listedAt = 0
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  let lastResult = 'not asked yet'

  function peek(bucket: string, since = 0): Existence | undefined {
    if (list === undefined) return 'unsure'
    const at = now()
    const usable = names !== undefined && at - listedAt <= options.staleSeconds * 1000
    if (usable && names?.has(bucket)) return 'listed'
    if (asking !== undefined || at - askedAt >= options.freshSeconds * 1000) return undefined
    // A list that is no longer fresh, because the last attempt failed, cannot say what is not there.
    return usable && listedAt >= askedAt && listedAt >= since ? 'absent' : 'unsure'
  }

  function ask(listBuckets: ListBuckets): Promise<void> {
    askedAt = now()
    return listBuckets(controller.signal)
      .catch((): BucketListResult => ({ kind: 'failure', reason: 'network', detail: 'the call itself failed' }))
      .then(result => {
        asking = undefined
        if (result.kind === 'failure') {
          lastResult = `ListBuckets: ${result.reason}: ${result.detail}`
          return
        }
        lastResult = `ListBuckets: ${result.names.size} buckets`
        // Credentials that own nothing are shown an empty list, although buckets of others may answer them.
        if (result.names.size === 0) return
        names = result.names
        listedAt = now()
      })
  }

  async function load(bucket: string, since = 0): Promise<Existence> {
    const known = peek(bucket, since)
    if (known !== undefined || list === undefined) return known ?? 'unsure'
    asking ??= ask(list)
    await asking
    return peek(bucket, since) ?? 'unsure'
  }

  return {
    peek,
    load,
    describe: () => (list === undefined ? 'ListBuckets is not asked' : lastResult),
    stop: () => controller.abort(),
  }
}
