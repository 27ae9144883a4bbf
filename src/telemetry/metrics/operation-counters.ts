/** What is counted apart from requests: reloads, fetches of rules, lines not logged. */
export interface OperationCounters {
  suppressedLogLines: number
  refusedTokens: number
  lastReloadSuccessful: boolean
  /** 0 until a configuration was taken in. */
  lastReloadSuccessAtMs: number
  restartRequired: boolean
  readonly rulesFetches: ReadonlyMap<string, number>
  countRulesFetch(result: string): void
}

/** Results are words of our own; the bound is there in case one is ever made from what an endpoint sent. */
const maxResults = 16

/** Counters at zero. */
export function createOperationCounters(): OperationCounters {
  const rulesFetches = new Map<string, number>()
  return {
    suppressedLogLines: 0,
    refusedTokens: 0,
    lastReloadSuccessful: false,
    lastReloadSuccessAtMs: 0,
    restartRequired: false,
    rulesFetches,
    countRulesFetch(result) {
      const label = rulesFetches.has(result) || rulesFetches.size < maxResults ? result : 'other'
      rulesFetches.set(label, (rulesFetches.get(label) ?? 0) + 1)
    },
  }
}
