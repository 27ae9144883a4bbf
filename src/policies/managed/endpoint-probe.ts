// Whether the endpoint's verdict on a caller's `?cors` request may be asked for at all: found out with requests of our own.

import { createHash, randomBytes } from 'node:crypto'
import { parseErrorDocument } from '../../s3/endpoint/error-document.ts'
import { unknownKeyCodes } from '../../s3/endpoint/fetch-failure.ts'
import type { S3Call, S3Caller } from '../../s3/endpoint/s3-call.ts'

/** What the endpoint did with our own `?cors` requests. */
export type Safety =
  /** `getNotImplemented`: it says 501 to GET ?cors, too, once it has verified the signature; else 404 NoSuchCORSConfiguration. */
  | { readonly kind: 'safe'; readonly getNotImplemented?: true | undefined }
  /** It does something else than verify the signature and say that it has no rules: a caller's request must not reach it. */
  | { readonly kind: 'unsafe'; readonly detail: string }
  /** The proxy's own key lacks a right, which `detail` names. */
  | { readonly kind: 'forbidden'; readonly detail: string }
  | { readonly kind: 'no-such-bucket' }
  | { readonly kind: 'unknown'; readonly detail: string }

/**
 * Well formed, so that an endpoint that reads the body before it refuses the operation gets that far. S3 refuses it for its method; one
 * that takes it has stored a rule that no browser's request matches. It is sent only where GET said that there are no rules.
 */
const probeBody = Buffer.from(
  '<?xml version="1.0" encoding="UTF-8"?>\n<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedMethod>PROBE</AllowedMethod><AllowedOrigin>https://probe.invalid</AllowedOrigin></CORSRule></CORSConfiguration>',
)
const probeDigest = createHash('md5').update(probeBody).digest('base64')
const maxAnswerBytes = 64 * 1024

/** What an endpoint without rules of its own says, once it has verified the signature: nothing else is a yes. */
const yesOf = {
  PUT: ['501 NotImplemented'],
  GET: ['404 NoSuchCORSConfiguration', '501 NotImplemented'],
  DELETE: ['501 NotImplemented'],
} as const

/** Whether an answer is a yes to that method. */
export function isYesTo(method: keyof typeof yesOf, status: number, code: string | undefined): boolean {
  return yesOf[method].some(yes => yes === `${status} ${code}`)
}

const rights = { PUT: 's3:PutBucketCORS', GET: 's3:GetBucketCORS' } as const

/**
 * Asks in an order in which nothing is destroyed, whatever the endpoint is:
 * 1. The bucket is there, and we may see it.
 * 2. GET and then PUT ?cors, rightly signed, get the answers of `yesOf`. rclone before 1.76 and S3Mock list the bucket for the GET, and
 *    would take the PUT for CreateBucket, as MinIO before RELEASE.2024-08-17 does; an endpoint with rules of its own gives them, or
 *    refuses the body. All end here.
 * 3. The same with a spoiled signature is 403. Swift says 501 before it looks at a signature.
 * 4. DELETE ?cors: an endpoint that takes it for DeleteBucket must not be asked rightly about a bucket that is there. So a
 *    made-up name shows that a spoiled signature is told from a right one; then the bucket itself, always spoiled.
 */
export async function probeEndpoint(
  call: S3Caller,
  bucket: string,
  absentBucket: string = madeUpName(),
): Promise<Safety> {
  const missing = await probeBucket(call, bucket)
  if (missing !== undefined) return missing
  const get = await probeMethod(call, bucket, 'GET')
  if (typeof get !== 'number') return get
  const put = await probeMethod(call, bucket, 'PUT')
  if (typeof put !== 'number') return put
  const safe: Safety = get === 501 ? { kind: 'safe', getNotImplemented: true } : { kind: 'safe' }
  return (await probeDelete(call, bucket, absentBucket)) ?? safe
}

/** Undefined where the bucket is there and the proxy's own key may see it. */
export async function probeBucket(
  call: S3Caller,
  bucket: string,
): Promise<Exclude<Safety, { kind: 'safe' }> | undefined> {
  const head = await ask(call, { method: 'HEAD', bucket, maxBodyBytes: maxAnswerBytes })
  if (typeof head === 'string') return { kind: 'unknown', detail: head }
  if (head.status === 200) return undefined
  // HEAD has no body and so no code. The same question with one; MinIO answers `max-keys=0` without a look at the bucket.
  const list = await ask(call, { method: 'GET', bucket, query: 'list-type=2&max-keys=1', maxBodyBytes: maxListBytes })
  if (typeof list === 'string') return { kind: 'unknown', detail: list }
  if (list.status === 404 && list.code === 'NoSuchBucket') return { kind: 'no-such-bucket' }
  const isKey = list.code !== undefined && unknownKeyCodes.has(list.code)
  if (list.status === 401 || list.status === 403 || isKey) return refusal(list, 's3:ListBucket', bucket)
  return { kind: 'unknown', detail: `HEAD of the bucket: ${head.said}, its list: ${list.said}` }
}

/** Whether the bucket is there; of what cannot be seen nothing is known. */
export async function findBucket(call: S3Caller, bucket: string): Promise<'there' | 'gone' | 'unknown'> {
  const missing = await probeBucket(call, bucket)
  if (missing === undefined) return 'there'
  return missing.kind === 'no-such-bucket' ? 'gone' : 'unknown'
}

/** One key, of at most 1,024 bytes, with everything around it. */
const maxListBytes = 256 * 1024

/** The status of its yes, or why there is none. */
async function probeMethod(call: S3Caller, bucket: string, method: 'PUT' | 'GET'): Promise<Safety | number> {
  const body = method === 'PUT' ? { body: probeBody, headers: { 'content-md5': probeDigest } } : {}
  const request = { method, bucket, query: 'cors', ...body, maxBodyBytes: maxAnswerBytes } as const
  const signed = await ask(call, request)
  if (typeof signed === 'string') return { kind: 'unknown', detail: signed }
  if (signed.status === 401 || signed.status === 403) return refusal(signed, rights[method], bucket)
  if (!isYesTo(method, signed.status, signed.code)) {
    const only = yesOf[method].join(' or ')
    return { kind: 'unsafe', detail: `${method} ?cors: ${signed.said}, where only ${only} is safe` }
  }
  const spoiled = await ask(call, { ...request, spoilSignature: true })
  if (typeof spoiled === 'string') return { kind: 'unknown', detail: spoiled }
  if (spoiled.status === 403) return signed.status
  return {
    kind: 'unsafe',
    detail: `${method} ?cors with a wrong signature: ${spoiled.said}, where only 403 is safe`,
  }
}

async function probeDelete(call: S3Caller, bucket: string, absentBucket: string): Promise<Safety | undefined> {
  const request = { method: 'DELETE', query: 'cors', maxBodyBytes: maxAnswerBytes } as const
  const spoiled = await ask(call, { ...request, bucket: absentBucket, spoilSignature: true })
  if (typeof spoiled === 'string') return { kind: 'unknown', detail: spoiled }
  if (spoiled.status !== 403) return unsafeDelete(`of a made-up bucket with a wrong signature: ${spoiled.said}`, '403')
  const signed = await ask(call, { ...request, bucket: absentBucket })
  if (typeof signed === 'string') return { kind: 'unknown', detail: signed }
  // 403: the key is for some buckets only, which is fine where the endpoint tells that from a wrong signature.
  const isTold =
    (signed.status === 404 && signed.code === 'NoSuchBucket') ||
    isYesTo('DELETE', signed.status, signed.code) ||
    (signed.status === 403 && signed.code === 'AccessDenied' && spoiled.code === 'SignatureDoesNotMatch')
  if (!isTold) return unsafeDelete(`of a made-up bucket: ${signed.said}`, '404 NoSuchBucket or 501 NotImplemented')
  const real = await ask(call, { ...request, bucket, spoilSignature: true })
  if (typeof real === 'string') return { kind: 'unknown', detail: real }
  if (real.status === 403 && real.code === spoiled.code) return undefined
  return unsafeDelete(`with a wrong signature: ${real.said}`, `403 ${spoiled.code ?? ''}`.trim())
}

function unsafeDelete(what: string, only: string): Safety {
  return { kind: 'unsafe', detail: `DELETE ?cors ${what}, where only ${only} is safe` }
}

interface Told {
  readonly status: number
  readonly code: string | undefined
  /** E.g. `403 AccessDenied`. */
  readonly said: string
}

/** A right that is missing, or a key that the endpoint does not take at all. */
function refusal(
  { code, said }: Told,
  right: string,
  bucket: string,
): { kind: 'forbidden' | 'unknown'; detail: string } {
  return code === undefined || code === 'AccessDenied'
    ? { kind: 'forbidden', detail: `the proxy's own key is not allowed ${right} on ${bucket}: ${said}` }
    : { kind: 'unknown', detail: `the endpoint refuses the proxy's own key: ${said}` }
}

async function ask(call: S3Caller, request: S3Call): Promise<Told | string> {
  const answer = await call(request)
  if ('kind' in answer) return `${answer.reason}: ${answer.detail}`
  const code = parseErrorDocument(answer)?.code
  return { status: answer.status, code, said: `${answer.status}${code === undefined ? '' : ` ${code}`}` }
}

/** 128 random bits: a bucket of this name is nowhere. */
function madeUpName(): string {
  return `s3cors-probe-${randomBytes(16).toString('hex')}`
}
