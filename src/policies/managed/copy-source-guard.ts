// Keeps clients from having the endpoint hand out what the store holds under another name.

import { createStorePlace, type StorePlace, segmentsOf } from './store-place.ts'

/** True when a field or parameter of a request may have the endpoint read what the store holds. */
export type CopySourceGuard = (method: string, target: string, lines: string) => boolean

/**
 * Guards against CopyObject and UploadPartCopy, whose source may be in any bucket, and their like: every vendor's
 * `x-…-copy-source`, and Swift's fields that copy, join or link objects. `lines`: the field lines, each with its CRLF.
 */
export function createCopySourceGuard(storeBucket: string, prefix: string): CopySourceGuard {
  const place = createStorePlace(storeBucket, prefix)
  return (method, target, lines) => {
    if (method !== 'PUT' && method !== 'POST') return false
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf('\r\n', start)
      const colon = lines.indexOf(':', start)
      if (namesSource(lines.slice(start, colon)) && mayRead(place, lines.slice(colon + 1, end))) return true
      start = end + 2
    }
    const query = target.indexOf('?')
    // Presigned URLs may carry such fields as parameters.
    return (
      query >= 0 &&
      target
        .slice(query + 1)
        .split(/[&;]/)
        .some(parameter => {
          const equals = parameter.indexOf('=')
          return (
            equals >= 0 &&
            namesSource(decodeBytes(parameter.slice(0, equals))) &&
            mayRead(place, parameter.slice(equals + 1))
          )
        })
    )
  }
}

/** Some servers read `_` as `-`. */
function namesSource(name: string): boolean {
  const folded = name.trim().replaceAll('_', '-').toLowerCase()
  if (folded.endsWith('copy-source')) return true
  return folded === 'x-copy-from' || folded === 'x-symlink-target'
}

/** `/BUCKET/KEY`, with or without the slash, encoded any number of times. */
function mayRead(place: StorePlace, value: string): boolean {
  let source = value.trim()
  for (let round = 0; round < 4; round++) {
    // With its `?versionId=` and without: not every endpoint cuts there.
    if (readsAs(place, source) || readsAs(place, source.split('?', 1)[0] ?? '')) return true
    const next = decodeBytes(source).trim()
    if (next === source) return false
    source = next
  }
  return true
}

function readsAs(place: StorePlace, path: string): boolean {
  // An access point's ARN does not say which bucket it stands for.
  if (/^[\s/]*arn:/i.test(path)) return true
  const segments = segmentsOf(path)
  const isBucket = (segment: string) => place.isBucket(bucketIn(segment))
  // Whatever leads upwards or names a host may lead anywhere, if it names the bucket at all.
  if (segments.includes('..') || path.includes('://') || path.includes('\0')) return segments.some(isBucket)
  const [bucket, ...key] = segments
  return bucket !== undefined && isBucket(bucket) && place.holds(key.join('/'))
}

/** RGW: `TENANT:BUCKET`. */
function bucketIn(segment: string): string {
  return segment.slice(segment.lastIndexOf(':') + 1).trim()
}

/** What can be decoded, byte by byte: names that matter are ASCII, and what is not an escape stays. */
function decodeBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
