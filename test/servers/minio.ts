// MinIO's community edition. It reflects any Origin, with credentials, which is what this product is there to stop.

import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { findExecutable } from './installed.ts'
import type { S3Endpoint } from './s3-endpoint.ts'
import { answers, createServerFolder, startOrStop, startProcess, stopAll, waitUntilReady } from './server-process.ts'

export const howToGetMinio = 'bash test/servers/install-minio.sh (Go, some minutes)'

/** `S3CORS_MINIO`, else the pinned one that install-minio.sh built into the user's cache folder, else PATH's. */
export function findMinio(): string | undefined {
  const version = readFileSync(new URL('minio-version', import.meta.url), 'utf8').trim()
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return findExecutable(process.env.S3CORS_MINIO, join(cache, 's3-cors-proxy', 'minio', version, 'minio'), 'minio')
}

/** `virtualHost` is its `MINIO_DOMAIN`. */
export async function startMinio(virtualHost = 's3.localhost'): Promise<S3Endpoint> {
  const command = findMinio()
  if (command === undefined) throw new Error(`MinIO is not installed: ${howToGetMinio}`)
  const [port, consolePort] = await freePorts(2)
  const folder = createServerFolder('minio')
  mkdirSync(join(folder, 'data'))
  const address = `127.0.0.1:${port}`
  const credentials = { accessKeyId: 'minio-test-access', secretAccessKey: 'minio-test-secret-0123456789' }
  const args = ['server', join(folder, 'data'), '--address', address, '--console-address', `127.0.0.1:${consolePort}`]
  const server = startProcess('minio', folder, command, args, {
    PATH: process.env.PATH,
    HOME: folder,
    MINIO_ROOT_USER: credentials.accessKeyId,
    MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
    MINIO_DOMAIN: virtualHost,
    MINIO_UPDATE: 'off',
  })
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`http://${address}/minio/health/ready`, status => status === 200))
    return {
      endpoint: `http://${address}`,
      ...credentials,
      region: 'us-east-1',
      virtualHost,
      stop: options => stopAll([server], folder, options),
    }
  })
}
