// What of the world's S3 servers and clients is on this machine.

import { accessSync, constants, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The first of `names` that can be run: a path as it is, a bare name from PATH and from where Debian puts daemons. */
export function findExecutable(...names: readonly (string | undefined)[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin']
  for (const name of names) {
    if (name === undefined || name === '') continue
    const candidates = name.includes('/') ? [name] : folders.map(folder => join(folder, name))
    const found = candidates.find(isExecutable)
    if (found !== undefined) return found
  }
  return undefined
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
  if (process.env.S3CORS_REQUIRE_SERVERS === '1') throw new Error(`${name} is required and missing: ${howToGetIt}`)
  return `${name} is not installed: ${howToGetIt}`
}
