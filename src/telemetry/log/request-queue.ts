import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { LineBytes } from './line-bytes.ts'
import { createRequestLines } from './request-line.ts'

/** Requests that have ended and whose lines are not made yet. */
export interface RequestQueue {
  /** Its line leaves within `waitingMs`. */
  add(level: string, record: RequestRecord): void
  /** Makes the lines of all that wait and lets them go: before a line of another event, which comes after them. */
  leave(): void
}

/** Where the lines go. */
export interface RequestQueueOptions {
  readonly secrets: readonly string[]
  write(lines: Buffer, count: number): void
  /** Lines that could not be made. */
  dropped(lines: number): void
}

/** Their lines are some 30 KiB: enough that a write costs little for each, and little enough for the processor's caches. */
export const maxWaiting = 64
export const waitingMs = 20

/**
 * Makes the lines of requests many at a time. From one request to the next the kernel and the parser drive what makes a line
 * out of the processor's caches. `bench --scenario switched-on` shows what the access log costs.
 */
export function createRequestQueue({ secrets, write, dropped }: RequestQueueOptions): RequestQueue {
  const addLine = createRequestLines(secrets)
  const bytes = new LineBytes(64 * 1024)
  let waiting: { readonly level: string; readonly record: RequestRecord; readonly atMs: number }[] = []
  let scheduled = false

  function leave(): void {
    if (waiting.length === 0) return
    const leaving = waiting
    waiting = []
    bytes.cut(0)
    let count = 0
    for (const { level, record, atMs } of leaving) {
      const start = bytes.length
      try {
        addLine(bytes, level, record, atMs)
        count++
      } catch {
        // No caller could catch it, and a line is no reason to end the process.
        bytes.cut(start)
      }
    }
    if (count < leaving.length) dropped(leaving.length - count)
    if (count > 0) write(bytes.copy(), count)
  }

  return {
    add(level, record) {
      waiting.push({ level, record, atMs: Date.now() })
      if (waiting.length >= maxWaiting) leave()
      if (scheduled) return
      scheduled = true
      setTimeout(() => {
        scheduled = false
        leave()
      }, waitingMs)
    },
    leave,
  }
}
