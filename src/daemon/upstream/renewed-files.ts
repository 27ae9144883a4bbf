import { setTimeout as wait } from 'node:timers/promises'
import type { ConfigurationFiles } from './tls-files.ts'
import { sameFiles } from './tls-files.ts'

/** What looking after renewed certificates needs. */
export interface RenewalOptions {
  /** Reads the files of the configuration in force. Rejects when they cannot be used. */
  readonly read: () => Promise<ConfigurationFiles>
  readonly inForce: () => ConfigurationFiles
  /** Puts them into force. */
  readonly renew: (files: ConfigurationFiles) => void
  /** Why they cannot be used, once per reason; undefined when they can again. */
  readonly report: (fault: unknown) => void
  readonly sleep?: ((ms: number) => Promise<unknown>) | undefined
}

/** A look at the files, to be had in a steady rhythm. */
export type RenewalLook = () => Promise<void>

// Two equal reads so far apart: a writer that is slower than this is waited for until the next look.
const settleMs = 100

/** A certificate is renewed without a word in the configuration: makes the function that looks whether one was. Never rejects. */
export function createRenewalLook(options: RenewalOptions): RenewalLook {
  const { read, inForce, renew, sleep = wait } = options
  let reported: string | undefined

  function report(fault: unknown): void {
    const words = fault === undefined ? undefined : String(fault)
    if (words === reported) return
    reported = words
    options.report(fault)
  }

  return async () => {
    const before = inForce()
    const first = await read().catch(() => undefined)
    if (first !== undefined && sameFiles(first, before)) {
      report(undefined)
      return
    }
    await sleep(settleMs)
    try {
      const second = await read()
      // Half of what is being written may be usable by chance; and a reload meanwhile has read them itself.
      if (first === undefined || !sameFiles(first, second) || inForce() !== before) return
      renew(second)
      report(undefined)
    } catch (fault) {
      report(fault)
    }
  }
}
