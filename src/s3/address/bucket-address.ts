// Which bucket a request is for, from the very bytes that are forwarded: the endpoint must come to the same answer.
import { isBucketName } from './bucket-name.ts'
import { leadsAbove } from './dot-segments.ts'
import { doorOf, doorOverHost, isDoor } from './endpoint-doors.ts'
import { createHostReader, type HostOptions } from './host-addressing.ts'

/** What the configuration says about names; see {@link HostOptions}. */
export interface AddressOptions extends HostOptions {
  /** What becomes of a path that a known server takes for something else than a bucket; `refuse` unless told. */
  readonly unknownPaths?: 'refuse' | 'forward' | undefined
}

/** A bucket for which an endpoint may take a request. */
export interface BucketReading {
  readonly kind: 'bucket'
  readonly bucket: string
  /** A key follows the bucket: S3's ResourceType is OBJECT. */
  readonly object: boolean
  readonly style: 'path' | 'virtual'
}

/** What else an endpoint may take a request for. */
export type OtherReading = BucketReading | { readonly kind: 'none' }

/** What a request is addressed to. `others`: absent where every endpoint reads the same. */
export type BucketAddress =
  | (BucketReading & { readonly others?: readonly OtherReading[] | undefined })
  /** No bucket, so no policy. `unknownHost`: because this Host is not configured, which deserves one warning. */
  | {
      readonly kind: 'none'
      readonly unknownHost: boolean
      readonly others?: readonly OtherReading[] | undefined
      /** A path of endpoint-doors.ts, which the configuration lets through. */
      readonly isDoor?: true | undefined
    }
  /** Known servers take the path for something else than a bucket: 403, and nothing is forwarded. */
  | { readonly kind: 'door'; readonly door: string }
  /** Endpoints may disagree on the bucket: 400, and nothing is forwarded. */
  | { readonly kind: 'ambiguous'; readonly why: string }

const noBucket: BucketAddress = Object.freeze({ kind: 'none', unknownHost: false })
const passedDoor: BucketAddress = Object.freeze({ kind: 'none', unknownHost: false, isDoor: true })
const notOriginForm = ambiguous('the request-target does not begin with a slash')
const forbiddenByte = ambiguous(
  'the request-target holds a fragment, a space, a control character or a byte outside ASCII',
)
const emptySegment = ambiguous('the path begins with two slashes')
const dotSegment = ambiguous('the bucket is a dot segment')
const aboveBucket = ambiguous('dot segments of the key lead above the bucket')
const backslash = ambiguous('the bucket holds a backslash')
const badEncoding = ambiguous(
  'the bucket is percent-encoded wrongly, or hides a slash, a backslash or a control character',
)

/**
 * Makes the function that reads Host and request-target. X-Forwarded-Host, Forwarded and X-Original-URL are never asked: the
 * endpoint does not ask them either.
 */
export function createAddressParser(options: AddressOptions): (host: string, target: string) => BucketAddress {
  const readHost = createHostReader(options)
  const { namedBuckets } = options
  const throughDoor = (door: string): BucketAddress =>
    options.unknownPaths === 'forward' ? passedDoor : { kind: 'door', door }

  /**
   * Path-style: the bucket is the segment between the first slash and the next slash, `?` or the end, percent-decoded once
   * as S3 does. The key may hold anything: empty and dot segments in it are part of its name, unless they lead above the bucket.
   */
  function readPath(target: string): BucketAddress {
    const { length } = target
    let end = 1
    let isEncoded = false
    for (; end < length; end++) {
      const code = target.charCodeAt(end)
      if (code === 0x2f || code === 0x3f) break
      if (code === 0x25) isEncoded = true
      else if (code === 0x5c) return backslash
    }
    if (end === 1) return target.charCodeAt(1) === 0x2f ? emptySegment : noBucket
    const segment = target.slice(1, end)
    const bucket = isEncoded ? decodeSegment(segment) : segment
    if (bucket === undefined) return badEncoding
    if (bucket === '.' || bucket === '..') return dotSegment
    if (leadsAbove(target, end)) return aboveBucket
    if (!isBucketName(bucket)) {
      const door = doorOf(bucket)
      return door === undefined ? noBucket : throughDoor(door)
    }
    if (isDoor(bucket) && namedBuckets?.has(bucket) !== true) return throughDoor(bucket)
    return { kind: 'bucket', bucket, object: hasKey(target, end), style: 'path' }
  }

  /** Virtual-hosted-style; `isCertain`: the endpoint takes the Host for the bucket's, too. */
  function readVirtual(bucket: string, target: string, isCertain: boolean): BucketAddress {
    const door = doorOverHost(target)
    if (door !== undefined && namedBuckets?.has(door) !== true) return throughDoor(door)
    if (leadsAbove(target, 0)) return aboveBucket
    const reading = virtualReading(bucket, target)
    if (isCertain) return reading
    const path = readPath(target)
    if (path.kind === 'ambiguous' || path.kind === 'door') return path
    return { ...reading, others: [path.kind === 'bucket' ? path : { kind: 'none' }] }
  }

  return (host, target) => {
    if (target.charCodeAt(0) !== 0x2f) return notOriginForm
    if (!isPrintableWithoutFragment(target)) return forbiddenByte
    const reading = readHost(host)
    switch (reading.kind) {
      case 'path': {
        const path = readPath(target)
        if (reading.orBucket === undefined || path.kind === 'ambiguous' || path.kind === 'door') return path
        const { orBucket } = reading
        // RGW has buckets of such names, too. No rules are theirs.
        return { ...path, others: [isBucketName(orBucket) ? virtualReading(orBucket, target) : { kind: 'none' }] }
      }
      case 'virtual':
        return readVirtual(reading.bucket, target, reading.isCertain)
      case 'none': {
        const path = readPath(target)
        if (path.kind === 'ambiguous' || path.kind === 'door') return path
        const inHost = reading.candidates.map(bucket => virtualReading(bucket, target))
        return {
          kind: 'none',
          unknownHost: reading.unknownHost,
          others: path.kind === 'bucket' ? [path, ...inHost] : inHost,
          isDoor: path.kind === 'none' ? path.isDoor : undefined,
        }
      }
      default:
        return reading
    }
  }
}

function virtualReading(bucket: string, target: string): BucketReading {
  return { kind: 'bucket', bucket, object: hasKey(target, 0), style: 'virtual' }
}

/** Says whether a key follows the slash at `slash`. */
function hasKey(target: string, slash: number): boolean {
  return slash + 1 < target.length && target.charCodeAt(slash) === 0x2f && target.charCodeAt(slash + 1) !== 0x3f
}

/** Decoded once; undefined for bad escapes, for bytes that are not UTF-8, and for what could move the segment's ends. */
function decodeSegment(segment: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(segment)
  } catch {
    return undefined
  }
  for (let i = 0; i < decoded.length; i++) {
    const code = decoded.charCodeAt(i)
    if (code < 0x20 || code === 0x7f || code === 0x2f || code === 0x5c) return undefined
  }
  return decoded
}

/** RFC 9112 allows no such byte in a request-target: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
function isPrintableWithoutFragment(target: string): boolean {
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || code === 0x23) return false
  }
  return true
}

function ambiguous(why: string): BucketAddress {
  return Object.freeze({ kind: 'ambiguous', why })
}
