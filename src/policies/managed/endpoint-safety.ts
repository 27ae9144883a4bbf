// Whether the endpoint's verdict on a caller's `?cors` request may be asked for at all: found out with requests of our own.

import { parseErrorDocument } from '../../s3/error-document.ts'
import type { S3Call, S3Caller } from '../../s3/s3-call.ts'

/** What the endpoint did with our own PUT ?cors. */
export type Safety =
  | { readonly kind: 'safe' }
  /** It does something else than verify the signature and say NotImplemented: a caller's request must not reach it. */
  | { readonly kind: 'unsafe'; readonly detail: string }
  | { readonly kind: 'no-such-bucket' }
  | { readonly kind: 'unknown'; readonly detail: string }

/** Remembers what was found out about each bucket. */
export interface EndpointSafety {
  /** Asks the endpoint where there is no answer at hand. Never rejects. */
  check(bucket: string): Promise<Safety>
  /** What is known, without asking. */
  peek(bucket: string): Safety | undefined
  /** From now on the bucket is unsafe, whatever a probe says. */
  disable(bucket: string, detail: string): void
}

/** What the memory works with. */
export interface EndpointSafetyOptions {
  readonly probe: (bucket: string) => Promise<Safety>
  readonly now: () => number
  /** Asked before a probe of a bucket that was not found safe before: names come from clients. */
  readonly mayProbe: (bucket: string) => boolean
}

/** No rules at all, and not XML: an endpoint that does take PutBucketCors refuses it and keeps what it has. */
const probeBody = Buffer.from('probe')
const maxAnswerBytes = 64 * 1024

/**
 * After a HEAD of the bucket that answers 200, sends PUT ?cors rightly signed, which must be 501 NotImplemented, and with a spoiled
 * signature, which must be 403. MinIO before RELEASE.2024-08-17 takes the first for CreateBucket and the matching DELETE for
 * DeleteBucket; Swift says 501 before it looks at a signature; an endpoint with rules of its own finds the body malformed.
 */
export async function probeEndpoint(call: S3Caller, bucket: string): Promise<Safety> {
  const head = await ask(call, { method: 'HEAD', bucket, maxBodyBytes: maxAnswerBytes })
  if (typeof head === 'string') return { kind: 'unknown', detail: head }
  if (head.status === 404) return { kind: 'no-such-bucket' }
  if (head.status !== 200) return { kind: 'unknown', detail: `HEAD of the bucket: ${head.said}` }
  const put = { method: 'PUT', bucket, query: 'cors', body: probeBody, maxBodyBytes: maxAnswerBytes } as const
  const signed = await ask(call, put)
  if (typeof signed === 'string') return { kind: 'unknown', detail: signed }
  if (signed.status !== 501 || signed.code !== 'NotImplemented') {
    return { kind: 'unsafe', detail: `PUT ?cors: ${signed.said}, where only 501 NotImplemented is safe` }
  }
  const spoiled = await ask(call, { ...put, spoilSignature: true })
  if (typeof spoiled === 'string') return { kind: 'unknown', detail: spoiled }
  if (spoiled.status !== 403) {
    return { kind: 'unsafe', detail: `PUT ?cors with a wrong signature: ${spoiled.said}, where only 403 is safe` }
  }
  return { kind: 'safe' }
}

async function ask(call: S3Caller, request: S3Call) {
  const answer = await call(request)
  if ('kind' in answer) return `${answer.reason}: ${answer.detail}`
  const code = parseErrorDocument(answer)?.code
  return { status: answer.status, code, said: `${answer.status}${code === undefined ? '' : ` ${code}`}` }
}

/** Hourly: an endpoint may be replaced behind its address. */
const safeMs = 3_600_000
/** An endpoint that is unsafe is being upgraded at best. */
const unsafeMs = 60_000
const otherwiseMs = 5_000
/** Names come from clients. */
const maxRemembered = 10_000

interface Remembered {
  readonly safety: Safety
  readonly until: number
}

/** One probe per bucket at a time, and none while the last answer holds. */
export function createEndpointSafety(options: EndpointSafetyOptions): EndpointSafety {
  const { now } = options
  const remembered = new Map<string, Remembered>()
  const probing = new Map<string, Promise<Safety>>()

  function peek(bucket: string): Safety | undefined {
    const found = remembered.get(bucket)
    return found !== undefined && now() < found.until ? found.safety : undefined
  }

  function remember(bucket: string, safety: Safety, forMs: number): void {
    if (remembered.get(bucket)?.until === Number.POSITIVE_INFINITY) return
    remembered.delete(bucket)
    remembered.set(bucket, { safety, until: now() + forMs })
    for (const [oldest, { until }] of remembered) {
      if (remembered.size <= maxRemembered) break
      if (until !== Number.POSITIVE_INFINITY) remembered.delete(oldest)
    }
  }

  async function probe(bucket: string): Promise<Safety> {
    const safety = await options
      .probe(bucket)
      .catch((): Safety => ({ kind: 'unknown', detail: 'the probe itself failed' }))
    probing.delete(bucket)
    remember(bucket, safety, safety.kind === 'safe' ? safeMs : safety.kind === 'unsafe' ? unsafeMs : otherwiseMs)
    return peek(bucket) ?? safety
  }

  async function check(bucket: string): Promise<Safety> {
    const known = peek(bucket)
    if (known !== undefined) return known
    const running = probing.get(bucket)
    if (running !== undefined) return running
    if (remembered.get(bucket)?.safety.kind !== 'safe' && !options.mayProbe(bucket))
      return { kind: 'unknown', detail: 'too many buckets at once' }
    const started = probe(bucket)
    probing.set(bucket, started)
    return started
  }

  return {
    check,
    peek,
    disable: (bucket, detail) => remember(bucket, { kind: 'unsafe', detail }, Number.POSITIVE_INFINITY),
  }
}
