/** How much of a process explanations for log lines may take: any stranger can cause one with every refusal that is logged. */
export interface ExplanationBudget {
  /** Explains, or answers `left-out` while the time that explanations took before is not made up for. */
  explain<T>(make: () => T): T | 'left-out'
}

/** 50 ms of each second: 95 % of a core are left for requests. */
const defaultMsPerSecond = 50

/**
 * Time comes at `msPerSecond` and is kept for one second at most. One explanation may take more than is left; what it took
 * beyond that has to come first before there is another. `nowMs` is monotonic.
 */
export function createExplanationBudget(
  msPerSecond: number = defaultMsPerSecond,
  nowMs: () => number = () => performance.now(),
): ExplanationBudget {
  let leftMs = msPerSecond
  let countedAtMs = nowMs()
  return {
    explain(make) {
      const startedAtMs = nowMs()
      leftMs = Math.min(msPerSecond, leftMs + ((startedAtMs - countedAtMs) / 1000) * msPerSecond)
      countedAtMs = startedAtMs
      if (leftMs <= 0) return 'left-out'
      try {
        return make()
      } finally {
        leftMs -= nowMs() - startedAtMs
      }
    },
  }
}
