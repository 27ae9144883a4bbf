// A question as a person types it: an origin out of the address bar, a bucket with a path behind it, the URL of an object.

import { quote, quoteShort } from '../../cors/explain/quoted-scalar.ts'
import { browserOrigin, meantScheme, takeApart } from '../../cors/lint/browser-origin.ts'
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
  const [bucket = '', ...rest] = (location ?? text.replace(/^\/+/, '')).split('/')
  if (location === undefined && !around.names.includes(bucket) && /[.:]/.test(bucket)) {
    // A Host, as the address bar has it.
    const address = around.addressOf(bucket, `/${rest.join('/')}`)
    if (address.kind === 'bucket' && around.names.includes(address.bucket)) return understandUrl(text, around)
  }
  const notes =
    bucket === typed || bucket === '' ? [] : [`the bucket is ${quote(bucket)}; the rest is not part of its name`]
  return judgeName(bucket === '' ? text : bucket, notes, around)
}

const urlInside = /https?:\/\/[^\s"'`<>]+/i

/** Reads the URL of an object as the proxy reads a request for it. */
export function understandUrl(typed: string, around: Surroundings): UnderstoodBucket {
  // Out of a command, a request line or a message.
  const text = /^\S+\s|^["'`<]/.test(typed.trim()) ? (urlInside.exec(typed)?.[0] ?? typed.trim()) : typed.trim()
  if (/^(?:s3:\/\/|arn:)/.test(text)) return understandBucket(text, around)
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

/** Reads an origin out of an address bar, a field line, a message of the console, or as it stands. */
export function understandOrigin(value: string): UnderstoodOrigin {
  const typed = fromFieldValue(value) ?? value
  const meant = originInside(typed)
  // A file of this machine, by its URL or by its path.
  if (/^(?:file:\/\/.*[^/]|[a-z]:[\\/](?!\/))/i.test(meant)) return { origin: 'null', typed }
  if (meant.includes('*') || (meant === typed && !isNeverSent(typed))) return { origin: value }
  // A guess is told where it is denied.
  if (meantScheme(takeApart(meant).scheme ?? '') !== undefined) return { origin: value }
  const sent = browserOrigin(meant)
  return sent === undefined || sent === typed ? { origin: value } : { origin: toFieldValue(sent), typed }
}

/** The part of a longer text that is about the origin. */
function originInside(typed: string): string {
  const text = typed.trim()
  const told =
    /\bfrom origin ['"]([^'"\s]+)['"]/.exec(text)?.[1] ?? /^(?:origin|referer)[ \t]*:[ \t]*(\S+)$/i.exec(text)?.[1]
  if (told !== undefined) return told
  if (/^https?%3A%2F%2F[\w%.:-]+$/i.test(text)) return decodeEscapes(text)
  // What stood around it where it was copied; one sign in front alone or at the end alone.
  const bare = text.replace(/^["'`]+/, '').replace(/(?<!["'`,;])["'`,;]+$/, '')
  return /[\s,;]/.test(bare) ? typed : bare === text ? typed : bare
}

function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A method or field names as a person typed them, and what was read otherwise. */
export interface UnderstoodWord<Word> {
  readonly sent: Word
  readonly notes: readonly string[]
}

/** Reads a method: browsers send those of S3 in upper case, however a program writes them (https://fetch.spec.whatwg.org/#concept-method-normalize). */
export function understandMethod(typed: string): UnderstoodWord<string> {
  const text = typed.trim()
  const upper = text.toUpperCase()
  if (upper === 'OPTIONS') {
    return {
      sent: typed,
      notes: ['OPTIONS is the preflight itself: the method is the one of the request that follows'],
    }
  }
  if (/[,|\s]/.test(text)) return { sent: typed, notes: ['one method is asked about at a time'] }
  if (typed === upper || !['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].includes(upper)) return { sent: typed, notes: [] }
  return { sent: upper, notes: [`a browser sends ${upper}, not ${quoteShort(typed)}`] }
}

/** https://fetch.spec.whatwg.org/#forbidden-request-header: no preflight asks for these. */
const forbidden =
  /^(?:accept-(?:charset|encoding)|access-control-request-(?:headers|method)|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|(?:proxy|sec)-.*)$/i

/** Reads field names: out of whole field lines and of lists, without those that browsers set by themselves. */
export function understandHeaders(typed: readonly string[]): UnderstoodWord<readonly string[]> {
  const notes: string[] = []
  const sent: string[] = []
  for (const one of typed) {
    const line = /^[ \t]*([!#$%&'*+.^_`|~\w-]+)[ \t]*:(.*)$/s.exec(one)
    const isList = line !== null && /^access-control-request-headers$/i.test(line[1] ?? '')
    const names = isList ? (line[2] ?? '') : (line?.[1] ?? one.replaceAll(';', ','))
    if (line !== null && !isList) notes.push(`the field is ${quoteShort(names)}; its value is not asked for`)
    const kept = names.split(',').filter(name => !forbidden.test(name.trim()))
    for (const name of names.split(',').filter(name => forbidden.test(name.trim()))) {
      notes.push(`browsers set ${quoteShort(name.trim())} by themselves, and no preflight asks for it`)
    }
    for (const name of kept.filter(name => name.includes('*'))) {
      notes.push(
        `${quoteShort(name.trim())} is asked about as the name of one field; name each field that the page sends`,
      )
    }
    if (kept.length > 0) sent.push(kept.join(','))
  }
  return { sent, notes: notes.slice(0, 20) }
}
