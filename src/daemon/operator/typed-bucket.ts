// A bucket as a person types it: with a path behind it, as the URL of an object, out of a command or a console.

import { quote } from '../../cors/explain/quoted-scalar.ts'
import { withoutWrapping } from '../../cors/lint/browser-origin.ts'
import type { BucketAddress } from '../../s3/address/bucket-address.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { decodeEscapes } from '../../text/decode-escapes.ts'
import { nearest } from '../../text/nearest-word.ts'

/** How requests are addressed, and which buckets are configured. */
export interface Surroundings {
  readonly addressOf: (host: string, target: string) => BucketAddress
  /** Names of the proxy. */
  readonly hosts: readonly string[]
  /** The authority of the endpoint, where no request to it can come to this proxy. */
  readonly endpoint: string | undefined
  /** Names of the entries of `buckets`, but for `"*"`. */
  readonly names: readonly string[]
  /** Whether the configuration has rules, or the want of them, for the bucket. */
  readonly isGoverned: (bucket: string) => boolean
}

/** What a request in words is taken for. */
export interface UnderstoodBucket {
  readonly bucket: string
  readonly unknownHost?: string | undefined
  /** With `unknownHost`: the bucket in the path, if the Host is a name of the proxy. */
  readonly bucketInPath?: string | undefined
  /** For a person: what was read otherwise than it was typed. */
  readonly notes: readonly string[]
  /** Why no rule can be about it. */
  readonly impossible?: string | undefined
}

/** Longer ones are compared with nothing. */
const longestName = 255

/** Where an S3 client names a bucket in front of a key. */
const location = /^(?:(?:s3[an]?|gs|oss|obs|cosn?|b2|minio):\/\/|arn:[a-z-]+:s3:::)([^/?#]*)/i

/** Reads what was given for a bucket: its name, with a path behind it, in an S3 URI or ARN, or the URL of an object. */
export function understandBucket(typed: string, around: Surroundings): UnderstoodBucket {
  const text = withoutWrapping(typed.replace(/^\s*bucket\s*[:=]\s*/i, '').replace(/[\s,;]+$/, ''))
  const located = location.exec(text)?.[1]
  if (located === undefined && /^(?:https?:)?\/\/[^/]/i.test(text)) return understandUrl(text, around)
  if (/^arn:/i.test(text) && located === undefined) return impossible(`${quoteStart(text)} is not the ARN of a bucket`)
  const path = (located ?? text.replace(/^(?:\.?\/)+/, '')).split(/[/\\]/)
  const [first = '', second = ''] = path
  const bucket = around.names.includes(first) ? first : first.replace(/[?#].*$/s, '')
  if (located === undefined && !around.names.includes(bucket) && /[.:]/.test(bucket)) {
    const address = around.addressOf(bucket, `/${path.slice(1).join('/')}`)
    // A Host, as the address bar has it.
    if (address.kind === 'bucket' && around.names.includes(address.bucket)) return understandUrl(text, around)
    if (address.kind === 'none' && !address.unknownHost && address.others === undefined && second === '')
      return impossible(`${quoteStart(bucket)} names a server, not a bucket`)
  }
  const notes =
    bucket === typed || bucket === '' ? [] : [`the bucket is ${quote(bucket)}; the rest is not part of its name`]
  return judgeName(bucket === '' ? text : bucket, notes, around, meantBy(bucket, second, around))
}

/** The bucket that stands where another client has it: behind an alias (`local/my-media`), a remote (`local:my-media`) or in a Host. */
function meantBy(first: string, second: string, { names }: Surroundings): string | undefined {
  const behind = /^[\w-]+:(.+)$/.exec(first)?.[1] ?? second
  return names.find(name => name === behind || first.startsWith(`${name}.`))
}

function impossible(why: string): UnderstoodBucket {
  return { bucket: '', notes: [], impossible: why }
}

const noBucket = impossible('the URL names no bucket; expected https://HOST/BUCKET/KEY')

function quoteStart(text: string): string {
  return quote(text.slice(0, 200))
}

const urlInside = /https?:\/\/[^\s"'`<>\u2018\u2019\u201c\u201d]+/i

/** The URL of an object in a text: in a command or a message, the URL of the page stands beside it. */
function urlIn(typed: string): string {
  const text = typed.trim()
  if (/^https?%3A%2F%2F\S+$/i.test(text) && URL.canParse(decodeEscapes(text))) return decodeEscapes(text)
  if (/^(?!https?[:;.,]?\/)[a-z][a-z0-9+.-]*:\S*$/i.test(text)) return text
  const without = text.replace(/\b(?:origin|referer)["']?\s*[:=]?\s*["'\u2018\u201c]?https?:\S+/gi, '')
  const found = urlInside.exec(without)?.[0]
  if (found !== undefined) return found.replace(/[)\]},;.]+$/, '')
  // A request line.
  return /^[a-z]+\s+(\/\S*)(?:\s+HTTP\/\S*)?$/i.exec(text)?.[1] ?? text.replace(/^(https?)[:;.,]?\/+(?=[^/])/i, '$1://')
}

/** Hosts of Amazon S3: path-style, with the bucket in front, of a website. */
const amazon = /^(?:(.+?)\.)?s3[a-z0-9-]*(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/
const amazonConsole = /^(?:[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws\.cn)$/

/** Reads the URL of an object as the proxy reads a request for it. */
export function understandUrl(typed: string, around: Surroundings): UnderstoodBucket {
  const text = urlIn(typed)
  if (location.test(text) || /^arn:/i.test(text)) return understandBucket(text, around)
  const [start = ''] = text.replace(/^\//, '').split(/[/?#]/)
  if (around.names.includes(start) || /^\/[^/]/.test(text)) return understandBucket(text, around)
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text.replace(/^\/+/, '')}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return impossible(`${quoteStart(text)} is no URL of an object; expected https://HOST/BUCKET/KEY`)
  return ofConsole(url, around) ?? pastProxy(url, around) ?? ofProxy(url, around)
}

/** A page of a console names a bucket in its path. */
function ofConsole({ hostname, pathname }: URL, around: Surroundings): UnderstoodBucket | undefined {
  const [, room, kind, name] = pathname.split('/')
  const bucket = amazonConsole.test(hostname) && room === 's3' ? name : room === 'browser' ? kind : undefined
  if (bucket === undefined || bucket === '') return undefined
  if (room === 'browser' && (around.names.includes('browser') || !around.names.includes(bucket))) return undefined
  return judgeName(bucket, [`the URL is of a console; the bucket in it is ${quote(bucket)}`], around)
}

/** A URL of the endpoint itself. */
function pastProxy(url: URL, around: Surroundings): UnderstoodBucket | undefined {
  const { host, hostname, pathname } = url
  const found = amazon.exec(hostname)
  if (found === null && host !== around.endpoint) return undefined
  const bucket = found?.[1] ?? decodeEscapes(pathname.split('/')[1] ?? '')
  if (bucket === '') return noBucket
  const [name] = around.hosts
  const through =
    name === undefined || !isBucketName(bucket) ? '' : `; through it, the URL begins with https://${name}/${bucket}/`
  return judgeName(bucket, [`a request to ${quoteStart(host)} does not come to this proxy${through}`], around)
}

function ofProxy(url: URL, around: Surroundings): UnderstoodBucket {
  const target = `${url.pathname}${url.search}`
  const address = around.addressOf(url.host, target)
  switch (address.kind) {
    case 'bucket': {
      const notes = [`the URL names the bucket ${quote(address.bucket)}`]
      if (address.style === 'virtual') notes.push('the bucket is taken from the Host, not from the path')
      const others = address.others?.map(other => (other.kind === 'bucket' ? quote(other.bucket) : 'no bucket')) ?? []
      if (others.length > 0)
        notes.push(
          `an endpoint may read ${others.join(' or ')} from this Host or path: unless the rules of all say the same, the request gets 400 (host_read_two_ways)`,
        )
      const second = url.pathname.split('/')[2] ?? ''
      return judgeName(address.bucket, notes, around, meantBy(address.bucket, second, around))
    }
    case 'door':
      return impossible(`the path /${address.door} is refused: known servers take it for something else than a bucket`)
    case 'ambiguous':
      return impossible(`the request is refused with 400: ${address.why}`)
    default:
      if (address.unknownHost) {
        const bucketInPath = decodeEscapes(url.pathname.split('/')[1] ?? '')
        return { bucket: '', unknownHost: url.host, bucketInPath, notes: [] }
      }
      if (address.others !== undefined) {
        const why = `the endpoint reads the bucket of the Host ${quote(url.host)} otherwise than the configuration says`
        return impossible(`${why}: see host_reading in the log`)
      }
      return ofNoBucket(url, around)
  }
}

function ofNoBucket({ pathname }: URL, around: Surroundings): UnderstoodBucket {
  const segment = decodeEscapes(pathname.split('/')[1] ?? '')
  if (segment === '') return noBucket
  return judgeName(segment, [], around)
}

/** `other`: a bucket of the configuration that may be meant. */
function judgeName(
  bucket: string,
  notes: readonly string[],
  { names, isGoverned }: Surroundings,
  other?: string | undefined,
): UnderstoodBucket {
  if (names.includes(bucket)) return { bucket, notes }
  const near = other ?? (bucket.length > longestName ? undefined : nearest(bucket, names))
  const meant = near === undefined ? '' : `, did you mean ${quote(near)}?`
  if (!isBucketName(bucket)) {
    const rule = 'expected 3 to 63 lower-case letters, digits, "." and "-"'
    return { bucket, notes, impossible: `${quoteStart(bucket)} is not a bucket name; ${rule}${meant}` }
  }
  if (near === undefined) return { bucket, notes }
  const what = isGoverned(bucket)
    ? `buckets has no entry ${quote(bucket)}, so that "*" holds`
    : `the configuration has no bucket ${quote(bucket)}`
  if (isGoverned(bucket)) return { bucket, notes: [...notes, `${what}${meant}`] }
  return { bucket, notes, impossible: `${what}${meant}` }
}
