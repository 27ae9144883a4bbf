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
  /** CPU time against the baseline's: the median over starts of the ratio of a start's medians. Absent without a baseline. */
  readonly toBaseline: number | undefined
  readonly errors: readonly string[]
}

export function figuresOf(results: readonly PeerResult[]): readonly Figures[] {
  const cpuOf = ({ runs }: PeerResult) => medianOf(runs, run => run.cpuMicrosecondsPerRequest)
  const nginx = results.find(({ peer }) => peer === 'nginx')
  const nodePeers = results.filter(({ isNodePeer, runs }) => isNodePeer && runs.length > 0).map(cpuOf)
  const baseline = results.find(({ peer }) => peer === 'baseline')
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
      toBaseline: baseline === undefined ? undefined : ratioOfStarts(result, baseline),
      errors: result.errors,
    }
  })
}

function ratioOfStarts(result: PeerResult, baseline: PeerResult): number {
  const own = startMedians(result)
  return median(startMedians(baseline).map((base, start) => (own[start] ?? Number.NaN) / base))
}

/** The median CPU time of the runs of each start. */
function startMedians({ runs, runsPerStart }: PeerResult): readonly number[] {
  const starts = Array.from({ length: Math.ceil(runs.length / runsPerStart) }, (_, start) =>
    runs.slice(start * runsPerStart, (start + 1) * runsPerStart),
  )
  return starts.map(start => medianOf(start, run => run.cpuMicrosecondsPerRequest))
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
