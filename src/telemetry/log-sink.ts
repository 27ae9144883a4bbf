import type { Writable } from 'node:stream'

/** Where finished log lines go. */
export interface LogSink {
  /** `lines`: how many are in the text, if there are several. */
  write(text: string | Uint8Array, lines?: number): void
  /** Waits until what was written has left the process, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
}

/** A mebibyte: some thousand lines, enough for a reader that pauses, little beside the heap. */
const maxQueuedBytes = 1 << 20

/**
 * Writes to `stream` and never waits for it: when its reader is slow and a mebibyte is queued, further lines are dropped and
 * counted. A stdout that is a pipe takes what fits and queues the rest without blocking, measured on Node 24 on Linux; pino's
 * own destinations either block (sync), or may hang in their last flush while the process exits.
 */
export function createLogSink(stream: Writable, dropped: (lines: number) => void): LogSink {
  let broken = false
  // A reader that went away (EPIPE) must not end the proxy; from then on every line is a dropped one.
  stream.on('error', () => {
    broken = true
  })

  return {
    write(text, lines = 1) {
      if (broken || !stream.writable || stream.writableLength >= maxQueuedBytes) dropped(lines)
      else stream.write(text)
    },
    flush(timeoutMs) {
      if (broken || stream.writableLength === 0) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, timeoutMs)
      stream.write('', () => {
        clearTimeout(timer)
        resolve()
      })
      return promise
    },
  }
}
