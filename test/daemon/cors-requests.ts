// What a browser's page would send through the proxy to a real endpoint, and what it may see of the answer.

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type HttpRequest, loopbackAgent, sendHttp } from '../clients/http-request.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'

/** An answer as far as CORS goes. `vary` holds the names of all its lines, in lower case, sorted. */
export interface CorsAnswer {
  readonly status: number
  readonly code: string | undefined
  readonly fields: Readonly<Record<string, string>>
  readonly vary: readonly string[]
}

export async function ask(request: HttpRequest): Promise<CorsAnswer> {
  const { status, rawHeaders, body } = await sendHttp(request)
  const fields: Record<string, string> = {}
  const vary = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    const value = rawHeaders[index + 1] ?? ''
    if (name === 'vary') for (const part of value.split(',')) vary.add(part.trim().toLowerCase())
    // A second line of one field shows as a joined value, which no expectation has.
    if (name.startsWith('access-control-')) fields[name] = name in fields ? `${fields[name]} AND ${value}` : value
  }
  const code = status >= 400 ? /<Code>(.*?)<\/Code>/.exec(String(body))?.[1] : undefined
  return { status, code, fields, vary: [...vary].sort() }
}

/** URLs of one bucket at `endpoint`, signed as the page's own server would sign them. */
export interface BucketUrls {
  readonly bucket: string
  /** Not signed. */
  object(key: string): string
  get(key: string): Promise<string>
  /** With a signature that the endpoint must refuse. */
  forgedGet(key: string): Promise<string>
  put(key: string): Promise<string>
}

export function bucketUrls(
  server: S3Endpoint,
  endpoint: string,
  bucket: string,
  style: 'path' | 'virtual',
): BucketUrls {
  const client = createClient(server, endpoint, style)
  const { port } = new URL(endpoint)
  const base = style === 'path' ? `${endpoint}/${bucket}` : `http://${bucket}.${server.virtualHost}:${port}`
  const expiresIn = 600
  const get = (key: string) => getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn })
  return {
    bucket,
    object: key => `${base}/${key}`,
    get,
    forgedGet: async key => (await get(key)).replace(/(?<=X-Amz-Signature=)[0-9a-f]{8}/, '01234567'),
    put: key => getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: key }), { expiresIn }),
  }
}

/** Buckets at the server itself, each with `page.txt` in it. */
export async function createBuckets(server: S3Endpoint, buckets: readonly string[]): Promise<void> {
  const client = createClient(server, server.endpoint, 'path')
  for (const Bucket of buckets) {
    await client.send(new CreateBucketCommand({ Bucket }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'page.txt', Body: 'of the page\n' }))
  }
  client.destroy()
}

export async function removeBuckets(
  server: S3Endpoint,
  buckets: readonly string[],
  keys: readonly string[],
): Promise<void> {
  const client = createClient(server, server.endpoint, 'path')
  for (const Bucket of buckets) {
    for (const Key of keys) await client.send(new DeleteObjectCommand({ Bucket, Key }))
    await client.send(new DeleteBucketCommand({ Bucket }))
  }
  client.destroy()
}

export function createClient(server: S3Endpoint, endpoint: string, style: 'path' | 'virtual'): S3Client {
  return new S3Client({
    endpoint: style === 'path' ? endpoint : `http://${server.virtualHost}:${new URL(endpoint).port}`,
    forcePathStyle: style === 'path',
    region: server.region,
    credentials: server,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent: loopbackAgent() },
  })
}
