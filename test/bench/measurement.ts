// Interleaved runs of one scenario: the first of every peer, then the second of every peer, so that what else the machine
// does falls on all alike.

import { setTimeout as sleep } from 'node:timers/promises'
import { firstAnswer } from './load/first-answer.ts'
import type { LoadResult } from './load/load-result.ts'
import { runOwnLoad } from './load/own-load.ts'
import { runWrk } from './load/wrk.ts'
import { cpuSeconds, peakMemoryMiB } from './machine.ts'
import type { Peer, PeerSetting, RunningPeer } from './peers/peer.ts'
import type { Scenario } from './scenarios/scenario.ts'

/** One run of one peer. */
export interface Run {
  readonly cpuMicrosecondsPerRequest: number
  readonly requestsPerSecond: number
  readonly mibPerSecond: number
}

export interface PeerResult {
  readonly peer: string
  readonly isNodePeer: boolean
  readonly runs: readonly Run[]
  readonly peakMemoryMiB: number
  /** What should not have happened, such as another status than expected. */
  readonly errors: readonly string[]
  /** When the measured runs began and ended, in microseconds of the monotonic clock, as CPU profiles count. */
  readonly window: readonly [number, number]
}

export interface Pace {
  readonly seconds: number
  readonly runs: number
  readonly warmUpSeconds: number
}

/** Measures `scenario` for every peer; each is a fresh process. */
export async function measure(
  scenario: Scenario,
  peers: readonly Peer[],
  setting: (peer: Peer) => PeerSetting,
  pace: Pace,
): Promise<readonly PeerResult[]> {
  const running: { peer: Peer; process: RunningPeer; runs: Run[]; errors: string[]; window: [number, number] }[] = []
  try {
    for (const peer of peers) {
      const process = await peer.start(setting(peer))
      const one = { peer, process, runs: [], errors: [] as string[], window: [0, 0] as [number, number] }
      running.push(one)
      one.errors.push(...(await checkAnswer(scenario, process.port)))
      if (one.errors.length === 0) await load(scenario, process.port, pace.warmUpSeconds)
    }
    for (let run = 0; run < pace.runs; run++) {
      for (const { process, runs, errors, window } of running) {
        if (errors.length > 0) continue
        await settle(process.pid)
        if (run === 0) window[0] = monotonicMicroseconds()
        const before = cpuSeconds(process.pid)
        const result = await load(scenario, process.port, pace.seconds)
        const cpu = cpuSeconds(process.pid) - before
        window[1] = monotonicMicroseconds()
        errors.push(...faultsOf(scenario, result))
        runs.push(runOf(scenario, result, cpu))
      }
    }
    return running.map(({ peer, process, runs, errors, window }) => ({
      peer: peer.name,
      isNodePeer: peer.isNodePeer,
      runs,
      errors,
      window,
      peakMemoryMiB: peakMemoryMiB(process.pid),
    }))
  } finally {
    for (const { process } of running) await process.stop()
  }
}

function load({ client, request }: Scenario, port: number, seconds: number): Promise<LoadResult> {
  return client === 'wrk' ? runWrk(port, request, seconds) : runOwnLoad(port, request, seconds)
}

/** A proxy may still be at work, or break connections off, after the load has gone: that belongs to no run. */
async function settle(pid: number): Promise<void> {
  const deadline = performance.now() + 2000
  let before = cpuSeconds(pid)
  while (performance.now() < deadline) {
    await sleep(50)
    const now = cpuSeconds(pid)
    if (now === before) return
    before = now
  }
}

async function checkAnswer({ request, expects, allowsOrigin }: Scenario, port: number): Promise<readonly string[]> {
  const { status, allowedOrigin } = await firstAnswer(port, request)
  if (!expects(status)) return [`first answer is ${status}`]
  const origin = request.fields.find(line => line.startsWith('Origin: '))?.slice('Origin: '.length)
  const expected = allowsOrigin ? origin : undefined
  return allowedOrigin === expected ? [] : [`first answer allows ${allowedOrigin}, not ${expected}`]
}

function faultsOf(scenario: Scenario, result: LoadResult): readonly string[] {
  const { requests, bytes, badStatuses, socketErrors } = result
  const faults: string[] = []
  // Of a large object a short run may see no end.
  if (scenario.objectBytes === undefined ? requests === 0 : bytes === 0) faults.push('no request came to an end')
  if (socketErrors > 0) faults.push(`${socketErrors} socket errors`)
  const expected = scenario.expects(403) ? requests : 0
  if (badStatuses !== expected) faults.push(`${badStatuses} statuses of 400 and above instead of ${expected}`)
  return faults
}

function runOf({ objectBytes, request }: Scenario, { requests, bytes, seconds }: LoadResult, cpu: number): Run {
  const done = objectBytes === undefined ? requests : bytes / objectBytes
  const moved = request.bodyBytes > 0 ? requests * request.bodyBytes : bytes
  return {
    cpuMicrosecondsPerRequest: (cpu * 1e6) / done,
    requestsPerSecond: done / seconds,
    mibPerSecond: moved / seconds / 1024 ** 2,
  }
}

function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
