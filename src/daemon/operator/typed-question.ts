// A question as a person types it: an origin out of the address bar, a bucket with a path behind it, the URL of an object.

import { quote } from '../../cors/explain/quoted-scalar.ts'
import { browserOrigin } from '../../cors/lint/browser-origin.ts'
import { isNeverSent } from '../../cors/lint/origin-lint.ts'
import { fromFieldValue, toFieldValue } from '../../cors/patterns/field-value.ts'
import type { BucketAddress } from '../../s3/address/bucket-address.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { nearest } from '../../text/nearest-word.ts'

/** How requests are addressed, and which buckets are configured. */
export interface Surroundings {
  readonly addressOf: (host: string, target: string) => BucketAddress
  /** Names of the entries of `buckets`, but for `"*"`. */
  readonly names: readonly string[]
  /** Whether the configuration has rules, or the want of them, for the bucket. */
  readonly isGoverned: (bucket: string) => boolean
}

/** What a request in words is taken for. */
export interface UnderstoodBucket {
  readonly bucket: string
  readonly unknownHost?: string | undefined
  /** For a person: what was read otherwise than it was typed. */
  readonly notes: readonly string[]
  /** Why no rule can be about it. */
  readonly impossible?: string | undefined
}

/** Longer ones are compared with nothing. */
const longestName = 255

/** Reads what was given for a bucket: its name, with a path behind it, in an S3 URI or ARN, or the URL of an object. */
export function understandBucket(typed: string, around: Surroundings): UnderstoodBucket {
  const text = typed.trim()
  const location = /^(?:s3:\/\/|arn:[a-z-]+:s3:[^:]*:[^:]*:)([^/]*)/.exec(text)?.[1]
  if (location === undefined && /^(?:https?:)?\/\/[^/]/i.test(text)) return understandUrl(text, around)
  const [bucket = ''] = (location ?? text.replace(/^\/+/, '')).split('/')
  const notes =
    bucket === typed || bucket === '' ? [] : [`the bucket is ${quote(bucket)}; the rest is not part of its name`]
  return judgeName(bucket === '' ? text : bucket, notes, around)
}

/** Reads the URL of an object as the proxy reads a request for it. */
export function understandUrl(typed: string, around: Surroundings): UnderstoodBucket {
  const text = typed.trim()
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text.replace(/^\/+/, '')}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return {
      bucket: '',
      notes: [],
      impossible: `${quote(text.slice(0, 200))} is no URL of an object; expected https://HOST/BUCKET/KEY`,
    }
  }
  const address = around.addressOf(url.host, `${url.pathname}${url.search}`)
  switch (address.kind) {
    case 'bucket': {
      const notes = [`the URL names the bucket ${quote(address.bucket)}`]
      if (address.style === 'virtual') notes.push('the bucket is taken from the Host, not from the path')
      const others = address.others?.map(other => (other.kind === 'bucket' ? quote(other.bucket) : 'no bucket')) ?? []
      if (others.length > 0)
        notes.push(`an endpoint may read ${others.join(' or ')} from this Host or path: all must allow`)
      return judgeName(address.bucket, notes, around)
    }
    case 'door':
      return {
        bucket: '',
        notes: [],
        impossible: `the path /${address.door} is refused: known servers take it for something else than a bucket`,
      }
    case 'ambiguous':
      return { bucket: '', notes: [], impossible: `the request is refused with 400: ${address.why}` }
    default:
      if (address.unknownHost) return { bucket: '', unknownHost: url.host, notes: [] }
      if (address.others !== undefined) {
        const why = `the endpoint reads the bucket of the Host ${quote(url.host)} otherwise than the configuration says`
        return { bucket: '', notes: [], impossible: `${why}: see host_reading in the log` }
      }
      return { bucket: '', notes: [], impossible: 'the URL names no bucket; expected https://HOST/BUCKET/KEY' }
  }
}

function judgeName(bucket: string, notes: readonly string[], { names, isGoverned }: Surroundings): UnderstoodBucket {
  if (names.includes(bucket)) return { bucket, notes }
  const near = bucket.length > longestName ? undefined : nearest(bucket, names)
  const meant = near === undefined ? '' : `, did you mean ${quote(near)}?`
  if (!isBucketName(bucket)) {
    const rule = 'expected 3 to 63 lower-case letters, digits, "." and "-"'
    return { bucket, notes, impossible: `${quote(bucket.slice(0, 200))} is not a bucket name; ${rule}${meant}` }
  }
  if (near === undefined) return { bucket, notes }
  const what = isGoverned(bucket)
    ? `buckets has no entry ${quote(bucket)}, so that "*" holds`
    : `the configuration has no bucket ${quote(bucket)}`
  if (isGoverned(bucket)) return { bucket, notes: [...notes, `${what}${meant}`] }
  return { bucket, notes, impossible: `${what}${meant}` }
}

/** What a browser sends for an origin that a person typed, as a field value. */
export interface UnderstoodOrigin {
  readonly origin: string
  /** What was typed, where a browser sends something else. */
  readonly typed?: string | undefined
}

/** Reads an origin out of an address bar, or as it stands. */
export function understandOrigin(value: string): UnderstoodOrigin {
  const typed = fromFieldValue(value) ?? value
  if (typed.includes('*') || !isNeverSent(typed)) return { origin: value }
  const sent = browserOrigin(typed)
  return sent === undefined || sent === typed ? { origin: value } : { origin: toFieldValue(sent), typed }
}
