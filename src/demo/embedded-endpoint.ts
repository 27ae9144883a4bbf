// An S3 endpoint inside this process, from a development dependency: @20minutes/s3rver, the kept fork of s3rver.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoBuckets, demoObjects } from './demo-objects.ts'
import { hasCode, listenLocally, type Place } from './local-server.ts'

/** What the demo uses of the package, which has no types of its own. */
interface S3rver {
  configureBuckets(): Promise<unknown>
  callback(): RequestListener
}

interface S3rverModule {
  readonly default: new (options: Readonly<Record<string, unknown>>) => S3rver
}

/** A running endpoint. */
export interface EmbeddedEndpoint {
  readonly place: Place
  close(): Promise<void>
}

const packageName: string = '@20minutes/s3rver'

/**
 * Its own CORS, like MinIO's: every origin is reflected, with credentials, whatever the bucket. Read only, unlike MinIO's:
 * no site that happens to be open in the same browser needs to write here.
 */
const permissiveCors = `<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>http*</AllowedOrigin>
    <AllowedMethod>GET</AllowedMethod>
    <AllowedMethod>HEAD</AllowedMethod>
    <AllowedHeader>*</AllowedHeader>
    <ExposeHeader>ETag</ExposeHeader>
  </CORSRule>
</CORSConfiguration>`

/** Starts the endpoint with the demo's objects, or resolves with undefined when the package is not installed. */
export async function startEmbeddedEndpoint(
  wantedPort: number,
  loadPackage: () => Promise<S3rverModule> = () => import(packageName),
): Promise<EmbeddedEndpoint | undefined> {
  const loaded = await loadPackage().catch((error: unknown) => {
    if (hasCode(error, ['ERR_MODULE_NOT_FOUND'])) return undefined
    throw error
  })
  if (loaded === undefined) return undefined
  const directory = await mkdtemp(join(tmpdir(), 's3-cors-proxy-demo-'))
  const s3rver = new loaded.default({
    directory,
    silent: true,
    vhostBuckets: false,
    configureBuckets: demoBuckets.map(name => ({ name, configs: [permissiveCors] })),
  })
  // A server of our own around it: its run() dies of a port that is taken.
  const server = createServer(s3rver.callback())
  async function close(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      server.close(() => resolve())
    })
    server.closeAllConnections()
    await closed
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await s3rver.configureBuckets()
    const place = await listenLocally(server, wantedPort)
    await putObjects(place.url)
    return { place, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function putObjects(url: string): Promise<void> {
  for (const { bucket, key, contentType, body } of demoObjects) {
    const response = await fetch(`${url}/${bucket}/${key}`, {
      method: 'PUT',
      headers: { 'Content-Type': contentType },
      body,
    })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`the embedded endpoint refused ${bucket}/${key}: ${response.status}`)
  }
}
