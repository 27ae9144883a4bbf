// The AWS SDK for JavaScript v3 over HTTP/2.

import { S3Client } from '@aws-sdk/client-s3'
import { NodeHttp2Handler } from '@smithy/node-http-handler'

export interface Http2Target {
  /** `https://HOST:PORT` */
  readonly endpoint: string
  /** The authority that signed its certificate. */
  readonly certificate: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface SignedRequest {
  readonly headers: Record<string, string>
}

/**
 * With `NodeHttp2Handler`, the SDK signs `:authority` where S3 asks for `host`, and sends a Transfer-Encoding with streams, which Node
 * refuses (https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2). Both are put right before the signature.
 */
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
  client.middlewareStack.add(
    next => async args => {
      const { headers } = args.request as SignedRequest
      headers.host = headers[':authority'] ?? ''
      delete headers[':authority']
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'hostOfHttp2' },
  )
  client.middlewareStack.add(
    next => async args => {
      delete (args.request as SignedRequest).headers['transfer-encoding']
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low', name: 'noTransferEncoding' },
  )
  return client
}
