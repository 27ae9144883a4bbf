// Runs own-client.ts as a process on the load's core.

import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from '../../fixtures/children.ts'
import { loadCore, pinned } from '../machine.ts'
import type { RepeatedRequest, TimedLoadResult } from './load-result.ts'

const client = fileURLToPath(new URL('own-client.ts', import.meta.url))
const execute = promisify(execFile)

/** What own-client.ts is told. */
export interface OwnLoad {
  readonly port: number
  readonly request: RepeatedRequest
  readonly seconds: number
  /** Requests per second, sent when they are due whether or not others were answered; absent: one after the other. */
  readonly rate?: number | undefined
}

export async function runOwnLoad(
  port: number,
  request: RepeatedRequest,
  seconds: number,
  rate?: number,
): Promise<TimedLoadResult> {
  const told: OwnLoad = { port, request, seconds, rate }
  const [command, args] = pinned(loadCore, process.execPath, [client, JSON.stringify(told)])
  const { stdout } = await execute(command, args, { timeout: (seconds + 60) * 1000 })
  return JSON.parse(stdout) as TimedLoadResult
}
