// A program of another project, run for a test: its own folder, its output in a file, a group of its own that ends with it.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn } from '../fixtures/children.ts'
import { patientMs } from '../fixtures/patience.ts'

export interface StopOptions {
  /** Keeps the server's folder, logs included, and says where it is: for a test that failed. */
  readonly keepLogs?: boolean | undefined
}

export interface ServerProcess {
  readonly name: string
  /** 0 when it could not be started. */
  readonly pid: number
  readonly logFile: string
  hasExited(): boolean
  /** SIGTERM, and SIGKILL for one that has not gone ten seconds later, and for what it leaves of its group. */
  stop(): Promise<void>
}

export function createServerFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `s3-cors-proxy-${name}-`))
}

export function startProcess(
  name: string,
  folder: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ServerProcess {
  const logFile = join(folder, `${name}.log`)
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const exited = new Promise<void>(resolve => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  const hasExited = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    hasExited,
    async stop() {
      if (!hasExited()) child.kill('SIGTERM')
      const lateKill = setTimeout(() => child.kill('SIGKILL'), patientMs(10_000))
      await exited
      clearTimeout(lateKill)
      killGroup(child.pid)
    },
  }
}

/** What a server has started and not ended. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is empty.
  }
}

/** Asks `isReady` until it says yes; a server that exited or is not ready in time throws the end of its log. */
export async function waitUntilReady(
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  timeoutMs = 120_000,
): Promise<void> {
  const deadline = Date.now() + patientMs(timeoutMs)
  while (!(await isReady().catch(() => false))) {
    if (server.hasExited()) throw new Error(`${server.name} exited at start\n${lastLines(server.logFile)}`)
    if (Date.now() > deadline) {
      throw new Error(`${server.name} was not ready after ${timeoutMs / 1000} s\n${lastLines(server.logFile)}`)
    }
    await sleep(100)
  }
}

/** True when `url` answers with a status that `accepts` takes. */
export async function answers(url: string, accepts: (status: number) => boolean = () => true): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(patientMs(5_000)) })
  await response.arrayBuffer()
  return accepts(response.status)
}

/** Stops `servers` in the order given and removes `folder`, unless its logs are wanted. */
export async function stopAll(servers: readonly ServerProcess[], folder: string, options?: StopOptions): Promise<void> {
  for (const server of servers) await server.stop()
  if (options?.keepLogs) console.error(`logs kept in ${folder}`)
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Runs `start`; if it throws, what it had started is stopped and its logs stay. */
export async function startOrStop<T>(servers: ServerProcess[], folder: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    await stopAll(servers.toReversed(), folder, { keepLogs: true })
    throw error
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n')
}
