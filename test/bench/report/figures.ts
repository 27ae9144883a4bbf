// Medians of interleaved runs, and ratios between peers.

import type { PeerResult, Run } from '../scenarios/measurement.ts'

/** One peer's line of one scenario. */
export interface Figures {
  readonly peer: string
  readonly cpuMicrosecondsPerRequest: number
  readonly requestsPerSecond: number
  readonly mibPerSecond: number
  readonly peakMemoryMiB: number
  /** CPU time against nginx's and against the best Node peer's; absent where that was not measured. */
  readonly toNginx: number | undefined
  readonly toBestNodePeer: number | undefined
  readonly errors: readonly string[]
}

export function figuresOf(results: readonly PeerResult[]): readonly Figures[] {
  const cpuOf = ({ runs }: PeerResult) => medianOf(runs, run => run.cpuMicrosecondsPerRequest)
  const nginx = results.find(({ peer }) => peer === 'nginx')
  const nodePeers = results.filter(({ isNodePeer, runs }) => isNodePeer && runs.length > 0).map(cpuOf)
  const best = nodePeers.length === 0 ? undefined : Math.min(...nodePeers)
  return results.map(result => {
    const cpu = cpuOf(result)
    return {
      peer: result.peer,
      cpuMicrosecondsPerRequest: cpu,
      requestsPerSecond: medianOf(result.runs, run => run.requestsPerSecond),
      mibPerSecond: medianOf(result.runs, run => run.mibPerSecond),
      peakMemoryMiB: result.peakMemoryMiB,
      toNginx: nginx === undefined ? undefined : cpu / cpuOf(nginx),
      toBestNodePeer: best === undefined ? undefined : cpu / best,
      errors: result.errors,
    }
  })
}

function medianOf(runs: readonly Run[], value: (run: Run) => number): number {
  return median(runs.map(value))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper
}

/** The median of each run against the run of `base` that was next to it in time, which a noisy machine moves least. */
export function medianRatio(runs: readonly Run[], base: readonly Run[], value: (run: Run) => number): number {
  return median(
    runs.flatMap((run, index) => {
      const other = base[index]
      return other === undefined ? [] : [value(run) / value(other)]
    }),
  )
}
