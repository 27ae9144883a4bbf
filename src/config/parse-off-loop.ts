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

/** Far more than a file of 1 MiB needs on a slow machine; and so for each byte of all files. */
const timeoutMs = 20_000
const timeoutMsPerByte = 0.001

/** Nothing that may be configured comes near it: whoever sends more has lost its way. */
const maxResultBytes = 256 * 1024 ** 2

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

/** A process that is not there yet when a signal comes opens no debugger either. */
const undebugged = '--disable-sigusr1'

/** No collection of old objects, each of which may stop the process for 60 ms: of the largest file without faults, this much is never reached. */
const heap = ['--initial-old-space-size=256', '--max-old-space-size=512'] as const

/**
 * A thread of this process would not do: V8 collects its garbage and compiles its code on helper threads, as many as there are
 * cores, and on a machine of few cores they take the one that requests are answered on: their 99th percentile rose by 5 ms.
 * Young objects are collected in many short stops instead of a few long ones.
 */
export const besideRequests: Manner = {
  execArgv: [undebugged, '--single-threaded', '--max-semi-space-size=1', ...heap],
  args: ['--beside-requests'],
}

/** Nobody is waiting for anything else yet. */
const first: Manner = { execArgv: [undebugged, '--max-semi-space-size=4', ...heap], args: [] }

/** What is smaller is read sooner than a process starts. */
const smallBytes = 128 * 1024

/** Why there is no result: nothing that a file could have made better. */
export class ReadingFailure extends Error {
  override readonly name = 'ReadingFailure'
}

/**
 * Parses a snapshot in another process, so that a reload costs the requests under way nothing. Never rejects: a process that
 * fails is a fault whose reason is `internal`.
 */
export const parseOffLoop: ParseSnapshot = async (source, snapshot) => {
  try {
    return await runParser(programUrl, source, snapshot, deadlineMsOf(snapshot), besideRequests)
  } catch (error) {
    if (error instanceof ReadingFailure) return failure(source.file, error.message)
    return failure(source.file, `reading failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * Parses what a process starts with: what is large in another one, whose end takes with it all that was only needed for reading.
 * Here, that would be twice the memory of all the rest, to be collected when the first requests are answered and copied, page by
 * page, for every later process. Where there can be no other process, it is parsed here all the same. Never rejects.
 */
export const parseAtStart: ParseSnapshot = async (source, snapshot) => {
  if (bytesOf(snapshot) < smallBytes) return parseSnapshot(source, snapshot)
  try {
    return await runParser(programUrl, source, snapshot, deadlineMsOf(snapshot), first)
  } catch {
    return parseSnapshot(source, snapshot)
  }
}

function bytesOf(snapshot: Snapshot): number {
  let bytes = 0
  for (const content of snapshot.values()) bytes += content.kind === 'bytes' ? content.bytes.length : 0
  return bytes
}

function deadlineMsOf(snapshot: Snapshot): number {
  return timeoutMs + bytesOf(snapshot) * timeoutMsPerByte
}

/** Runs one program to its result; rejects with a {@link ReadingFailure} when it gives none in time. */
export function runParser(
  url: URL,
  source: ConfigurationSource,
  snapshot: Snapshot,
  deadlineMs: number,
  manner: Manner,
): Promise<SnapshotResult> {
  return new Promise((resolve, reject) => {
    const parser = start(url, manner)
    const received: Uint8Array[] = []
    let receivedBytes = 0
    const kill = () => void parser.kill('SIGKILL')
    const end = () => {
      clearTimeout(timer)
      process.off('exit', kill)
      kill()
    }
    const fail = (message: string) => {
      end()
      reject(new ReadingFailure(message))
    }
    const timer = setTimeout(() => fail(`reading took longer than ${deadlineMs / 1000} seconds`), deadlineMs)
    process.once('exit', kill)
    parser.on('error', error => fail(`reading failed: ${error.message}`))
    parser.once('close', (code, signal) => {
      end()
      try {
        resolve(unpackResult(received))
      } catch {
        fail(`reading ended without a result (${signal ?? `exit code ${code}`})`)
      }
    })
    // Without a descriptor to spare there are no pipes, and the error is on its way.
    const { stdin, stdout } = parser as Partial<typeof parser>
    stdout?.on('data', (piece: Uint8Array) => {
      receivedBytes += piece.length
      if (receivedBytes > maxResultBytes) fail(`reading gave more than ${maxResultBytes} bytes`)
      else received.push(piece)
    })
    // Pipes that break tell of it by the end of the process.
    for (const pipe of [stdin, stdout]) pipe?.on('error', () => {})
    for (const piece of packSnapshot({ ...source, environment: ownVariables(source.environment) }, snapshot)) {
      stdin?.write(piece)
    }
    stdin?.end()
  })
}

/** Throws where a process of this kind may not be started at all. */
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
