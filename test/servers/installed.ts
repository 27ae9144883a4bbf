// What of the world's S3 servers and clients is on this machine.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { patientMs } from '../fixtures/patience.ts'

/** Where Debian puts programs and daemons; the test of what is left out gives other folders. */
const systemFolders = (process.env.S3CORS_SYSTEM_PATH ?? '/usr/bin:/usr/sbin').split(delimiter)

/** The first of `names` that can be run: a path as it is, a bare name from PATH and from where Debian puts daemons. */
export function findExecutable(...names: readonly (string | undefined)[]): string | undefined {
  return findIn([...(process.env.PATH ?? '').split(delimiter), ...systemFolders], names)
}

/** Debian's own before another in PATH, so that every machine runs the same one. */
export function findSystemExecutable(...names: readonly string[]): string | undefined {
  return findIn([...systemFolders, ...(process.env.PATH ?? '').split(delimiter)], names)
}

function findIn(folders: readonly string[], names: readonly (string | undefined)[]): string | undefined {
  for (const name of names) {
    if (name === undefined || name === '') continue
    const candidates = name.includes('/') ? [name] : folders.map(folder => join(folder, name))
    const found = candidates.find(isExecutable)
    if (found !== undefined) return found
  }
  return undefined
}

/** A program that is found, and the oldest version that tests are run with: Debian 12's, or what they need. */
export interface VersionedProgram {
  /** As {@link skipWithout} is given it. */
  readonly name: string
  readonly file: string | undefined
  /** Numbers with dots. */
  readonly oldest: string
  /** What makes it say its version; `--version` unless told. */
  readonly versionArguments?: readonly string[]
  /** Files without which it does not do. */
  readonly parts?: readonly string[]
}

/** Why a program that is there does not do, by name. */
const unfit = new Map<string, string>()
/** What was found out of a program, by name and file; `undefined` of one that does. */
const asked = new Map<string, string | undefined>()

/** Its file, if it runs and is new enough; if not, {@link skipWithout} says what is wrong with it. */
export function usable(program: VersionedProgram): string | undefined {
  const { name, file } = program
  if (file === undefined) return undefined
  const key = `${name} ${file}`
  if (!asked.has(key)) asked.set(key, faultOf({ ...program, file }))
  const fault = asked.get(key)
  if (fault === undefined) return file
  unfit.set(name, `${name} ${fault}`)
  return undefined
}

function faultOf({
  file,
  oldest,
  versionArguments = ['--version'],
  parts = [],
}: VersionedProgram & { readonly file: string }): string | undefined {
  const missing = parts.find(part => !existsSync(part))
  if (missing !== undefined) return `lacks ${missing}`
  const { status, stdout, stderr } = spawnSync(file, versionArguments, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patientMs(60_000),
  })
  const version = /(?<![\w.])[vV]?(\d+(?:\.\d+)*)/.exec(stdout + stderr)?.[1]
  if (status !== 0 || version === undefined)
    return `does not run: ${[file, ...versionArguments].join(' ')} tells no version`
  return isAtLeast(version, oldest) ? undefined : `is too old, ${file} is ${version} and tests need ${oldest} or later`
}

function isAtLeast(version: string, oldest: string): boolean {
  const numbers = version.split('.').map(Number)
  for (const [index, least] of oldest.split('.').entries()) {
    const number = numbers[index] ?? 0
    if (number !== Number(least)) return number > Number(least)
  }
  return true
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where test/deploy/install-tools.sh puts the program `name` of tool-versions, built or not. */
export function builtTool(name: string): string | undefined {
  const lines = readFileSync(new URL('../deploy/tool-versions', import.meta.url), 'utf8').split('\n')
  const version = lines.find(line => line.startsWith(`${name} `))?.split(' ')[1]
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return version === undefined ? undefined : join(cache, 's3-cors-proxy', name, version, name)
}

/**
 * The `skip` option of a test that needs `name`: false where it is installed, else one line that says how to get it.
 * With S3CORS_REQUIRE_SERVERS=1, as in CI, a missing one fails the file instead.
 */
export function skipWithout(name: string, isInstalled: boolean, howToGetIt: string): string | false {
  if (isInstalled) return false
  const said = `${unfit.get(name) ?? `${name} is not installed`}: ${howToGetIt}`
  if (process.env.S3CORS_REQUIRE_SERVERS === '1') throw new Error(`${said} (S3CORS_REQUIRE_SERVERS=1 requires it)`)
  return said
}
