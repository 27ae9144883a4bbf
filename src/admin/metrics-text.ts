// The text of all metrics, which any stranger may ask for: it costs milliseconds, and one of many buckets megabytes.

import { setTimeout as sleep } from 'node:timers/promises'

/** A twentieth of a core, and a second of it at once. */
const share = 0.05
const burstMs = 1000

/**
 * Makes the function that gives the text. One is made at a time, and all who ask before it is begun get the same one: never one that
 * is older than their question. Where that took more than its share, the next one waits.
 */
export function createMetricsText(
  render: () => Promise<string>,
  nowMs: () => number = () => performance.now(),
): () => Promise<string> {
  let leftMs = burstMs
  let countedAtMs = nowMs()
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<string> | undefined

  function recount(): void {
    const now = nowMs()
    leftMs = Math.min(burstMs, leftMs + (now - countedAtMs) * share)
    countedAtMs = now
  }

  async function make(): Promise<string> {
    recount()
    if (leftMs < 0) await sleep(-leftMs / share, undefined, { ref: false })
    next = undefined
    const startedAtMs = nowMs()
    try {
      return await render()
    } finally {
      leftMs -= nowMs() - startedAtMs
    }
  }

  return () => {
    if (next === undefined) {
      next = last.then(make)
      last = next.catch(() => {})
    }
    return next
  }
}
