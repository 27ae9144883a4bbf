import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { LogOutput } from './log-sink.ts'

/** The calls of `node:fs` that are made, for tests of errors that no file system here gives. */
export interface DescriptorCalls {
  readonly write: (descriptor: number, bytes: Uint8Array, done: (error: Error | null, written: number) => void) => void
  readonly writeSync: (descriptor: number, bytes: Uint8Array) => number
}

const systemCalls: DescriptorCalls = {
  write: (descriptor, bytes, done) => write(descriptor, bytes, 0, bytes.length, null, done),
  writeSync: (descriptor, bytes) => writeSync(descriptor, bytes),
}

/**
 * Standard output by its descriptor. The stream that Node makes of it writes files synchronously, loses the rest of a short
 * write without a word, and destroys itself at the first error; here, each write is an attempt of its own.
 *
 * A file is written by a thread of libuv's pool, so that a disk that hangs stops no request. That would not do for a pipe or a
 * terminal: a write that its reader never takes keeps the thread, and the process waits for it when it exits (tried on Node 24).
 * These are written without blocking.
 */
export function openDescriptorOutput(descriptor: 1 | 2, calls: DescriptorCalls = systemCalls): LogOutput {
  const kept = openWithoutBlocking(descriptor)
  if (kept === undefined) return { write: (bytes, done) => calls.write(descriptor, bytes, done) }
  return {
    write(bytes, done) {
      let written = 0
      try {
        written = calls.writeSync(kept, bytes)
      } catch (error) {
        return done(error as Error, 0)
      }
      done(null, written)
    },
  }
}

/** The descriptor that a pipe, a socket or a terminal is written by; undefined for what is none of them. */
function openWithoutBlocking(descriptor: 1 | 2): number | undefined {
  const kind = fstatSync(descriptor)
  if (!kind.isFIFO() && !kind.isSocket() && !isatty(descriptor)) return undefined
  try {
    // Opened anew, it is an open file description of its own: what other processes that share the old one set on it, such as
    // blocking, does not count here. https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // A socket cannot be opened, nor a pipe of another user. Node's own stream, once it is looked at, makes it non-blocking.
    void (descriptor === 1 ? process.stdout : process.stderr)
    return descriptor
  }
}
