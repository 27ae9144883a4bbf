// The program of a process of its own, for one snapshot: parser-process.ts starts it, sends it what to parse, and ends it.

import { getPriority, setPriority } from 'node:os'
import { parseSnapshot } from './load-configuration.ts'
import { type ParserRequest, replyOf } from './parser-process.ts'

/** Nicer by so much, a third of an equal share: with less, a large file could take longer than it may on a machine that is always busy. */
const lessThanRequests = 5
const lowestPriority = 19

// A terminal and systemd send these to every process of a service. The process that waits for the result decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
if (process.argv.includes('--beside-requests')) {
  try {
    setPriority(Math.min(lowestPriority, getPriority() + lessThanRequests))
  } catch {
    // Not allowed: then it shares as all processes do.
  }
}
// Without a listener for messages, the end of the channel ends this process.
process.once('message', ({ source, snapshot }: ParserRequest) => {
  // The process that asked may have ended meanwhile: then there is nothing left to tell.
  process.send?.(replyOf(parseSnapshot(source, snapshot)), undefined, undefined, () => process.disconnect?.())
})
