import { parentPort, workerData } from 'node:worker_threads'
import { runInBackground } from './background-thread.ts'
import { parseSnapshot } from './load-configuration.ts'
import { cutResult } from './parsed-parts.ts'

// Runs on a thread of its own, for one snapshot: see parse-off-loop.ts. A file of the largest size takes long enough to
// delay every request if it were parsed where they are answered.
runInBackground()
const pause = new Int32Array(new SharedArrayBuffer(4))
for (const part of cutResult(parseSnapshot(workerData.source, workerData.snapshot))) {
  parentPort?.postMessage(part)
  // Time for requests between two parts: what lies ready is received without a pause.
  Atomics.wait(pause, 0, 0, 2)
}
