// Tools that render what is in deploy/: pinned in tool-versions, built by install-tools.sh, or what the machine has.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findExecutable } from '../servers/installed.ts'

export const deployFolder = fileURLToPath(new URL('../../deploy', import.meta.url))

/** A program and the arguments that come before those of a call. */
export type Tool = readonly [program: string, ...first: string[]]

export const howToGetTools = 'bash test/deploy/install-tools.sh (Go, some minutes)'

/** Of the cache folder, else of PATH; the kustomize that kubectl brings does as well. */
export function findKustomize(): Tool | undefined {
  const kustomize = findExecutable(cached('kustomize'), 'kustomize')
  if (kustomize !== undefined) return [kustomize, 'build']
  const kubectl = findExecutable('kubectl')
  return kubectl === undefined ? undefined : [kubectl, 'kustomize']
}

export function findHelm(): Tool | undefined {
  const helm = findExecutable(cached('helm'), 'helm')
  return helm === undefined ? undefined : [helm]
}

/** Compose by itself: it reads and checks a file without Docker. */
export function findCompose(): Tool | undefined {
  const compose = findExecutable(cached('compose'), 'docker-compose')
  return compose === undefined ? undefined : [compose]
}

export function findSystemdAnalyze(): Tool | undefined {
  const analyze = findExecutable('systemd-analyze')
  return analyze === undefined ? undefined : [analyze]
}

function cached(name: string): string | undefined {
  const lines = readFileSync(new URL('tool-versions', import.meta.url), 'utf8').split('\n')
  const version = lines.find(line => line.startsWith(`${name} `))?.split(' ')[1]
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return version === undefined ? undefined : join(cache, 's3-cors-proxy', name, version, name)
}

export interface ToolResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a tool to its end, in deploy/ unless told otherwise, and without a cluster, an engine or an account to find. */
export function runTool(
  [program, ...first]: Tool,
  args: readonly string[],
  { cwd = deployFolder, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ToolResult> {
  const { PATH, HOME, TMPDIR } = process.env
  return new Promise(resolve => {
    execFile(
      program,
      [...first, ...args],
      {
        cwd,
        env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), KUBECONFIG: '/dev/null', ...env },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ exitCode, stdout, stderr: error === null || stderr !== '' ? stderr : error.message })
      },
    )
  })
}
