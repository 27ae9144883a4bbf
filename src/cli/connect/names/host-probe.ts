// What the endpoint does with a Host that is not its own name.

import type { S3Call } from '../../../s3/endpoint/s3-call.ts'
import type { CallerWishes, Endpoint } from '../endpoint.ts'
import { maxAnswerBytes, readAnswer, type Said } from '../read-answer.ts'

/** One harmless question, asked twice. */
export interface HostAnswers {
  readonly host: string
  /** Undefined without keys that the endpoint takes: their answers would tell of the keys. */
  readonly signed: Said | undefined
  readonly anonymous: Said
}

/** A name that no host has: https://www.rfc-editor.org/rfc/rfc6761#section-6.4. */
export const foreignHost = 'foreign-host.invalid'

/** GetBucketLocation of a bucket that is there, else ListBuckets: both change nothing, and any endpoint knows them. */
export function harmlessCall(bucket: string | undefined): S3Call {
  const call = { method: 'GET', maxBodyBytes: maxAnswerBytes } as const
  return bucket === undefined ? call : { ...call, bucket, query: 'location' }
}

/** Asks under a name, signed for that name and anonymously. */
export async function askUnder(
  endpoint: Endpoint,
  wishes: CallerWishes,
  call: S3Call,
  hasGoodKeys: boolean,
): Promise<HostAnswers> {
  const ask = async (anonymous: boolean) => readAnswer(await endpoint.callerAs({ ...wishes, anonymous })(call))
  const [signed, anonymous] = await Promise.all([hasGoodKeys ? ask(false) : undefined, ask(true)])
  const authority = wishes.authority ?? endpoint.transport.authority
  const host = wishes.addressing === 'virtual' && call.bucket !== undefined ? `${call.bucket}.${authority}` : authority
  return { host, signed, anonymous }
}

/** Whether the endpoint takes the name as it takes its own: the same status, with the same code or the same document. */
export function takes(own: HostAnswers, other: HostAnswers): boolean {
  return sameAnswer(own.anonymous, other.anonymous) && sameAnswer(own.signed, other.signed)
}

/** Two answers that mean the same; what failed under way means nothing. */
export function sameAnswer(own: Said | undefined, other: Said | undefined): boolean {
  return own?.text === other?.text && own?.status === other?.status && own?.status !== 0
}

/** The answer that tells most of why a name is not taken. */
export function describeRefusal(own: HostAnswers, other: HostAnswers): string {
  const [mine, said] = sameAnswer(own.signed, other.signed)
    ? [own.anonymous, other.anonymous]
    : [own.signed, other.signed ?? other.anonymous]
  const how = other.signed === said ? 'a signed request' : 'an anonymous request'
  const why =
    said.code === 'NoSuchBucket'
      ? ': it takes the Host for the name of a bucket'
      : said.code === 'SignatureDoesNotMatch'
        ? ': it checks signatures against another Host than the one it is sent'
        : ''
  return `under ${other.host} ${how} gets ${said.text}${why}; under its own name, ${mine?.text}`
}
