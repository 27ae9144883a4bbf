import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { runInBackground } from './background-thread.ts'
import { parseSnapshot } from './load-configuration.ts'
import { cutResult } from './parsed-parts.ts'

// Runs on a thread of its own, for one snapshot: see parse-off-loop.ts. A file of the largest size takes long enough to
// delay every request if it were parsed where they are answered.
runInBackground()
let first = true
for (const part of cutResult(parseSnapshot(workerData.source, workerData.snapshot))) {
  // Time for requests between two parts: what lies ready is received without a pause.
  if (!first) await wait(2)
  first = false
  parentPort?.postMessage(part)
}
