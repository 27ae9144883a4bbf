// The other refusal that is about `upstream.host`: an endpoint that takes its own names alone looks for the bucket in the Host that
// it is sent, or refuses that Host.

import { nameOfHost } from '../../s3/address/host-addressing.ts'

const bucketError = /<Code>(?:NoSuchBucket|InvalidBucketName|PermanentRedirect|TemporaryRedirect)<\/Code>/
const bucketName = /<Bucket(?:Name)?>([\w.-]{1,255})<\/Bucket(?:Name)?>/
const htmlStart = /^\s*<(?:!doctype html|html)\b/i
// Error documents have some hundred bytes.
const lookedAtBytes = 1024

const rewriteTodo = 'set upstream.host: rewrite, or name this Host at the endpoint too (check --connect tells which)'

/** What was asked of the endpoint under the client's own Host. */
export interface AskedUnderHost {
  readonly host: string
  /** The endpoint's own name or address, which it surely takes. */
  readonly endpointName: string
  readonly bucket: string | undefined
  /** The configuration names the bucket. */
  readonly isNamed: boolean
}

/** What a log line says of it. */
export type HostRefusal = Readonly<Record<string, string>> & { readonly sentHost: string; readonly todo: string }

/**
 * Reads the beginning of the content of an answer that is no success. Undefined where nothing tells that the Host was refused: a
 * bucket that is not there is none of an operator's business, unless the configuration names it.
 */
export function findHostRefusal(status: number, content: Buffer, asked: AskedUnderHost): HostRefusal | undefined {
  const { host, endpointName, bucket, isNamed } = asked
  const name = nameOfHost(host)
  if (name === endpointName) return undefined
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
  if (status === 421) return { sentHost: host, todo: `the endpoint does not answer under this Host: ${rewriteTodo}` }
  const text = content.toString('latin1', 0, lookedAtBytes)
  if (status === 404 && bucket !== undefined && isNamed && htmlStart.test(text)) {
    const why = 'S3 answers in XML, this is a page of a server that may choose by Host and not know this one'
    return { sentHost: host, bucket, todo: `${why}: ${rewriteTodo}` }
  }
  if (!bucketError.test(text)) return undefined
  const lookedFor = bucketName.exec(text)?.[1]
  if (lookedFor !== undefined && lookedFor !== bucket) {
    const canonical = lookedFor.toLowerCase()
    if (name !== canonical && !name.startsWith(`${canonical}.`)) return undefined
    return { sentHost: host, lookedFor, todo: `the endpoint takes this Host for the bucket: ${rewriteTodo}` }
  }
  if (status !== 404 || bucket === undefined || !isNamed || lookedFor !== undefined) return undefined
  return { sentHost: host, bucket, todo: `if the endpoint has this bucket, it takes its own Host only: ${rewriteTodo}` }
}
