// When GetBucketCors is called: one call per bucket at a time, few at once, named buckets first, and no answer that came too late.

import type { SetTimer } from '../clock.ts'
import type { RuleAnswer } from './rule-entry.ts'
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
  /** Given each answer that counts, before those who wait for it. */
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
  stop(): void
}

interface Flight {
  readonly bucket: string
  readonly lane: FetchLane
  readonly refreshing: boolean
  readonly landed: Promise<void>
  readonly land: (after?: Promise<void>) => void
  readonly controller: AbortController
  startedAt: number | undefined
  stopDeadline: () => void
  /** Asked for while this refresh runs: begins when it has landed. */
  next: Flight | undefined
}

/** The bucket's flight in `flights` is its present generation: whatever an earlier one answers later is not listened to. */
export function createFetchScheduler(options: FetchSchedulerOptions): FetchScheduler {
  const { now, setTimer, bounds } = options
  const flights = new Map<string, Flight>()
  const waiting: Record<FetchLane, Flight[]> = { named: [], other: [] }
  let running = 0
  let othersRunning = 0
  let stopped = false

  function create(bucket: string, lane: FetchLane, refreshing: boolean): Flight {
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

  function enqueue(flight: Flight): Promise<void> {
    flights.set(flight.bucket, flight)
    // A refresh goes first: somebody has just changed the rules, or asked for them by name.
    if (flight.refreshing) waiting[flight.lane].unshift(flight)
    else waiting[flight.lane].push(flight)
    startNext()
    return flight.landed
  }

  function startNext(): void {
    while (!stopped && running < bounds.running) {
      const flight = waiting.named.shift() ?? (othersRunning < bounds.othersRunning ? waiting.other.shift() : undefined)
      if (flight === undefined) return
      start(flight)
    }
  }

  function start(flight: Flight): void {
    const startedAt = now()
    flight.startedAt = startedAt
    running++
    if (flight.lane === 'other') othersRunning++
    const late: RuleAnswer = {
      kind: 'failure',
      reason: 'timeout',
      detail: `no answer within ${options.timeoutMs / 1000} s`,
    }
    flight.stopDeadline = setTimer(() => finish(flight, late, startedAt), options.timeoutMs)
    options.fetch(flight.bucket, flight.controller.signal).then(
      result => finish(flight, result, startedAt),
      () => finish(flight, { kind: 'failure', reason: 'network', detail: 'the call itself failed' }, startedAt),
    )
  }

  function finish(flight: Flight, result: RuleAnswer, startedAt: number): void {
    if (flights.get(flight.bucket) !== flight) return
    release(flight)
    options.landed(flight.bucket, flight.lane, result, now() - startedAt)
    flight.land()
    if (flight.next !== undefined && !stopped) enqueue(flight.next)
    startNext()
  }

  /** Takes a flight off the map and gives its place back; an answer of it counts no more. */
  function release(flight: Flight): void {
    flights.delete(flight.bucket)
    flight.stopDeadline()
    flight.controller.abort()
    if (flight.startedAt === undefined) return
    running--
    if (flight.lane === 'other') othersRunning--
  }

  function request(bucket: string, lane: FetchLane): Promise<void> | undefined {
    const flight = flights.get(bucket)
    if (flight !== undefined) return flight.landed
    if (stopped || (lane === 'other' && waiting.other.length >= bounds.othersWaiting)) return undefined
    return enqueue(create(bucket, lane, false))
  }

  function refresh(bucket: string, lane: FetchLane): Promise<void> {
    if (stopped) return Promise.resolve()
    const flight = flights.get(bucket)
    if (flight === undefined) return enqueue(create(bucket, lane, true))
    if (flight.startedAt === undefined) return flight.landed
    if (flight.refreshing) {
      // Not given up for the newer one: a stream of refreshes would then never land.
      flight.next ??= create(bucket, lane, true)
      return flight.next.landed
    }
    release(flight)
    const newer = enqueue(create(bucket, lane, true))
    flight.land(newer)
    return newer
  }

  function deliver(bucket: string, lane: FetchLane, result: RuleAnswer): void {
    if (stopped) return
    const flight = flights.get(bucket)
    if (flight !== undefined) {
      release(flight)
      waiting[flight.lane] = waiting[flight.lane].filter(other => other !== flight)
    }
    options.landed(bucket, lane, result, 0)
    flight?.next?.land()
    flight?.land()
    startNext()
  }

  function stop(): void {
    stopped = true
    for (const flight of flights.values()) {
      release(flight)
      flight.next?.land()
      flight.land()
    }
    waiting.named = []
    waiting.other = []
  }

  return { request, refresh, deliver, busy: bucket => flights.has(bucket), stop }
}
