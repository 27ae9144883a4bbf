// A client program at work on one bucket: its files, its runs, and its requests as they were on the wire.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { awkward, large, small } from './objects.ts'
import {
  type ClientTarget,
  createRecorder,
  type Exchange,
  type Outcomes,
  type Recorder,
  sha256,
  withoutTarget,
} from './outcome.ts'
import { runCommand } from './run-command.ts'
import { tapWire, type WireTap } from './wire-tap.ts'

export interface ToolOptions {
  /**
   * Of a client that makes its requests in no certain number or with no certain fields, only the kinds are kept; of one that
   * the kernel asks, and not always, only of those that write or are refused.
   */
  readonly keep?: 'exchanges' | 'kinds' | 'kinds of writes' | undefined
  /** The client speaks TLS to the tap, whose certificate is for `localhost` and not to be asked for; the server does not. */
  readonly tls?: boolean | undefined
}

export interface ToolSession extends Pick<Recorder, 'record' | 'recordRefusal' | 'exchanged'> {
  /** The endpoint is the tap on the wire. */
  readonly target: ClientTarget
  /** `HOST:PORT` for the addressing style. */
  readonly host: string
  readonly folder: string
  file(name: string): string
  /** Runs a program in the folder; an exit code other than 0 is an error with what it printed. */
  run(
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: Uint8Array,
  ): Promise<Ran>
  /** Text without what differs between any two runs. */
  neutral(text: string): string
}

export interface Ran {
  /** Latin-1, as it came. */
  readonly stdout: string
  readonly output: readonly string[]
  readonly error: readonly string[]
}

/** Everything that is put has been changed at this time. */
const changedAt = new Date('2025-01-02T03:04:05Z')

/** What the requests of the whole run made use of is the result of its last operation. */
export const carried = 'what the requests carried'

export async function inToolSession(
  target: ClientTarget,
  { keep = 'exchanges', tls = false }: ToolOptions,
  work: (session: ToolSession) => Promise<void>,
): Promise<Outcomes> {
  const tap = await tapWire(target.endpoint, { tls })
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-client-'))
  const tapped: ClientTarget = { ...target, endpoint: `http://127.0.0.1:${tap.port}` }
  const recorder = createRecorder(tapped, { sorts: true })
  const watched = (operate: () => Promise<unknown>) => async () => {
    try {
      return await operate()
    } finally {
      const exchanges = takeExchanges(tap, keep)
      for (const { method, status, fields } of exchanges) recorder.exchanged(method, status, fields)
    }
  }
  const neutral = (text: string) => withoutTimes(withoutTarget(text, tapped).replaceAll(folder, 'FOLDER'))
  const session: ToolSession = {
    target: tapped,
    host: target.style === 'path' ? new URL(tapped.endpoint).host : `${target.virtualHost}:${tap.port}`,
    folder,
    file: name => join(folder, name),
    neutral,
    exchanged: () => {},
    record: (operation, operate) => recorder.record(operation, watched(operate)),
    recordRefusal: (operation, operate) => recorder.recordRefusal(operation, watched(operate)),
    async run(command, args, env, input) {
      const { exitCode, stdout, stderr } = await runCommand(command, args, { home: folder, env, input })
      const printed = { output: linesOf(neutral(stdout)), error: linesOf(neutral(stderr)) }
      if (exitCode !== 0) throw Object.assign(new Error(stderr), { outcome: { exitCode, ...printed } })
      return { stdout, ...printed }
    },
  }
  try {
    for (const { key, body } of [small, large]) writeTimed(join(folder, key), body)
    writeTimed(join(folder, 'awkward.bin'), awkward.body)
    await work(session)
    await recorder.record(carried, async () => tap.features().map(neutral))
  } finally {
    await tap.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return recorder.outcomes
}

function takeExchanges(tap: WireTap, keep: ToolOptions['keep']): readonly Exchange[] {
  const all = tap.take()
  if (keep === 'exchanges') return all
  const lasting = ({ method, status }: Exchange) =>
    !['GET', 'HEAD'].includes(method) || (status !== 404 && (status < 200 || status >= 400))
  const exchanges = keep === 'kinds' ? all : all.filter(lasting)
  const kinds = new Map(exchanges.map(({ method, status }) => [`${method} ${status}`, { method, status, fields: {} }]))
  return [...kinds.keys()].sort().flatMap(kind => kinds.get(kind) ?? [])
}

/** Writes a file with a time of change that is the same in every run: some clients store it. */
export function writeTimed(file: string, body: Uint8Array | string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, body)
  utimesSync(file, changedAt, changedAt)
}

/** A folder to synchronise: nested, with an empty file and names that have to be escaped. */
export function writeTree(folder: string): void {
  writeTimed(join(folder, 'empty'), '')
  writeTimed(join(folder, 'index.html'), '<p>The first of them.</p>\n')
  writeTimed(join(folder, 'deep', 'deeper', small.key), small.body)
  writeTimed(join(folder, 'deep', 'ä+b & c=d%20.bin'), awkward.body)
}

/** Another file, one less, and one changed. */
export function changeTree(folder: string): void {
  rmSync(join(folder, 'deep', 'deeper'), { recursive: true })
  writeTimed(join(folder, 'index.html'), '<p>Changed since, and longer than it was.</p>\n')
  writeTimed(join(folder, 'deep', 'new.txt'), 'new\n')
}

/** Every file below `folder` with the hash of its bytes. */
export function readTree(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort()
  return Object.fromEntries(paths.map(path => [path.slice(folder.length + 1), sha256(readFileSync(path))]))
}

/** Times of day, durations, rates and the identifiers of single requests. */
function withoutTimes(text: string): string {
  return text
    .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'TIME')
    .replace(/\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, 'TIME')
    .replace(/\b\d+(?:\.\d+)? ?[kMGT]?i?B\/s/gi, 'RATE')
    .replace(/\b\d+(?:\.\d+)? ?(?:m?s|seconds)\b/g, 'DURATION')
    .replace(/\bctime:\d+/g, 'ctime:TIME')
    .replace(/(request id: |host id: |Request ID: |RequestId: )[^\s,]*/gi, '$1ID')
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line.trim() !== '')
}
