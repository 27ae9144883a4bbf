/** Says whether this process should get traffic. The endpoint's health is no part of it: no replica would be left. */
export interface Readiness {
  setListening(): void
  setDraining(): void
  /** What is not ready, by name; empty when all is. */
  notReady(): readonly string[]
}

/** What readiness depends on. */
export interface ReadinessOptions {
  /** The named buckets whose source has not been asked yet. */
  readonly unasked: () => readonly string[]
  /** False until the endpoint was asked how it reads the names in Host. */
  readonly namesAsked?: (() => boolean) | undefined
  /** False while there is no configuration in force. */
  readonly configured?: (() => boolean) | undefined
  /** False when the S3 port takes no more connections; asked once `setListening` was called. */
  readonly listening?: (() => boolean) | undefined
  /** A monotonic clock in milliseconds. */
  readonly now?: (() => number) | undefined
}

/**
 * How long the first answers are waited for. Longer than the calls' own timeout, so that an endpoint that is up is asked
 * before traffic comes; after it, preflights say honestly that the rules are unknown.
 */
const patienceMs = 10_000

/** Starts the wait for first answers now. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const now = options.now ?? (() => performance.now())
  const startedAtMs = now()
  let listening = false
  let draining = false
  return {
    setListening() {
      listening = true
    },
    setDraining() {
      draining = true
    },
    notReady() {
      const missing: string[] = []
      if (draining) missing.push('draining')
      if (options.configured?.() === false) missing.push('configuration')
      if (!listening || options.listening?.() === false) missing.push('listening')
      if (now() - startedAtMs >= patienceMs) return missing
      if (options.namesAsked?.() === false) missing.push('names of the endpoint')
      missing.push(...options.unasked().map(bucket => `rules of ${bucket}`))
      return missing
    },
  }
}
