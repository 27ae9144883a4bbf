// An HTTP cache of the kind that people put in front of an S3 endpoint, running for a test on a port of 127.0.0.1.

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-ports.ts'
import {
  answers,
  createServerFolder,
  type StopOptions,
  startOrStop,
  startProcess,
  stopAll,
  waitUntilReady,
} from './server-process.ts'

export interface HttpCache {
  readonly port: number
  stop(options?: StopOptions): Promise<void>
}

/** A kind of cache: how it is found, and how it is run before `originPort` with nothing but its documented settings. */
export interface HttpCacheKind {
  readonly name: string
  readonly howToGetIt: string
  find(): string | undefined
  start(originPort: number): Promise<HttpCache>
}

/** What a kind of cache is told of one run. */
export interface HttpCacheRun {
  readonly command: string
  readonly folder: string
  readonly port: number
  readonly originPort: number
}

/** Runs a cache whose arguments `prepare` gives, once its files are written, until it answers. */
export async function startHttpCache(
  kind: HttpCacheKind,
  originPort: number,
  prepare: (run: HttpCacheRun) => readonly string[],
): Promise<HttpCache> {
  const command = kind.find()
  if (command === undefined) throw new Error(`${kind.name} is not installed: ${kind.howToGetIt}`)
  const port = await freePort()
  const folder = createServerFolder(kind.name)
  // Started as root, a cache works as a user of its own, who has to write here.
  chmodSync(folder, 0o777)
  mkdirSync(join(folder, 'cache'))
  chmodSync(join(folder, 'cache'), 0o777)
  const server = startProcess(kind.name, folder, command, prepare({ command, folder, port, originPort }))
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`http://127.0.0.1:${port}/ready`), 30_000)
    return { port, stop: options => stopAll([server], folder, options) }
  })
}

/** Whether this process may give itself another user, as daemons do that root starts. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}
