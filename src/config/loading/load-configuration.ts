import { createHash } from 'node:crypto'
import type { Environment, Flags } from '../environment.ts'
import { type FileContent, readFileContent } from '../files/file-content.ts'
import { type ParsedConfiguration, parseConfiguration } from './parse-configuration.ts'

/** Everything a configuration is made of but the content of files. Plain data. */
export interface ConfigurationSource {
  /** Absent: all of it comes from variables and flags. */
  readonly file?: string | undefined
  readonly environment: Environment
  readonly flags: Flags
}

/** The content of the file and of the CORS files it names, read at one time. */
export type Snapshot = ReadonlyMap<string, FileContent>

/** What was made of a snapshot, and the CORS files it lacks: then the result says nothing yet. */
export interface SnapshotResult {
  readonly parsed: ParsedConfiguration
  readonly wanted: readonly string[]
}

/** Makes a configuration of a snapshot: here, or in another process. */
export type ParseSnapshot = (source: ConfigurationSource, snapshot: Snapshot) => Promise<SnapshotResult>

/** Reads one file; never rejects. */
export type ReadContent = (path: string) => Promise<FileContent>

/** The configuration, or every issue; and the snapshot that it was made of. */
export interface LoadedConfiguration {
  readonly parsed: ParsedConfiguration
  readonly snapshot: Snapshot
}

/** Parses on this thread, from the snapshot alone. */
export function parseSnapshot({ file, environment, flags }: ConfigurationSource, snapshot: Snapshot): SnapshotResult {
  const wanted: string[] = []
  const content = file === undefined ? undefined : snapshot.get(file)
  if (file !== undefined && content === undefined) wanted.push(file)
  const contentOf = (path: string): FileContent => {
    const found = snapshot.get(path)
    if (found === undefined) wanted.push(path)
    return found ?? { kind: 'failed', message: 'the file has not been read yet' }
  }
  const parsed = parseConfiguration(content, file, environment, flags, contentOf)
  return { parsed, wanted }
}

const parseHere: ParseSnapshot = async (source, snapshot) => parseSnapshot(source, snapshot)

/** Reads the file and the CORS files it names from disk, and parses them. Never rejects: what fails is a fault. */
export async function loadConfiguration(
  source: ConfigurationSource,
  read: ReadContent = readFileContent,
  parse: ParseSnapshot = parseHere,
): Promise<LoadedConfiguration> {
  let snapshot = await readAll(source.file === undefined ? [] : [source.file], read)
  let result = await parse(source, snapshot)
  if (result.wanted.length > 0) {
    snapshot = new Map([...snapshot, ...(await readAll(result.wanted, read))])
    result = await parse(source, snapshot)
  }
  return { parsed: result.parsed, snapshot }
}

/** Reads every path once, in the order given. */
export async function readAll(paths: Iterable<string>, read: ReadContent): Promise<Snapshot> {
  const unique = [...new Set(paths)]
  const contents = await Promise.all(unique.map(path => read(path)))
  return new Map(unique.map((path, index) => [path, contents[index] ?? { kind: 'failed', message: 'not read' }]))
}

/** One word for the whole of a snapshot: equal when every file reads the same. */
export function fingerprint(snapshot: Snapshot): string {
  const hash = createHash('sha256')
  for (const [path, content] of snapshot) {
    const body = content.kind === 'bytes' ? content.bytes : new TextEncoder().encode(content.message)
    hash.update(`${JSON.stringify(path)} ${content.kind} ${body.length}\n`).update(body)
  }
  return hash.digest('hex')
}

/** The SHA-256 of a file's bytes, as `sha256sum` prints it; undefined when it is not there. */
export function digestOf(snapshot: Snapshot, file: string | undefined): string | undefined {
  const content = file === undefined ? undefined : snapshot.get(file)
  return content?.kind === 'bytes' ? createHash('sha256').update(content.bytes).digest('hex') : undefined
}

/** Whether every file of two snapshots reads the same, in the order they were read. */
export function isSameSnapshot(one: Snapshot, other: Snapshot): boolean {
  const others = [...other]
  return (
    one.size === others.length &&
    [...one].every(([path, content], index) => {
      const [otherPath, otherContent] = others[index] ?? []
      return path === otherPath && otherContent !== undefined && isSameContent(content, otherContent)
    })
  )
}

function isSameContent(one: FileContent, other: FileContent): boolean {
  if (one.kind === 'bytes') return other.kind === 'bytes' && Buffer.compare(one.bytes, other.bytes) === 0
  return other.kind === 'failed' && other.message === one.message
}
