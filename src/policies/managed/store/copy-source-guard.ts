// Keeps clients from having the endpoint hand out what the store holds under another name.

import { decodeBytes, parametersOf } from '../../../s3/address/query-parameters.ts'
import { createStorePlace, type StorePlace, segmentsOf } from './store-place.ts'

/** True when a field or parameter of a request may have the endpoint read what the store holds. */
export type CopySourceGuard = (method: string, target: string, lines: string) => boolean

/**
 * Guards against CopyObject and UploadPartCopy, whose source may be in any bucket, and their like: every vendor's
 * `x-…-copy-source`, and Swift's fields that copy, join or link objects, or have all of a container written into another. `lines`:
 * the field lines, each with its CRLF.
 */
export function createCopySourceGuard(storeBucket: string, prefix: string): CopySourceGuard {
  const place = createStorePlace(storeBucket, prefix)
  return (method, target, lines) => {
    if (method !== 'PUT' && method !== 'POST') return false
    let left = mostSourceBytes
    const refuses = (name: string, source: string) => {
      const kind = sourceKind(name)
      if (kind === 'none') return false
      left -= source.length
      return left < 0 || mayRead(place, source, kind)
    }
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf('\r\n', start)
      const colon = lines.indexOf(':', start)
      if (refuses(lines.slice(start, colon), lines.slice(colon + 1, end))) return true
      start = end + 2
    }
    const query = target.indexOf('?')
    if (query === -1) return false
    // Presigned URLs may carry such fields as parameters.
    const parameters = parametersOf(target.slice(query + 1), /[&;]/)
    if (parameters === undefined) return true
    return parameters.some(parameter => {
      const equals = parameter.indexOf('=')
      return equals >= 0 && refuses(decodeBytes(parameter.slice(0, equals), 'latin1'), parameter.slice(equals + 1))
    })
  }
}

/** A key has 1024 bytes, encoded 3072: longer sources, and more than one that is long, are none that an endpoint takes. */
const mostSourceBytes = 4096

/** What a field's value says: one object, the prefix of those that are read as one, or a bucket that is written. */
type SourceKind = 'object' | 'prefix' | 'target'

/** Some servers read `_` as `-`. */
function sourceKind(name: string): SourceKind | 'none' {
  const folded = name.trim().replaceAll('_', '-').toLowerCase()
  if (folded.endsWith('copy-source') || folded.endsWith('rename-source')) return 'object'
  switch (folded) {
    case 'x-copy-from':
    case 'x-symlink-target':
      return 'object'
    case 'x-object-manifest':
      return 'prefix'
    // Swift: the container that all objects, or their former versions, go to.
    case 'x-container-sync-to':
    case 'x-versions-location':
    case 'x-history-location':
      return 'target'
    default:
      return 'none'
  }
}

/** `/BUCKET/KEY`, with or without the slash, encoded any number of times. */
function mayRead(place: StorePlace, value: string, kind: SourceKind): boolean {
  let source = value.trim()
  for (let round = 0; round < 4; round++) {
    // With its `?versionId=` and without: not every endpoint cuts there.
    const question = source.indexOf('?')
    if (readsAs(place, source, kind)) return true
    if (question !== -1 && readsAs(place, source.slice(0, question), kind)) return true
    // Names that matter are ASCII.
    const next = decodeBytes(source, 'latin1').trim()
    if (next === source) return false
    source = next
  }
  return true
}

function readsAs(place: StorePlace, path: string, kind: SourceKind): boolean {
  // An access point's ARN does not say which bucket it stands for.
  if (/^[\s/]*arn:/i.test(path)) return true
  if (!place.isNamedIn(path)) return false
  const segments = segmentsOf(path)
  const isBucket = (segment: string) => bucketsIn(segment, kind).some(name => place.isBucket(name))
  // Whatever leads upwards or names a host may lead anywhere, if it names the bucket at all.
  if (
    kind === 'target' ||
    segments.some(segment => segment === '..' || segment.startsWith('..;')) ||
    path.includes('://') ||
    path.includes('\0')
  )
    return segments.some(isBucket)
  const [bucket, ...key] = segments
  if (bucket === undefined || !isBucket(bucket)) return false
  // Of the store's bucket no prefix is joined: one that ends within a key reaches more than it names.
  return kind === 'prefix' || place.holds(key.join('/'))
}

/** RGW: `TENANT:BUCKET`. Tencent's COS has objects as `BUCKET.HOST/KEY`. */
function bucketsIn(segment: string, kind: SourceKind): readonly string[] {
  const name = segment.slice(segment.lastIndexOf(':') + 1).trim()
  const names = [name]
  if (kind !== 'object') return names
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) names.push(name.slice(0, dot))
  return names
}
