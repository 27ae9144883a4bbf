import type { Readable } from 'node:stream'
import type { LogSink } from '../../telemetry/log/log-sink.ts'

/** Far longer than any line of the log. */
const maxLineBytes = 1 << 20
const lineFeed = 0x0a

/**
 * Hands the lines of a worker on, whole ones only, as many at once as have come: what a worker did not finish before it
 * ended is dropped. Pipes of several writers would tear lines that are longer than PIPE_BUF.
 */
export function relayLines(from: Readable, sink: Pick<LogSink, 'write'>, dropped: (lines: number) => void): void {
  let rest: Buffer[] = []
  let restBytes = 0
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(lineFeed)
    if (end < 0) {
      restBytes += chunk.length
      if (restBytes <= maxLineBytes) rest.push(chunk)
      return
    }
    let whole: Buffer = Buffer.concat([...rest, chunk.subarray(0, end + 1)])
    if (restBytes > maxLineBytes) {
      dropped(1)
      whole = chunk.subarray(chunk.indexOf(lineFeed) + 1, end + 1)
    }
    if (whole.length > 0) sink.write(whole.toString('utf8'), countLines(whole))
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
    restBytes = chunk.length - end - 1
  })
  from.on('end', () => {
    if (restBytes > 0) dropped(1)
  })
  // A worker's pipe that breaks says no more than its exit does.
  from.on('error', () => {})
}

function countLines(text: Buffer): number {
  let lines = 0
  for (let at = text.indexOf(lineFeed); at >= 0; at = text.indexOf(lineFeed, at + 1)) lines++
  return lines
}
