// One signed call of our own to the endpoint.

import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import type { CredentialProvider, Credentials } from './credentials.ts'
import type { Transport, TransportAnswer, TransportFailure } from './endpoint-transport.ts'

/** What a call is about. */
export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Absent for the service itself (ListBuckets). */
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** Without `?`, percent-encoded as it shall be sent. */
  readonly query?: string | undefined
  /** Further fields, all of them signed. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Buffer | undefined
  readonly maxBodyBytes: number
  readonly signal?: AbortSignal | undefined
  /** Sends a signature that is wrong in its last digit: how the managed rules find out whether the endpoint verifies any. */
  readonly spoilSignature?: boolean | undefined
}

/** A call that could not even be written: no usable credentials, or no host name for the bucket. */
export interface CallFailure {
  readonly kind: 'failure'
  readonly reason: 'auth' | 'dns'
  readonly detail: string
}

/** Makes a call and never rejects. */
export type S3Caller = (call: S3Call) => Promise<TransportAnswer | TransportFailure | CallFailure>

/** Who calls, and how the endpoint wants to be addressed. */
export interface S3CallerOptions {
  readonly transport: Transport
  readonly protocol: 'http:' | 'https:'
  readonly region: string
  /** `virtual` names the bucket in Host; the connection goes to the same endpoint all the same. */
  readonly addressing: 'path' | 'virtual'
  readonly credentials: CredentialProvider
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined
}

/** Signs each call with the credentials of that moment (SigV4, header form), or sends it anonymously when there are none. */
export function createS3Caller(options: S3CallerOptions): S3Caller {
  const { transport, addressing } = options
  const now = options.now ?? Date.now
  return async call => {
    let credentials: Credentials | undefined
    try {
      credentials = await options.credentials()
    } catch (error) {
      return { kind: 'failure', reason: 'auth', detail: error instanceof Error ? error.message : 'no credentials' }
    }
    const virtual = addressing === 'virtual' && call.bucket !== undefined
    const host = virtual ? `${call.bucket}.${transport.authority}` : transport.authority
    const path = [...(virtual || call.bucket === undefined ? [] : [call.bucket]), ...(call.key?.split('/') ?? [])]
    const query = call.query === undefined ? '' : `?${call.query}`
    const href = `${options.protocol}//${host}/${path.map(encodeURIComponent).join('/')}${query}`
    if (!URL.canParse(href)) {
      const detail = `${host} cannot be a host name: \`addressing: virtual\` needs an endpoint with a name`
      return { kind: 'failure', reason: 'dns', detail }
    }
    const url = new URL(href)
    const fields =
      credentials === undefined ? { ...call.headers } : await sign(url, call, credentials, options.region, now())
    const headers = ['host', host, 'accept-encoding', 'identity']
    for (const [name, value] of Object.entries(fields)) headers.push(name, value)
    return transport.send({
      method: call.method,
      target: `${url.pathname}${url.search}`,
      headers,
      body: call.body,
      maxBodyBytes: call.maxBodyBytes,
      signal: call.signal,
    })
  }
}

async function sign(url: URL, call: S3Call, credentials: Credentials, region: string, at: number) {
  // The signer alone, not its client: that one retries, follows redirects, and builds a Request that drops Host.
  const signer = new AwsV4Signer({
    method: call.method,
    url: url.href,
    // Without this field aws4fetch signs UNSIGNED-PAYLOAD for S3.
    headers: {
      ...call.headers,
      'x-amz-content-sha256': createHash('sha256')
        .update(call.body ?? '')
        .digest('hex'),
    },
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    service: 's3',
    region,
    datetime: new Date(at).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  })
  const fields: Record<string, string> = Object.fromEntries((await signer.sign()).headers)
  const authorization = fields.authorization ?? ''
  if (call.spoilSignature) {
    fields.authorization = authorization.slice(0, -1) + (authorization.endsWith('0') ? '1' : '0')
  }
  return fields
}
