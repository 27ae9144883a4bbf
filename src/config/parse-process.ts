import { readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { parseSnapshot } from './load-configuration.ts'
import { restEvery, unpaced } from './pace.ts'
import { packResult } from './packed-result.ts'
import { unpackSnapshot } from './packed-snapshot.ts'
import { IncompleteParcel } from './parcel.ts'

// A process of its own, for one snapshot: see parse-off-loop.ts, which starts it, sends it what it reads, and ends it.

// The streams of `process`, once they are looked at, make their descriptors such that nobody can wait for them.
const stdin = 0
const stdout = 1

/** Nicer by so much, a third of an equal share: with less, a large file could take longer than it may on a machine that is always busy. */
const lessThanRequests = 5
const lowestPriority = 19

/** A third of the time goes to whoever is woken meanwhile; half a millisecond is what they may have to wait. */
const workMs = 0.4
const restMs = 0.2

// A terminal and systemd send these to every process of a service. The one that waits for the result decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
let pace = unpaced
if (process.argv.includes('--beside-requests')) {
  pace = restEvery(workMs, restMs)
  try {
    setPriority(Math.min(lowestPriority, getPriority() + lessThanRequests))
  } catch {
    // Not allowed: then it shares as all processes do.
  }
}
try {
  const { source, snapshot } = unpackSnapshot([readFileSync(stdin)])
  // All at once: whoever waits for it is woken for every write.
  writeFileSync(stdout, Buffer.concat(packResult(parseSnapshot(source, snapshot, pace))))
} catch (error) {
  // The process that asked may be gone, before it had asked for all or while it was told: nobody is left to hear of it.
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!(error instanceof IncompleteParcel) && code !== 'EPIPE' && code !== 'ECONNRESET') throw error
  process.exitCode = 1
}
