// MinIO, and the proxy before it with a bucket for each rule that is tried, over TLS on the names that a site would give them.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type ProxyProcess, startProxy } from '../../fixtures/proxy-process.ts'
import type { Owner } from '../../fixtures/recording-upstream.ts'
import { startMinio } from '../../servers/minio.ts'
import type { S3Endpoint } from '../../servers/s3-endpoint.ts'
import { type Internet, startInternet } from '../internet.ts'
import { presignUpload } from '../presigned-upload.ts'
import { parquet, pdf, pmtiles } from './library-objects.ts'
import { serveLibraries } from './library-page.ts'

export const page = 'https://my-app.xyz'
export const s3 = 'https://s3.my-app.xyz'

export interface LibraryWorld {
  readonly internet: Internet
  readonly minio: S3Endpoint
  readonly proxy: ProxyProcess
}

/** Starts it with `entries`, rules by bucket. */
export async function startLibraryWorld(
  owner: Owner,
  entries: Readonly<Record<string, readonly object[]>>,
): Promise<LibraryWorld> {
  const internet = await startInternet(owner)
  const minio = await startMinio()
  owner.teardown(() => minio.stop())
  const { hostname } = new URL(s3)
  const { cert, key } = internet.authority.issue([hostname])
  const lines = Object.entries(entries).map(([name, CORSRules]) => `  ${name}: ${JSON.stringify({ CORSRules })}\n`)
  const proxy = await startProxy(
    `upstream: { url: "${minio.endpoint}", credentials: none }\nhosts: [${hostname}]\ntls: { certFile: tls.crt, keyFile: tls.key }\nbuckets:\n${lines.join('')}`,
    { files: { 'tls.crt': cert, 'tls.key': key } },
  )
  owner.teardown(() => proxy.stop('SIGKILL'))
  internet.route(`${hostname}:443`, proxy.port)

  const options = { forcePathStyle: true, region: 'us-east-1', requestChecksumCalculation: 'WHEN_REQUIRED' } as const
  const signer = new S3Client({ ...options, credentials: minio, endpoint: s3 })
  const direct = new S3Client({ ...options, credentials: minio, endpoint: minio.endpoint })
  owner.teardown(() => direct.destroy())
  for (const bucket of Object.keys(entries)) await fill(direct, bucket)
  await internet.serve([page], await serveLibraries((request, response) => void presign(request, response, signer)))
  return { internet, minio, proxy }
}

/** Every client may read its objects. */
async function fill(direct: S3Client, Bucket: string): Promise<void> {
  await direct.send(new CreateBucketCommand({ Bucket }))
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: ['*'] },
    Action: ['s3:GetObject'],
    Resource: [`arn:aws:s3:::${Bucket}/*`],
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] })
  await direct.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  const objects = { 'book.pdf': pdf(), 'table.parquet': parquet, 'map.pmtiles': pmtiles(), 'text.txt': 'some text' }
  for (const [Key, Body] of Object.entries(objects)) await direct.send(new PutObjectCommand({ Bucket, Key, Body }))
}

/** The URL with which Uppy sends a request of an upload. */
async function presign(request: IncomingMessage, response: ServerResponse, signer: S3Client): Promise<void> {
  const asked = new URL(request.url ?? '', page).searchParams
  const signed = { url: await presignUpload(signer, asked.get('bucket') ?? '', asked) }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(signed))
}
