import { parentPort, workerData } from 'node:worker_threads'
import { runInBackground } from './background-thread.ts'
import { parseSnapshot } from './load-configuration.ts'
import { packResult } from './packed-result.ts'

// Runs on a thread of its own, for one snapshot: see parse-off-loop.ts. A file of the largest size takes long enough to
// delay every request if it were parsed where they are answered.
runInBackground()
parentPort?.postMessage(packResult(parseSnapshot(workerData.source, workerData.snapshot)))
