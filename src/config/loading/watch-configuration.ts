import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Configuration } from '../configuration.ts'
import { FileBuffers } from '../files/file-buffers.ts'
import { readFileContent } from '../files/file-content.ts'
import type { ConfigurationIssue } from '../issue.ts'
import {
  type ConfigurationSource,
  digestOf,
  fingerprint,
  isSameSnapshot,
  type LoadedConfiguration,
  type ParseSnapshot,
  type ReadContent,
  readAll,
  type Snapshot,
} from './load-configuration.ts'
import type { ParsedConfiguration } from './parse-configuration.ts'
import { parseForReload } from './parser-process.ts'
import { Retries } from './retries.ts'

/** What became of one look at the files. */
export type ReloadResult =
  /** Nothing changes by it: what the files say is in force. `issues` of what was read. */
  | { readonly kind: 'unchanged'; readonly issues?: readonly ConfigurationIssue[] | undefined }
  | { readonly kind: 'applied'; readonly issues: readonly ConfigurationIssue[] }
  | { readonly kind: 'refused'; readonly issues: readonly ConfigurationIssue[] }
  /** The files kept changing while they were read, or the watch has been stopped: the next look decides. */
  | { readonly kind: 'unsettled' }

/** What putting a configuration into force came to; undefined: it is in force anew. */
export type ApplyResult = 'applied' | 'unchanged' | undefined

/** Calls `changed` when something in `directory` may have changed, until the function it gave back is called. */
export type WatchDirectory = (directory: string, changed: () => void) => () => void

/** What a watch needs; the later members have defaults and are there for tests. */
export interface WatchOptions {
  readonly source: ConfigurationSource
  readonly loaded: LoadedConfiguration
  /**
   * Puts a configuration without faults into force; `parsed` has its warnings. When it throws or rejects, the running one stays. `sha256` is that of the
   * file, see {@link digestOf}. `unchanged`: it was in force already.
   */
  readonly apply: (
    configuration: Configuration,
    parsed: ParsedConfiguration,
    sha256: string | undefined,
  ) => ApplyResult | Promise<ApplyResult>
  /** Hears of faults, once for each state of the files; the configuration that runs stays. */
  readonly refuse: (issues: readonly ConfigurationIssue[]) => void
  readonly parse?: ParseSnapshot | undefined
  readonly read?: ReadContent | undefined
  readonly watchDirectory?: WatchDirectory | undefined
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** A running watch. */
export interface ConfigurationWatch {
  /** Looks now (SIGHUP, `POST /reload`) and reads even what has not changed; looks never overlap. */
  trigger(): Promise<ReloadResult>
  /** Ends the watch; a look under way applies nothing any more. */
  stop(): void
}

/** Catches what a directory watch misses: network file systems, and directories that were replaced. */
const pollMs = 1500

/** One save is several events; a thousand saves are one look. */
const debounceMs = 50

/** Two reads this far apart must be equal: an editor or a copy writes in steps. */
const settleMs = 100

/** 5 seconds of a file that changes all the time; then the next poll tries again. */
const maxSettleReads = 50

/**
 * Watches the file and its CORS files, and applies every good state of them.
 *
 * Directories are watched, never files: Kubernetes replaces a link beside the file, and a watch of the file itself hears
 * the first such swap only.
 */
export function watchConfiguration(options: WatchOptions): ConfigurationWatch {
  const { source, apply, refuse } = options
  const { parse = parseForReload, watchDirectory = watchWithFs, sleep = sleepAbortable } = options
  const buffers = new FileBuffers()
  const { read = path => readFileContent(path, buffers.take) } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const main = source.file === undefined ? [] : [source.file]
  let watched: readonly string[] = pathsOf(options.loaded.snapshot, main)
  let seen = fingerprint(options.loaded.snapshot)
  const retries = new Retries()
  const directories = new Map<string, () => void>()
  let last: Promise<unknown> = Promise.resolve()
  let queued: Promise<ReloadResult> | undefined
  let forced = false
  let applied = 0
  let nudged = false

  const settle = async (paths: readonly string[], first: Snapshot | undefined): Promise<Snapshot | undefined> => {
    let before = first ?? (await readAll(paths, read))
    for (let reads = 1; reads < maxSettleReads && !signal.aborted; reads++) {
      await sleep(settleMs, signal)
      const after = await readAll(paths, read)
      const isSettled = isSameSnapshot(before, after)
      buffers.giveBack(before.values())
      if (isSettled) return after
      before = after
    }
    buffers.giveBack(before.values())
    return undefined
  }

  const look = async (force: boolean): Promise<ReloadResult> => {
    armDirectories()
    const first = await readAll(watched, read)
    const found = fingerprint(first)
    if (!force && (found === seen || retries.isPutOff(found))) {
      buffers.giveBack(first.values())
      return { kind: 'unchanged' }
    }
    let snapshot = await settle(watched, first)
    if (snapshot === undefined) return { kind: 'unsettled' }
    let result = await parse(source, snapshot)
    if (result.wanted.length > 0) {
      buffers.giveBack(snapshot.values())
      snapshot = await settle([...snapshot.keys(), ...result.wanted], undefined)
      if (snapshot === undefined) return { kind: 'unsettled' }
      result = await parse(source, snapshot)
      // The file was replaced between the two: what it names now has not been read twice.
      if (result.wanted.length > 0) return { kind: 'unsettled' }
    }
    if (signal.aborted) return { kind: 'unsettled' }
    const { configuration, issues, corsFiles } = result.parsed
    // A file whose faults hide which CORS files it names keeps the ones that were known.
    watched = configuration === undefined ? [...new Set([...watched, ...corsFiles])] : [...main, ...corsFiles]
    const state = fingerprint(new Map(watched.map(path => [path, snapshot.get(path) ?? unread])))
    const sha256 = digestOf(snapshot, source.file)
    buffers.giveBack(snapshot.values())
    armDirectories()
    if (configuration === undefined) {
      if (issues.some(({ reason }) => reason === 'internal')) {
        if (!retries.putOff(state)) return { kind: 'refused', issues }
      } else seen = state
      refuse(issues)
      return { kind: 'refused', issues }
    }
    seen = state
    retries.forget()
    try {
      if ((await apply(configuration, result.parsed, sha256)) === 'unchanged') return { kind: 'unchanged', issues }
    } catch (error) {
      return { kind: 'refused', issues: [notApplied(main[0], error), ...issues] }
    }
    applied++
    return { kind: 'applied', issues }
  }

  /** Asks for one more look after the one under way; all callers in the meantime share it. */
  const enqueue = (force: boolean): Promise<ReloadResult> => {
    forced ||= force
    queued ??= last.then(async () => {
      queued = undefined
      const now = forced
      forced = false
      return signal.aborted ? { kind: 'unsettled' } : await look(now)
    })
    last = queued.catch(() => undefined)
    return queued
  }

  const nudge = () => {
    if (nudged || signal.aborted) return
    nudged = true
    void sleep(debounceMs, signal).then(() => {
      nudged = false
      return enqueue(false).catch(() => undefined)
    })
  }

  const armDirectories = () => {
    const needed = new Set(watched.map(path => dirname(path)))
    for (const [directory, close] of directories) {
      if (needed.has(directory)) continue
      close()
      directories.delete(directory)
    }
    for (const directory of needed) {
      if (!signal.aborted && !directories.has(directory)) directories.set(directory, watchDirectory(directory, nudge))
    }
  }

  const poll = async () => {
    while (!signal.aborted) {
      await sleep(pollMs, signal)
      if (!signal.aborted) await enqueue(false).catch(() => undefined)
    }
  }

  armDirectories()
  if (main.length > 0) void poll()
  return {
    async trigger() {
      const before = applied
      const result = await enqueue(true)
      // A look that was under way has put into force what the caller means.
      if (result.kind !== 'unchanged' || applied === before) return result
      return { kind: 'applied', issues: result.issues ?? [] }
    },
    stop() {
      stopping.abort()
      for (const close of directories.values()) close()
      directories.clear()
    },
  }
}

const unread = { kind: 'failed', message: 'the file has not been read yet' } as const

function pathsOf(snapshot: Snapshot, main: readonly string[]): readonly string[] {
  return [...new Set([...main, ...snapshot.keys()])]
}

function notApplied(file: string | undefined, error: unknown): ConfigurationIssue {
  const message = `not put into force: ${error instanceof Error ? error.message : String(error)}`
  const place = { file: file ?? 'configuration', path: [], value: undefined }
  return { severity: 'fault', reason: 'not-applied', ...place, message, allowed: '' }
}

/** A directory that cannot be watched is left to the poll. */
function watchWithFs(directory: string, changed: () => void): () => void {
  try {
    const watcher = watch(directory, { persistent: false }, changed)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}

/** The poll alone keeps no process alive; a look under way does, because a caller may wait for its result. */
async function sleepAbortable(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: ms < pollMs }).catch(() => undefined)
}
