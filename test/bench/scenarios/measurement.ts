// Interleaved runs of one scenario: the first of every peer, then the second of every peer, so that what else the machine
// does falls on all alike.

import { setTimeout as sleep } from 'node:timers/promises'
import { firstAnswer, firstHttp2Answer } from '../load/first-answer.ts'
import { runH2load } from '../load/h2load.ts'
import type { LoadResult } from '../load/load-result.ts'
import { runOwnLoad } from '../load/own-load.ts'
import { runWrk } from '../load/wrk.ts'
import { cpuSeconds, peakMemoryMiB } from '../machine.ts'
import type { Peer, PeerSetting, RunningPeer } from '../peers/peer.ts'
import type { Scenario } from './requests.ts'

/** One run of one peer. */
export interface Run {
  readonly cpuMicrosecondsPerRequest: number
  readonly requestsPerSecond: number
  readonly mibPerSecond: number
}

export interface PeerResult {
  readonly peer: string
  readonly isNodePeer: boolean
  /** Those of all starts, one start after another. */
  readonly runs: readonly Run[]
  /** As many of the runs belong to each start. */
  readonly runsPerStart: number
  readonly peakMemoryMiB: number
  /** What should not have happened, such as another status than expected. */
  readonly errors: readonly string[]
  /** When the measured runs began and ended, in microseconds of the monotonic clock, as CPU profiles count. */
  readonly window: readonly [number, number]
}

export interface Pace {
  readonly seconds: number
  readonly runs: number
  /** Fresh processes of each peer, each with so many runs: what V8 compiles, and when, differs from start to start. */
  readonly starts?: number
  readonly warmUpSeconds: number
  /** Warms up until the peer has had the CPU time, which on a busy machine takes longer. */
  readonly isPatient: boolean
}

/** A peer and what it is put in front of. */
export interface Candidate {
  readonly peer: Peer
  readonly setting: PeerSetting
  /** Instead of the one that the others get. */
  readonly scenario?: Scenario | undefined
}

/** Measures `scenario` for every candidate; each is a fresh process. One that fails is named, and does not stop the others. */
export async function measure(
  scenario: Scenario,
  candidates: readonly Candidate[],
  pace: Pace,
): Promise<readonly PeerResult[]> {
  const starts: (readonly PeerResult[])[] = []
  for (let start = 0; start < (pace.starts ?? 1); start++) starts.push(await measureStart(scenario, candidates, pace))
  return candidates.map((_, index) => joined(starts.flatMap(results => results[index] ?? [])))
}

/** One result of the starts of one peer; the window is that of the last. */
function joined(starts: readonly PeerResult[]): PeerResult {
  const last = starts.at(-1)
  if (last === undefined) throw new Error('no start was measured')
  return {
    ...last,
    runs: starts.flatMap(({ runs }) => runs),
    errors: starts.flatMap(({ errors }) => errors),
    peakMemoryMiB: Math.max(...starts.map(({ peakMemoryMiB }) => peakMemoryMiB)),
  }
}

async function measureStart(
  scenario: Scenario,
  candidates: readonly Candidate[],
  pace: Pace,
): Promise<readonly PeerResult[]> {
  const measured = candidates.map(one => new MeasuredPeer(one.scenario ?? scenario, one.peer, one.setting))
  try {
    for (const one of measured) await one.orFail(() => one.start(pace))
    for (let run = 0; run < pace.runs; run++) {
      for (const one of measured) await one.orFail(() => one.run(pace.seconds))
    }
    return measured.map(one => one.result(pace.runs))
  } finally {
    for (const one of measured) await one.stop()
  }
}

class MeasuredPeer {
  readonly #scenario: Scenario
  readonly #peer: Peer
  readonly #setting: PeerSetting
  readonly #runs: Run[] = []
  readonly #errors: string[] = []
  #process: RunningPeer | undefined
  #window: [number, number] = [0, 0]

  constructor(scenario: Scenario, peer: Peer, setting: PeerSetting) {
    this.#scenario = scenario
    this.#peer = peer
    this.#setting = setting
  }

  /** Does nothing after a first error: what comes after it says nothing. */
  async orFail(step: () => Promise<void>): Promise<void> {
    if (this.#errors.length > 0) return
    try {
      await step()
    } catch (error) {
      this.#errors.push(error instanceof Error ? error.message : String(error))
    }
  }

  async start(pace: Pace): Promise<void> {
    this.#process = await this.#peer.start(this.#setting)
    const { port } = this.#process
    this.#errors.push(...(await checkAnswer(this.#scenario, port)))
    if (this.#errors.length === 0) await this.#warmUp(this.#process, pace)
  }

  async #warmUp({ pid, port }: RunningPeer, { warmUpSeconds: seconds, isPatient }: Pace): Promise<void> {
    const before = cpuSeconds(pid)
    if (this.#peer.isMachineCode === true) {
      await load(this.#scenario, port, 1)
      return
    }
    const rounds = isPatient ? 4 : 1
    for (let round = 0; round < rounds && cpuSeconds(pid) - before < seconds * 0.8; round++) {
      await load(this.#scenario, port, seconds)
    }
  }

  async run(seconds: number): Promise<void> {
    if (this.#process === undefined) return
    const { pid, port } = this.#process
    await settle(pid)
    if (this.#runs.length === 0) this.#window[0] = monotonicMicroseconds()
    const before = cpuSeconds(pid)
    const result = await load(this.#scenario, port, seconds)
    const cpu = cpuSeconds(pid) - before
    this.#window[1] = monotonicMicroseconds()
    this.#errors.push(...faultsOf(this.#scenario, result))
    this.#runs.push(runOf(this.#scenario, result, cpu))
  }

  result(runsPerStart: number): PeerResult {
    return {
      peer: this.#peer.name,
      isNodePeer: this.#peer.isNodePeer,
      runs: this.#runs,
      runsPerStart,
      errors: this.#errors,
      window: this.#window,
      peakMemoryMiB: this.#process === undefined ? Number.NaN : peakMemoryMiB(this.#process.pid),
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }
}

function load({ client, request }: Scenario, port: number, seconds: number): Promise<LoadResult> {
  switch (client) {
    case 'wrk':
      return runWrk(port, request, seconds)
    case 'own':
      return runOwnLoad(port, request, seconds)
    case 'h2load':
      return runH2load(port, request, seconds)
  }
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

async function checkAnswer(
  { request, expects, allowsOrigin, client }: Scenario,
  port: number,
): Promise<readonly string[]> {
  const { status, allowedOrigin } = await (client === 'h2load' ? firstHttp2Answer : firstAnswer)(port, request)
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
