// What stands around the browsers: one configuration in front of MinIO and of a scripted endpoint, each of them a process
// with its own TLS, on the names that a site would give them.

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { scrape, sumOf } from '../../fixtures/exposition.ts'
import { type ProxyProcess, startProxy } from '../../fixtures/proxy-process.ts'
import { type Owner, type RecordingUpstream, startRecordingUpstream } from '../../fixtures/recording-upstream.ts'
import { findMinio, startMinio } from '../../servers/minio.ts'
import type { S3Endpoint } from '../../servers/s3-endpoint.ts'
import { type Internet, startInternet } from '../internet.ts'
import { presignUpload } from '../presigned-upload.ts'
import { bundleClients, pageHtml } from './matrix-page.ts'
import { font, png } from './sample-media.ts'
import { scriptAnswers } from './scripted-answers.ts'

export const page = 'https://my-app.xyz'
/** Same site as the page, as cookies need it. */
export const origins = {
  MinIO: 'https://s3.my-app.xyz',
  scripted: 'https://scripted.my-app.xyz',
  matched: 'https://matched.my-app.xyz',
}

export type EndpointName = keyof typeof origins

const buckets = `
buckets:
  media:
    CORSRules:
      - AllowedOrigins: ["https://my-app.xyz"]
        AllowedMethods: [GET, HEAD, PUT, POST]
        AllowedHeaders: ["*"]
        ExposeHeaders: [ETag, Content-Range, x-amz-meta-case, x-amz-checksum-crc32]
        MaxAgeSeconds: 600
  writing:
    CORSRules:
      - AllowedOrigins: ["https://my-app.xyz"]
        AllowedMethods: [GET, PUT, POST]
        AllowedHeaders: ["*"]
        ExposeHeaders: [ETag]
  reading:
    CORSRules:
      - AllowedOrigins: ["https://my-app.xyz"]
        AllowedMethods: [GET]
        AllowedHeaders: [x-amz-*]
        MaxAgeSeconds: 0
  everyone: { CORSRules: [{ AllowedOrigins: ["*"], AllowedMethods: [GET, PUT] }] }
  nulls: { CORSRules: [{ AllowedOrigins: ["null"], AllowedMethods: [GET, PUT] }] }
  others: { CORSRules: [{ AllowedOrigins: ["https://other.example"], AllowedMethods: [GET, PUT], AllowedHeaders: ["*"] }] }
`

export interface MatrixWorld {
  readonly internet: Internet
  readonly upstream: RecordingUpstream
  readonly minio: S3Endpoint | undefined
  /** Signs for the proxy's name, and connects to nothing. */
  readonly signer: S3Client
  /** How many preflights a proxy has answered. */
  preflights(endpoint: EndpointName): Promise<number>
  /** The versions of HTTP that requests to the proxies came by. */
  protocols(): readonly string[]
  /** What MinIO itself has. */
  stored(key: string): Promise<Buffer>
}

/** `http2`: the proxies offer it. */
export async function startMatrixWorld(owner: Owner, http2: boolean): Promise<MatrixWorld> {
  const internet = await startInternet(owner)
  const { cert, key } = internet.authority.issue(Object.values(origins).map(origin => new URL(origin).hostname))
  const upstream = await startRecordingUpstream(owner, { ...scriptAnswers(), keepBytes: false })
  const minio = findMinio() === undefined ? undefined : await startMinio()
  if (minio !== undefined) owner.teardown(() => minio.stop())
  const adminUrls = new Map<EndpointName, string>()
  const proxies: ProxyProcess[] = []

  async function front(name: EndpointName, url: string, options = ''): Promise<void> {
    const proxy = await startProxy(
      `upstream: { url: "${url}", credentials: none }\nhosts: [${new URL(origins[name]).hostname}]\ntls: { certFile: tls.crt, keyFile: tls.key, http2: ${http2} }\nlog: { access: true }\n${options}${buckets}`,
      { files: { 'tls.crt': cert, 'tls.key': key } },
    )
    owner.teardown(() => proxy.stop('SIGKILL'))
    internet.route(`${new URL(origins[name]).hostname}:443`, proxy.port)
    adminUrls.set(name, proxy.adminUrl)
    proxies.push(proxy)
  }
  await front('scripted', upstream.url)
  await front('matched', upstream.url, 'vary: matched\n')
  if (minio !== undefined) await front('MinIO', minio.endpoint)

  const options = { forcePathStyle: true, region: 'us-east-1', requestChecksumCalculation: 'WHEN_REQUIRED' } as const
  const credentials = minio ?? { accessKeyId: 'none', secretAccessKey: 'none' }
  const signer = new S3Client({ ...options, credentials, endpoint: origins.MinIO })
  const direct = new S3Client({ ...options, credentials, endpoint: minio?.endpoint ?? 'http://127.0.0.1:9' })
  owner.teardown(() => direct.destroy())
  if (minio !== undefined) await fill(direct)

  const clients = await bundleClients()
  await internet.serve([page], (request, response) => void servePage(request, response, clients, signer))
  await internet.serve(['https://hop.example'], (request, response) => {
    const to = new URL(request.url ?? '', 'https://hop.example').searchParams.get('to') ?? ''
    response.writeHead(302, { 'Access-Control-Allow-Origin': '*', Location: to }).end()
  })
  return {
    internet,
    upstream,
    minio,
    signer,
    preflights: async name => {
      const samples = await scrape(adminUrls.get(name) ?? '')
      return sumOf(samples, 's3cors_requests_total', { kind: 'preflight' })
    },
    protocols() {
      const lines = proxies.map(proxy => proxy.logs()).join('')
      return [...new Set(lines.match(/(?<="protocol":")[^"]+/g))]
    },
    stored: async key => {
      const { Body } = await direct.send(new GetObjectCommand({ Bucket: 'media', Key: key }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    },
  }
}

/** Everybody may read what is below `shown/`, and list. */
async function fill(direct: S3Client): Promise<void> {
  for (const Bucket of ['media', 'writing', 'reading', 'everyone', 'nulls', 'others']) {
    await direct.send(new CreateBucketCommand({ Bucket }))
    const allow = (Action: string, path: string) => ({
      Effect: 'Allow',
      Principal: { AWS: ['*'] },
      Action: [Action],
      Resource: [`arn:aws:s3:::${Bucket}${path}`],
    })
    const Statement = [allow('s3:GetObject', '/shown/*'), allow('s3:ListBucket', '')]
    await direct.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    )
    const put = (Key: string, Body: string | Buffer, ContentType: string) =>
      direct.send(new PutObjectCommand({ Bucket, Key, Body, ContentType, Metadata: { case: 'kept' } }))
    await put('shown/text.txt', 'text', 'text/plain')
    await put('hidden.txt', 'hidden', 'text/plain')
    await put('shown/picture.png', png, 'image/png')
    await put('shown/font.ttf', font, 'font/ttf')
  }
}

/** The site: its pages, the clients, and `/sign`, which presigns for Uppy. */
async function servePage(request: IncomingMessage, response: ServerResponse, clients: string, signer: S3Client) {
  const url = new URL(request.url ?? '', page)
  if (url.pathname === '/clients.js') {
    response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(clients)
  } else if (url.pathname === '/sign') {
    const signed = { url: await presignUpload(signer, 'media', url.searchParams) }
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(signed))
  } else if (url.pathname === '/favicon.ico') response.writeHead(204).end()
  else response.writeHead(200, { 'Content-Type': 'text/html' }).end(pageHtml)
}
