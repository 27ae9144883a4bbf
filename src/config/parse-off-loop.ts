import { Worker } from 'node:worker_threads'
import type { Environment } from './environment.ts'
import type { ConfigurationSource, ParseSnapshot, Snapshot, SnapshotResult } from './load-configuration.ts'
import { type PackedResult, unpackResult } from './packed-result.ts'

/** Far more than a file of 1 MiB needs on a slow machine. */
const timeoutMs = 20_000

/** Beside this file: `.js` as built, `.ts` when the sources run as they are. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './parse-worker.ts' : './parse-worker.js', import.meta.url)

/** Parses a snapshot on another thread, so that a reload costs the requests under way nothing. Never rejects. */
export const parseOffLoop: ParseSnapshot = (source, snapshot) => runWorker(workerUrl, source, snapshot, timeoutMs)

/** Runs one worker to its message; its failure, or its silence, is a fault of the configuration. */
export function runWorker(
  url: URL,
  source: ConfigurationSource,
  snapshot: Snapshot,
  deadlineMs: number,
): Promise<SnapshotResult> {
  return new Promise(resolve => {
    const worker = new Worker(url, {
      workerData: { source: { ...source, environment: ownVariables(source.environment) }, snapshot },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    let done = false
    const finish = (result: SnapshotResult) => {
      if (done) return
      done = true
      clearTimeout(timer)
      resolve(result)
      void worker.terminate()
    }
    const fail = (message: string) => finish(failure(source.file, message))
    const timer = setTimeout(() => fail(`reading took longer than ${deadlineMs / 1000} seconds`), deadlineMs)
    worker.once('message', (packed: PackedResult) => finish(unpackResult(packed)))
    worker.once('error', error => fail(`reading failed: ${error instanceof Error ? error.message : String(error)}`))
    worker.once('exit', () => fail('reading ended without a result'))
  })
}

/** The keys of the endpoint are no part of a configuration: they stay where they are. */
function ownVariables(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('S3CORS_')))
}

function failure(file: string | undefined, message: string): SnapshotResult {
  const issue = {
    severity: 'fault' as const,
    reason: 'internal',
    path: [],
    value: undefined,
    message,
    allowed: 'a file that can be read',
  }
  return {
    parsed: { configuration: undefined, issues: [{ ...issue, file: file ?? 'configuration' }], corsFiles: [] },
    wanted: [],
  }
}
