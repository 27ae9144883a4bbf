import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** A third of an equal share: with less, a large file could take longer than it may on a machine that is always busy. */
const lessThanRequests = 5

/**
 * Gives the thread that calls it a smaller share of the processor, where that can be asked for: on a machine whose cores are
 * all busy, what it does must not keep the requests waiting. Linux counts priority by thread, and names the calling one in /proc.
 */
export function runInBackground(): void {
  try {
    const thread = Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1])
    // 0 would be the calling process, which is the whole of it elsewhere.
    if (thread > 0) setPriority(thread, lessThanRequests)
  } catch {
    // No /proc, or not allowed: then it shares as all threads do.
  }
}
