import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CorsRule } from '../../cors/rules/rule.ts'
import type { BucketConfiguration } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { debuggerOff } from './debugger-off.ts'
import {
  type ConfigurationSource,
  type ParseSnapshot,
  parseSnapshot,
  type Snapshot,
  type SnapshotResult,
} from './load-configuration.ts'

/** Far more than a file of 1 MiB needs on a slow machine; and so for each byte of all files. */
const timeoutMs = 20_000
const timeoutMsPerByte = 0.001

/**
 * What is smaller is parsed sooner than a process starts, unless it holds more that YAML has to take apart than rules do: 128 KiB
 * of commas hold the event loop for a second and more.
 */
const smallBytes = 128 * 1024
const smallMarks = 10_000

/** The program of the process: `.js` as built, `.ts` when the sources run as they are. */
const programUrl = new URL(
  import.meta.url.endsWith('.ts') ? './parser-program.ts' : './parser-program.js',
  import.meta.url,
)

const maxHeapMegabytes = 512
const outOfMemory = `reading needs more than ${maxHeapMegabytes} MB of memory`

/**
 * V8's flags for the process. No collection of old
 * objects, which stops the process: the largest file without faults never reaches the first bound; the
 * second is the most memory that a faulty one may take.
 */
export const parserFlags = [
  debuggerOff,
  '--initial-old-space-size=256',
  `--max-old-space-size=${maxHeapMegabytes}`,
] as const

/** What the process is asked. */
export interface ParserRequest {
  readonly source: ConfigurationSource
  readonly snapshot: Snapshot
}

/** What it answers: a result whose buckets have no rules, and those of each bucket as JSON. */
export interface ParserReply {
  readonly result: SnapshotResult
  readonly rules: readonly string[]
}

/** Why there is no result, where a better file could not have changed it. */
export class ParserFailure extends Error {
  override readonly name = 'ParserFailure'
}

/**
 * Parses the snapshot of a reload, a large one in another process, so that it costs the requests under way nothing. Never rejects:
 * a process that fails is a fault whose reason is `internal`.
 */
export const parseForReload: ParseSnapshot = async (source, snapshot) => {
  if (isSmall(snapshot)) return parseSnapshot(source, snapshot)
  try {
    return await parseInProcess(programUrl, source, snapshot, deadlineMsOf(snapshot), ['--beside-requests'])
  } catch (error) {
    if (error instanceof ParserFailure) return failure(source.file, error.message)
    return failure(source.file, `reading failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * Parses what the proxy starts with, a large snapshot in another process, whose end frees the memory that only parsing needs: in
 * this process that would be twice the memory of all the rest. Where another process fails, this one parses. Never rejects.
 */
export const parseForStart: ParseSnapshot = async (source, snapshot) => {
  if (isSmall(snapshot)) return parseSnapshot(source, snapshot)
  try {
    return await parseInProcess(programUrl, source, snapshot, deadlineMsOf(snapshot))
  } catch (error) {
    // Here it would take as much.
    if (error instanceof ParserFailure && error.message === outOfMemory) return failure(source.file, outOfMemory)
    return parseSnapshot(source, snapshot)
  }
}

/** The ends of lines, and YAML's indicators: https://yaml.org/spec/1.2.2/#53-indicator-characters. */
const isMark = new Uint8Array(256)
for (const mark of '\n-?:,[]{}&*!|>%\'"') isMark[mark.charCodeAt(0)] = 1

/** Whether this process parses it by itself. */
export function isSmall(snapshot: Snapshot): boolean {
  if (bytesOf(snapshot) >= smallBytes) return false
  let marks = 0
  for (const content of snapshot.values()) {
    if (content.kind === 'bytes') for (const byte of content.bytes) marks += isMark[byte] as number
  }
  return marks < smallMarks
}

function bytesOf(snapshot: Snapshot): number {
  let bytes = 0
  for (const content of snapshot.values()) bytes += content.kind === 'bytes' ? content.bytes.length : 0
  return bytes
}

function deadlineMsOf(snapshot: Snapshot): number {
  return timeoutMs + bytesOf(snapshot) * timeoutMsPerByte
}

/** Has a program parse the snapshot; rejects with a {@link ParserFailure} when there is no result in time. */
export function parseInProcess(
  program: URL,
  source: ConfigurationSource,
  snapshot: Snapshot,
  deadlineMs: number,
  args: readonly string[] = [],
): Promise<SnapshotResult> {
  return new Promise((resolve, reject) => {
    const parser = fork(fileURLToPath(program), [...args], {
      execArgv: [...parserFlags],
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const kill = () => void parser.kill('SIGKILL')
    const end = () => {
      clearTimeout(timer)
      process.off('exit', kill)
      kill()
    }
    const fail = (message: string) => {
      end()
      reject(new ParserFailure(message))
    }
    const timer = setTimeout(() => fail(`reading took longer than ${deadlineMs / 1000} seconds`), deadlineMs)
    process.once('exit', kill)
    parser.on('error', error => fail(`reading failed: ${error.message}`))
    parser.once('message', reply => {
      end()
      resolve(resultOf(reply as unknown as ParserReply))
    })
    parser.once('close', (code, signal) => fail(endOf(code, signal)))
    // A process that could not be started has no channel; one that ends before it has read the request tells so by its end.
    if (parser.connected) parser.send(requestFor(source, snapshot), () => {})
  })
}

/**
 * A result as one message. As objects, the rules of the largest configuration are a hundred thousand: to receive them while
 * requests are answered stops the process again and again (`bench --scenario full-configuration`).
 */
export function replyOf(result: SnapshotResult): ParserReply {
  const { configuration } = result.parsed
  if (configuration === undefined) return { result, rules: [] }
  const buckets = configuration.buckets.map(bucket => ({ ...bucket, rules: [], ruleCount: bucket.rules.length }))
  return {
    result: { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets } } },
    rules: configuration.buckets.map(({ rules }) => JSON.stringify(rules)),
  }
}

/** The JSON that a bucket's rules are made of. */
const rulesTexts = new WeakMap<BucketConfiguration, string>()

/** A bucket's rules as JSON, the same for the same rules: what is large is not read for it. */
export function rulesTextOf(bucket: BucketConfiguration): string {
  return rulesTexts.get(bucket) ?? JSON.stringify(bucket.rules)
}

/** The same result, whose buckets make their rules of the JSON whenever they are read. */
function resultOf({ result, rules }: ParserReply): SnapshotResult {
  const { configuration } = result.parsed
  if (configuration === undefined) return result
  const buckets = configuration.buckets.map((bucket, index): BucketConfiguration => {
    const json = rules[index] ?? '[]'
    const entry = {
      ...bucket,
      // An own property, so that the configuration can be sent on to other processes.
      get rules() {
        return JSON.parse(json) as readonly CorsRule[]
      },
    }
    rulesTexts.set(entry, json)
    return entry
  })
  return { ...result, parsed: { ...result.parsed, configuration: { ...configuration, buckets } } }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  // What V8 does at the end of the memory that it may have.
  if (signal === 'SIGABRT') return outOfMemory
  return `reading ended without a result (${signal ?? `exit code ${code}`})`
}

/** Without the endpoint's keys: they are no part of a configuration. */
function requestFor(source: ConfigurationSource, snapshot: Snapshot): ParserRequest & object {
  return { source: { ...source, environment: ownVariables(source.environment) }, snapshot }
}

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
    parsed: {
      configuration: undefined,
      issues: [{ ...issue, file: file ?? 'configuration' }],
      corsFiles: [],
      pemFiles: [],
      places: [],
    },
    wanted: [],
  }
}
