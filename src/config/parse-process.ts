import { setPriority } from 'node:os'
import type { ConfigurationSource, Snapshot } from './load-configuration.ts'
import { parseSnapshot } from './load-configuration.ts'
import { packResult } from './packed-result.ts'

// A process of its own, for one snapshot: see parse-off-loop.ts, which starts it, sends it what it reads, and ends it.

/** A third of an equal share: with less, a large file could take longer than it may on a machine that is always busy. */
const lessThanRequests = 5

try {
  setPriority(lessThanRequests)
} catch {
  // Not allowed: then it shares as all processes do.
}
// A terminal and systemd send these to every process of a service. The one that waits for the result decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.once('message', ({ source, snapshot }: { source: ConfigurationSource; snapshot: Snapshot }) => {
  // Nobody may be left to hear it.
  process.send?.(packResult(parseSnapshot(source, snapshot)), () => process.disconnect())
})
process.once('disconnect', () => process.exit())
