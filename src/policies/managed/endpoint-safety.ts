// What was found out about the endpoint, by bucket: see endpoint-probe.ts.

import { ownCopy } from '../../text/own-copy.ts'
import type { Safety } from './endpoint-probe.ts'

/** Remembers what was found out about each bucket. */
export interface EndpointSafety {
  /** Asks the endpoint where there is no answer at hand. Never rejects. */
  check(bucket: string): Promise<Safety>
  /** What is known, without asking. */
  peek(bucket: string): Safety | undefined
  /** From now on the bucket is unsafe, whatever a probe says; what is known of others is found out anew. */
  disable(bucket: string, detail: string): void
  /** From now on no bucket is safe. */
  disableAll(detail: string): void
}

/** What the memory works with. */
export interface EndpointSafetyOptions {
  readonly probe: (bucket: string) => Promise<Safety>
  readonly now: () => number
  /** Asked before a probe of a bucket that was not found safe before: names come from clients. */
  readonly mayProbe: (bucket: string) => boolean
  /** Told what a probe found, where that is not what the one before it found. */
  readonly onFound?: ((bucket: string, safety: Safety) => void) | undefined
}

/** Hourly: an endpoint may be replaced behind its address. */
const safeMs = 3_600_000
/** An endpoint that is unsafe is being upgraded at best. */
const unsafeMs = 60_000
const otherwiseMs = 5_000
/** Names come from clients. */
const maxRemembered = 10_000

interface Remembered {
  readonly safety: Safety
  readonly until: number
}

/** One probe per bucket at a time, and none while the last answer holds. */
export function createEndpointSafety(options: EndpointSafetyOptions): EndpointSafety {
  const { now } = options
  const remembered = new Map<string, Remembered>()
  const probing = new Map<string, Promise<Safety>>()
  let everywhere: Safety | undefined

  function peek(bucket: string): Safety | undefined {
    const found = remembered.get(bucket)
    return everywhere ?? (found !== undefined && now() < found.until ? found.safety : undefined)
  }

  function remember(bucket: string, safety: Safety, forMs: number): void {
    if (remembered.get(bucket)?.until === Number.POSITIVE_INFINITY) return
    remembered.delete(bucket)
    remembered.set(ownCopy(bucket), { safety, until: now() + forMs })
    for (const [oldest, { until }] of remembered) {
      if (remembered.size <= maxRemembered) break
      if (until !== Number.POSITIVE_INFINITY) remembered.delete(oldest)
    }
  }

  async function probe(bucket: string): Promise<Safety> {
    const safety = await options
      .probe(bucket)
      .catch((): Safety => ({ kind: 'unknown', detail: 'the probe itself failed' }))
    probing.delete(bucket)
    const before = remembered.get(bucket)?.safety
    remember(bucket, safety, safety.kind === 'safe' ? safeMs : safety.kind === 'unsafe' ? unsafeMs : otherwiseMs)
    if (before?.kind !== safety.kind || detailOf(before) !== detailOf(safety)) options.onFound?.(bucket, safety)
    return peek(bucket) ?? safety
  }

  async function check(bucket: string): Promise<Safety> {
    const known = peek(bucket)
    if (known !== undefined) return known
    const running = probing.get(bucket)
    if (running !== undefined) return running
    if (remembered.get(bucket)?.safety.kind !== 'safe' && !options.mayProbe(bucket))
      return { kind: 'unknown', detail: 'too many buckets at once' }
    const started = probe(bucket)
    probing.set(bucket, started)
    return started
  }

  function disable(bucket: string, detail: string): void {
    // The endpoint is not what it was: what its other buckets were found to be may not hold either.
    for (const [other, { safety, until }] of remembered) {
      if (until !== Number.POSITIVE_INFINITY) remembered.set(other, { safety, until: 0 })
    }
    remember(bucket, { kind: 'unsafe', detail }, Number.POSITIVE_INFINITY)
  }

  return {
    check,
    peek,
    disable,
    disableAll: detail => {
      everywhere ??= { kind: 'unsafe', detail }
    },
  }
}

/** Why a bucket is not safe; undefined where there is nothing to say. */
export function detailOf(safety: Safety | undefined): string | undefined {
  return safety !== undefined && 'detail' in safety ? safety.detail : undefined
}
