// The AWS SDK for JavaScript v3 over HTTP/2.

import { S3Client } from '@aws-sdk/client-s3'
import { NodeHttp2Handler } from '@smithy/node-http-handler'
import { snippets } from '../docs/snippets.ts'

export interface Http2Target {
  /** `https://HOST:PORT` */
  readonly endpoint: string
  /** The authority that signed its certificate. */
  readonly certificate: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** With `NodeHttp2Handler`, and what the runbook says to do then: else no endpoint verifies the signature, and no stream is sent. */
export function createHttp2Client({
  endpoint,
  certificate,
  region,
  accessKeyId,
  secretAccessKey,
}: Http2Target): S3Client {
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    requestHandler: new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca: certificate } }),
  })
  const [block, ...more] = snippets().filter(({ file, language }) => file === 'deploy/runbook.md' && language === 'js')
  if (block === undefined || more.length > 0) throw new Error('not one block of JavaScript in deploy/runbook.md')
  new Function('client', block.text)(client)
  return client
}
