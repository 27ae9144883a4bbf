// httpx, a client library of Python that speaks HTTP/2 with the package h2.

import { execFileSync } from 'node:child_process'
import { findExecutable, findSystemExecutable } from '../servers/installed.ts'

export const howToGetHttpx = 'apt-get install --no-install-recommends python3-httpx python3-h2'

let found: string | false | undefined

/** A Python that has both. */
export function findHttpx(): string | undefined {
  found ??= [findSystemExecutable('python3'), findExecutable('python3')].find(hasHttpx) ?? false
  return found === false ? undefined : found
}

function hasHttpx(python: string | undefined): python is string {
  if (python === undefined) return false
  try {
    execFileSync(python, ['-c', 'import httpx, h2'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
