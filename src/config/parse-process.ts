import { readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parseSnapshot } from './load-configuration.ts'
import { restEvery, unpaced } from './pace.ts'
import { packResult } from './packed-result.ts'
import { unpackSnapshot } from './packed-snapshot.ts'

// A process of its own, for one snapshot: see parse-off-loop.ts, which starts it, sends it what it reads, and ends it.

// The streams of `process`, once they are looked at, make their descriptors such that nobody can wait for them.
const stdin = 0
const stdout = 1

/** A third of an equal share: with less, a large file could take longer than it may on a machine that is always busy. */
const lessThanRequests = 5

/** A third of the time goes to whoever is woken meanwhile; half a millisecond is what they may have to wait. */
const workMs = 0.4
const restMs = 0.2

let pace = unpaced
if (process.argv.includes('--beside-requests')) {
  pace = restEvery(workMs, restMs)
  try {
    setPriority(lessThanRequests)
  } catch {
    // Not allowed: then it shares as all processes do.
  }
}
// A terminal and systemd send these to every process of a service. The one that waits for the result decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
const { source, snapshot } = unpackSnapshot([readFileSync(stdin)])
try {
  for (const piece of packResult(parseSnapshot(source, snapshot, pace))) writeFileSync(stdout, piece)
} catch (error) {
  // The process that asked may be gone.
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
}
