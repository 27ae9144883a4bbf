// When GetBucketCors is called: one call per bucket at a time, few at once, named buckets first, and no answer that came too late.

import type { SetTimer } from '../clock.ts'
import type { RuleAnswer } from './rule-freshness.ts'
import type { FetchBounds, UpstreamSource } from './upstream-source.ts'

/** `named`: an entry names the bucket; `other`: it falls under `"*"`. */
export type FetchLane = 'named' | 'other'

/** What the scheduler works with. */
export interface FetchSchedulerOptions {
  readonly fetch: UpstreamSource['getBucketCors']
  readonly bounds: FetchBounds
  /** A call that takes longer counts as failed, whatever it answers afterwards. */
  readonly timeoutMs: number
  readonly now: () => number
  readonly setTimer: SetTimer
  /** Given each answer that counts, before the requests that wait for it. */
  readonly landed: (bucket: string, lane: FetchLane, result: RuleAnswer, durationMs: number) => void
}

/** Makes calls and tells when they have landed. */
export interface FetchScheduler {
  /** Joins the bucket's call or starts one; undefined when too many wait already. Resolves when an answer landed or the call was dropped. */
  request(bucket: string, lane: FetchLane): Promise<void> | undefined
  /** As request, but never satisfied by a call that was under way before: what it asks about may have changed since. */
  refresh(bucket: string, lane: FetchLane): Promise<void>
  /** Takes an answer that came another way; what is under way for the bucket is older and not listened to. */
  deliver(bucket: string, lane: FetchLane, result: RuleAnswer): void
  /** True while a call for the bucket waits or runs. */
  busy(bucket: string): boolean
  /** Resolves when the oldest call has landed; undefined where none waits or runs. */
  oldest(): Promise<void> | undefined
  stop(): void
}

interface InFlightCall {
  readonly bucket: string
  readonly lane: FetchLane
  readonly refreshing: boolean
  readonly landed: Promise<void>
  readonly land: (after?: Promise<void>) => void
  readonly controller: AbortController
  startedAt: number | undefined
  stopDeadline: () => void
  /** Asked for while this refresh runs: begins when it has landed. */
  next: InFlightCall | undefined
}

/** The bucket's call in `inFlight` is its present generation: whatever an earlier one answers later is not listened to. */
export function createFetchScheduler(options: FetchSchedulerOptions): FetchScheduler {
  const { now, setTimer, bounds } = options
  const inFlight = new Map<string, InFlightCall>()
  const waiting: Record<FetchLane, InFlightCall[]> = { named: [], other: [] }
  let running = 0
  let othersRunning = 0
  let stopped = false

  function create(bucket: string, lane: FetchLane, refreshing: boolean): InFlightCall {
    const { promise, resolve } = Promise.withResolvers<void>()
    const controller = new AbortController()
    return {
      bucket,
      lane,
      refreshing,
      landed: promise,
      land: resolve,
      controller,
      startedAt: undefined,
      stopDeadline: () => {},
      next: undefined,
    }
  }

  function enqueue(call: InFlightCall): Promise<void> {
    inFlight.set(call.bucket, call)
    // A refresh goes first: a client has just changed the rules, or an operator asked for them by name.
    if (call.refreshing) waiting[call.lane].unshift(call)
    else waiting[call.lane].push(call)
    startNext()
    return call.landed
  }

  function startNext(): void {
    while (!stopped && running < bounds.running) {
      const call = waiting.named.shift() ?? (othersRunning < bounds.othersRunning ? waiting.other.shift() : undefined)
      if (call === undefined) return
      start(call)
    }
  }

  function start(call: InFlightCall): void {
    const startedAt = now()
    call.startedAt = startedAt
    running++
    if (call.lane === 'other') othersRunning++
    const late: RuleAnswer = {
      kind: 'failure',
      reason: 'timeout',
      detail: `no answer within ${options.timeoutMs / 1000} s`,
    }
    call.stopDeadline = setTimer(() => finish(call, late, startedAt), options.timeoutMs)
    options.fetch(call.bucket, call.controller.signal).then(
      result => finish(call, result, startedAt),
      () => finish(call, { kind: 'failure', reason: 'network', detail: 'the call itself failed' }, startedAt),
    )
  }

  function finish(call: InFlightCall, result: RuleAnswer, startedAt: number): void {
    if (inFlight.get(call.bucket) !== call) return
    release(call)
    options.landed(call.bucket, call.lane, result, now() - startedAt)
    call.land()
    if (call.next !== undefined && !stopped) enqueue(call.next)
    startNext()
  }

  /** Takes a call off the map and gives its place back; an answer of it counts no more. */
  function release(call: InFlightCall): void {
    inFlight.delete(call.bucket)
    call.stopDeadline()
    call.controller.abort()
    if (call.startedAt === undefined) return
    running--
    if (call.lane === 'other') othersRunning--
  }

  function request(bucket: string, lane: FetchLane): Promise<void> | undefined {
    const call = inFlight.get(bucket)
    if (call !== undefined) return call.landed
    if (stopped || (lane === 'other' && waiting.other.length >= bounds.othersWaiting)) return undefined
    return enqueue(create(bucket, lane, false))
  }

  function refresh(bucket: string, lane: FetchLane): Promise<void> {
    if (stopped) return Promise.resolve()
    const call = inFlight.get(bucket)
    if (call === undefined) return enqueue(create(bucket, lane, true))
    if (call.startedAt === undefined) return call.landed
    if (call.refreshing) {
      // Not given up for the newer one: a stream of refreshes would then never land.
      call.next ??= create(bucket, lane, true)
      return call.next.landed
    }
    release(call)
    const newer = enqueue(create(bucket, lane, true))
    call.land(newer)
    return newer
  }

  function deliver(bucket: string, lane: FetchLane, result: RuleAnswer): void {
    if (stopped) return
    const call = inFlight.get(bucket)
    if (call !== undefined) {
      release(call)
      waiting[call.lane] = waiting[call.lane].filter(other => other !== call)
    }
    options.landed(bucket, lane, result, 0)
    call?.next?.land()
    call?.land()
    startNext()
  }

  function stop(): void {
    stopped = true
    for (const call of inFlight.values()) {
      release(call)
      call.next?.land()
      call.land()
    }
    waiting.named = []
    waiting.other = []
  }

  function oldest(): Promise<void> | undefined {
    return inFlight.values().next().value?.landed
  }

  return { request, refresh, deliver, busy: bucket => inFlight.has(bucket), oldest, stop }
}
