import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Environment } from './environment.ts'
import {
  type ConfigurationSource,
  type ParseSnapshot,
  parseSnapshot,
  type Snapshot,
  type SnapshotResult,
} from './load-configuration.ts'
import { unpackResult } from './packed-result.ts'
import { packSnapshot } from './packed-snapshot.ts'

/** Far more than a file of 1 MiB needs on a slow machine. */
const timeoutMs = 20_000

/** Beside this file: `.js` as built, `.ts` when the sources run as they are. */
const programUrl = new URL(
  import.meta.url.endsWith('.ts') ? './parse-process.ts' : './parse-process.js',
  import.meta.url,
)

/** How another process reads: V8's flags for it, and what parse-process.ts is told. */
export interface Manner {
  readonly execArgv: readonly string[]
  readonly args: readonly string[]
}

/** No collection of old objects, each of which may stop the process for 60 ms: of the largest file, this much is never reached. */
const heap = ['--initial-old-space-size=256', '--max-old-space-size=512'] as const

/**
 * A thread of this process would not do: V8 collects its garbage and compiles its code on helper threads, as many as there are
 * cores, and on a machine of few cores they take the one that requests are answered on: their 99th percentile rose by 5 ms.
 * Young objects are collected in many short stops instead of a few long ones.
 */
export const besideRequests: Manner = {
  execArgv: ['--single-threaded', '--max-semi-space-size=1', ...heap],
  args: ['--beside-requests'],
}

/** Nobody is waiting for anything else yet. */
const first: Manner = { execArgv: ['--max-semi-space-size=4', ...heap], args: [] }

/** What is smaller is read sooner than a process starts. */
const smallBytes = 128 * 1024

/** Parses a snapshot in another process, so that a reload costs the requests under way nothing. Never rejects. */
export const parseOffLoop: ParseSnapshot = (source, snapshot) => {
  return runParser(programUrl, source, snapshot, timeoutMs, besideRequests)
}

/**
 * Parses what a process starts with: what is large in another one, whose end takes with it all that was only needed for reading.
 * Here, that would be twice the memory of all the rest, to be collected when the first requests are answered and copied, page by
 * page, for every later process. Never rejects.
 */
export const parseAtStart: ParseSnapshot = async (source, snapshot) => {
  let bytes = 0
  for (const content of snapshot.values()) bytes += content.kind === 'bytes' ? content.bytes.length : 0
  if (bytes < smallBytes) return parseSnapshot(source, snapshot)
  return runParser(programUrl, source, snapshot, timeoutMs, first)
}

/** Runs one program to its message; its failure, or its silence, is a fault of the configuration. */
export function runParser(
  url: URL,
  source: ConfigurationSource,
  snapshot: Snapshot,
  deadlineMs: number,
  manner: Manner,
): Promise<SnapshotResult> {
  return new Promise(resolve => {
    let parser: ReturnType<typeof start>
    try {
      parser = start(url, manner)
    } catch (error) {
      resolve(failure(source.file, `reading failed: ${error instanceof Error ? error.message : String(error)}`))
      return
    }
    const received: Uint8Array[] = []
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
    parser.once('error', error => fail(`reading failed: ${error.message}`))
    parser.once('close', (code, signal) => {
      try {
        finish(unpackResult(received))
      } catch {
        fail(`reading ended without a result (${signal ?? `exit code ${code}`})`)
      }
    })
    // Without a descriptor to spare there are no pipes, and the error is on its way.
    const { stdin, stdout } = parser as Partial<typeof parser>
    stdout?.on('data', (piece: Uint8Array) => received.push(piece))
    // A pipe that breaks tells of it by the end of the process.
    stdin?.on('error', () => {})
    for (const piece of packSnapshot({ ...source, environment: ownVariables(source.environment) }, snapshot)) {
      stdin?.write(piece)
    }
    stdin?.end()
  })
}

function start(url: URL, { execArgv, args }: Manner) {
  return spawn(process.execPath, [...execArgv, fileURLToPath(url), ...args], {
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
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
