import { fstatSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'

/**
 * Writes the result of a command to standard output. `failed` hears why that could not be done, once: a result that is cut short
 * must not pass for a whole one. A reader that has enough, such as `head`, is no failure.
 */
export function createStandardOutput(
  stream: Writable & { readonly fd: number },
  failed: (reason: string) => void,
): (text: string) => void {
  let broken = false
  const fail = (error: NodeJS.ErrnoException) => {
    if (!broken && error.code !== 'EPIPE') failed(error.message)
    broken = true
  }
  stream.on('error', fail)
  const kind = fstatSync(stream.fd)
  // Node's stream of a pipe waits for its reader. Its stream of a file takes a short write, as on a disk that gets full, for a
  // whole one.
  if (kind.isFIFO() || kind.isSocket() || isatty(stream.fd)) return text => void (broken || stream.write(text))
  return text => {
    let rest: Uint8Array = Buffer.from(text)
    try {
      while (!broken && rest.length > 0) rest = rest.subarray(writeSync(stream.fd, rest))
    } catch (error) {
      fail(error as NodeJS.ErrnoException)
    }
  }
}
