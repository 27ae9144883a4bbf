// The other refusal that is about `upstream.host`: an endpoint that takes its own names alone looks for the bucket in the Host that
// it is sent, or refuses that Host.

import { toCanonical } from '../../s3/address/host-addressing.ts'

const noSuchBucket = '<Code>NoSuchBucket</Code>'
const bucketName = /<BucketName>([A-Za-z0-9.-]{1,255})<\/BucketName>/
// Error documents have some hundred bytes.
const lookedAtBytes = 1024

const rewriteTodo = 'set upstream.host: rewrite, or name this Host at the endpoint too (check --connect tells which)'

/** What was asked of the endpoint under the client's own Host. */
export interface AskedUnderHost {
  readonly host: string
  readonly bucket: string | undefined
  /** The configuration names the bucket. */
  readonly isNamed: boolean
}

/** What a log line says of it. */
export type HostRefusal = Readonly<Record<string, string>> & { readonly sentHost: string; readonly todo: string }

/**
 * Reads the beginning of a 404's or 421's content. Undefined where nothing tells that the Host was refused: a bucket that is not
 * there is none of an operator's business, unless the configuration names it.
 */
export function findHostRefusal(status: number, content: Buffer, asked: AskedUnderHost): HostRefusal | undefined {
  const { host, bucket, isNamed } = asked
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
  if (status === 421) return { sentHost: host, todo: `the endpoint does not answer under this Host: ${rewriteTodo}` }
  const text = content.toString('latin1', 0, lookedAtBytes)
  if (!text.includes(noSuchBucket)) return undefined
  const lookedFor = bucketName.exec(text)?.[1]
  if (lookedFor !== undefined && lookedFor !== bucket) {
    const colon = host.indexOf(':')
    const name = toCanonical(colon === -1 ? host : host.slice(0, colon))
    if (name !== lookedFor && !name.startsWith(`${lookedFor}.`)) return undefined
    return { sentHost: host, lookedFor, todo: `the endpoint takes this Host for the bucket: ${rewriteTodo}` }
  }
  if (bucket === undefined || !isNamed || lookedFor !== undefined) return undefined
  return { sentHost: host, bucket, todo: `if the endpoint has this bucket, it takes its own Host only: ${rewriteTodo}` }
}
