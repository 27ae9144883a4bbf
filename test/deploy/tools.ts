// Tools that render what is in deploy/: pinned in tool-versions, built by install-tools.sh, or what the machine has.

import { fileURLToPath } from 'node:url'
import { execFile } from '../fixtures/children.ts'
import { builtTool, findExecutable, usable } from '../servers/installed.ts'

export const deployFolder = fileURLToPath(new URL('../../deploy', import.meta.url))

/** A program and the arguments that come before those of a call. */
export type Tool = readonly [program: string, ...first: string[]]

export const howToGetTools = 'bash test/deploy/install-tools.sh (Go 1.26, some minutes)'

/** Of the cache folder, else of PATH; the kustomize that kubectl brings does as well. */
export function findKustomize(): Tool | undefined {
  const kustomize = findExecutable(builtTool('kustomize'), 'kustomize')
  if (kustomize !== undefined) return [kustomize, 'build']
  const kubectl = findExecutable('kubectl')
  return kubectl === undefined ? undefined : [kubectl, 'kustomize']
}

export function findHelm(): Tool | undefined {
  return findTool('Helm', 'helm', 'helm', '3.8')
}

/** Compose by itself: it reads and checks a file without Docker. */
export function findCompose(): Tool | undefined {
  return findTool('Compose', 'compose', 'docker-compose', '2')
}

/** The built one is of the pinned version, and need not know it: Go tells it to what is built by its own name alone. */
function findTool(name: string, pinned: string, installed: string, oldest: string): Tool | undefined {
  const file =
    findExecutable(builtTool(pinned)) ??
    usable({ name, file: findExecutable(installed), oldest, versionArguments: ['version', '--short'] })
  return file === undefined ? undefined : [file]
}

export function findSystemdAnalyze(): Tool | undefined {
  const analyze = usable({ name: 'systemd-analyze', file: findExecutable('systemd-analyze'), oldest: '252' })
  return analyze === undefined ? undefined : [analyze]
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
