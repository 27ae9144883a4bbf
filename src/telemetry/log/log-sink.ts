/** Where the bytes of the log go. */
export interface LogOutput {
  /** Attempts to write; `done` is called once, with how many of the bytes went out. No other attempt is made before that. */
  write(bytes: Uint8Array, done: (error: Error | null, written: number) => void): void
}

/** Lines that did not reach the output. */
export interface LostLines {
  readonly count: number
  /** When the first of them was dropped, in milliseconds since the epoch. */
  readonly sinceMs: number
  /** The code of the write that failed last, such as ENOSPC; undefined when the reader was slow. */
  readonly code: string | undefined
}

/** Where finished log lines go. */
export interface LogSink {
  /** `lines`: how many are in the text, if there are several. Never throws, never waits. */
  write(text: string | Uint8Array, lines?: number): void
  /** Tells of each line that is dropped, as it is. */
  onDropped(listener: (lines: number) => void): void
  /** Tells of what was lost once the output takes lines again. */
  onRegained(listener: (lost: LostLines) => void): void
  /** Waits until what was written has left the process, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
}

/** A mebibyte: some thousand lines, enough for a reader that pauses, little beside the heap. */
const maxQueuedBytes = 1 << 20

/** What is waiting leaves in pieces of so much: as much as a pipe takes, and one system call for many lines. */
const batchBytes = 64 * 1024

/** A pipe that is full is tried again so soon, and then less and less often: 13 MB/s go through one of 64 KiB. */
const minFullMs = 5
const maxFullMs = 200
/** A disk that is full, or a reader that went away, is tried again so often. */
const brokenMs = 1000

/**
 * Writes to `output` and never waits for it. What the output does not take now, because its reader is slow, its disk full or
 * its reader gone, is kept and tried again; when a mebibyte is kept, further lines are dropped and counted. After
 * a short write the rest of a line comes first, so that none is torn.
 */
export function createLogSink(output: LogOutput): LogSink {
  let dropped = (_lines: number) => {}
  let regained = (_lost: LostLines) => {}
  const queue: Uint8Array[] = []
  let queuedBytes = 0
  let lost: LostLines | undefined
  let lastCode: string | undefined
  let writing = false
  let retry: NodeJS.Timeout | undefined
  let fullMs = minFullMs
  let flushed: (() => void)[] = []

  function attempt(): void {
    clearTimeout(retry)
    retry = undefined
    if (writing || queue.length === 0) return
    writing = true
    output.write(firstBatch(), settle)
  }

  /** What is written at once, as the first of the queue. */
  function firstBatch(): Uint8Array {
    let pieces = 0
    for (let bytes = 0; pieces < queue.length && bytes < batchBytes; pieces++) bytes += queue[pieces]?.length ?? 0
    if (pieces > 1) queue.unshift(Buffer.concat(queue.splice(0, pieces)))
    return queue[0] ?? new Uint8Array()
  }

  function settle(error: Error | null, written: number): void {
    writing = false
    const [first] = queue
    if (first === undefined) return
    queuedBytes -= written
    if (written === first.length) queue.shift()
    else queue[0] = first.subarray(written)
    const code = error === null ? undefined : String((error as NodeJS.ErrnoException).code)
    if (written > 0) fullMs = minFullMs
    if (code !== undefined || written === 0) {
      later(code ?? 'EAGAIN')
      return
    }
    if (lost !== undefined && queuedBytes <= maxQueuedBytes / 2) {
      const told = lost
      lost = undefined
      regained(told)
    }
    // A short write says nothing: the next attempt does.
    if (queue.length > 0) {
      attempt()
    } else {
      lastCode = undefined
      endFlushes()
    }
  }

  function later(code: string): void {
    let waitMs = brokenMs
    if (code === 'EAGAIN') {
      waitMs = fullMs
      fullMs = Math.min(2 * fullMs, maxFullMs)
    } else {
      lastCode = code
      endFlushes()
    }
    retry = setTimeout(attempt, waitMs).unref()
  }

  function endFlushes(): void {
    const ended = flushed
    flushed = []
    for (const resolve of ended) resolve()
  }

  return {
    write(text, lines = 1) {
      if (queuedBytes >= maxQueuedBytes) {
        lost = { count: (lost?.count ?? 0) + lines, sinceMs: lost?.sinceMs ?? Date.now(), code: lastCode }
        dropped(lines)
        return
      }
      const bytes = typeof text === 'string' ? Buffer.from(text) : text
      queue.push(bytes)
      queuedBytes += bytes.length
      if (retry === undefined) attempt()
    },
    onDropped(listener) {
      dropped = listener
    },
    onRegained(listener) {
      regained = listener
    },
    async flush(timeoutMs) {
      if (queue.length === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, timeoutMs)
      flushed.push(resolve)
      attempt()
      await promise
      clearTimeout(timer)
    },
  }
}
