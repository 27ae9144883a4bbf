// rclone's S3 server over a folder: it verifies signatures, and takes DELETE ?cors with 204 although it keeps no rules.

import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { findExecutable } from './installed.ts'
import type { S3Endpoint } from './s3-endpoint.ts'
import { answers, createServerFolder, startOrStop, startProcess, stopAll, waitUntilReady } from './server-process.ts'

export const howToGetRclone = 'bash test/servers/install-rclone.sh (Go, some minutes)'

/** `S3CORS_RCLONE`, else the pinned one that install-rclone.sh built into the user's cache folder. */
export function findRclone(): string | undefined {
  const version = readFileSync(new URL('rclone-version', import.meta.url), 'utf8').trim()
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return findExecutable(process.env.S3CORS_RCLONE, join(cache, 's3-cors-proxy', 'rclone', version, 'rclone'))
}

/** Knows path-style requests alone. */
export async function startRclone(): Promise<S3Endpoint> {
  const command = findRclone()
  if (command === undefined) throw new Error(`rclone is not installed: ${howToGetRclone}`)
  const [port] = await freePorts(1)
  const folder = createServerFolder('rclone')
  mkdirSync(join(folder, 'data'))
  const credentials = { accessKeyId: 'rclone-test-access', secretAccessKey: 'rclone-test-secret-0123456789' }
  const keys = `${credentials.accessKeyId},${credentials.secretAccessKey}`
  const address = `127.0.0.1:${port}`
  const args = ['serve', 's3', '--addr', address, '--auth-key', keys, join(folder, 'data')]
  const server = startProcess('rclone', folder, command, args, { PATH: process.env.PATH, HOME: folder })
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`http://${address}/`))
    return {
      endpoint: `http://${address}`,
      ...credentials,
      region: 'us-east-1',
      virtualHost: '',
      stop: options => stopAll([server], folder, options),
    }
  })
}
