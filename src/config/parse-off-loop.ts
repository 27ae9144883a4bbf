import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Environment } from './environment.ts'
import type { ConfigurationSource, ParseSnapshot, Snapshot, SnapshotResult } from './load-configuration.ts'
import { type PackedResult, unpackResult } from './packed-result.ts'

/** Far more than a file of 1 MiB needs on a slow machine. */
const timeoutMs = 20_000

/** Beside this file: `.js` as built, `.ts` when the sources run as they are. */
const programUrl = new URL(
  import.meta.url.endsWith('.ts') ? './parse-process.ts' : './parse-process.js',
  import.meta.url,
)

/**
 * A thread of this process would not do: V8 collects its garbage and compiles its code on helper threads, as many as there are
 * cores, and on a machine of few cores they take the one that requests are answered on: their 99th percentile rose by 5 ms.
 * With this much memory a file of the largest size is read no slower than with more.
 */
const execArgv: readonly string[] = ['--single-threaded', '--max-semi-space-size=4', '--max-old-space-size=512']

/** Parses a snapshot in another process, so that a reload costs the requests under way nothing. Never rejects. */
export const parseOffLoop: ParseSnapshot = (source, snapshot) => runParser(programUrl, source, snapshot, timeoutMs)

/** Runs one program to its message; its failure, or its silence, is a fault of the configuration. */
export function runParser(
  url: URL,
  source: ConfigurationSource,
  snapshot: Snapshot,
  deadlineMs: number,
): Promise<SnapshotResult> {
  return new Promise(resolve => {
    const parser = fork(fileURLToPath(url), {
      env: {},
      execArgv: [...execArgv],
      // Bytes stay bytes.
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const kill = () => void parser.kill('SIGKILL')
    let done = false
    const finish = (result: SnapshotResult) => {
      if (done) return
      done = true
      clearTimeout(timer)
      process.off('exit', kill)
      resolve(result)
      kill()
    }
    const fail = (message: string) => finish(failure(source.file, message))
    const timer = setTimeout(() => fail(`reading took longer than ${deadlineMs / 1000} seconds`), deadlineMs)
    process.once('exit', kill)
    parser.once('message', packed => finish(unpackResult(packed as PackedResult)))
    parser.once('error', error => fail(`reading failed: ${error.message}`))
    parser.once('exit', (code, signal) => fail(`reading ended without a result (${signal ?? `exit code ${code}`})`))
    // A channel that breaks tells of it by the end of the process.
    parser.send({ source: { ...source, environment: ownVariables(source.environment) }, snapshot }, () => {})
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
