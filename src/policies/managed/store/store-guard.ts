// Keeps clients away from the objects that hold managed rules, and from what could change the bucket that they are in.

import { lenientSegments } from '../../../s3/address/lenient-path.ts'
import { decodeBytes, parametersOf } from '../../../s3/address/query-parameters.ts'
import { sigV2QueryParameters, sigV4QueryParameters } from '../../../s3/signature/signing-parameters.ts'
import { createStorePlace, type StorePlace } from './store-place.ts'

/** True when a request may touch what the store holds, and is to be refused with 403. */
export type StoreGuard = (bucket: string, style: 'path' | 'virtual', method: string, target: string) => boolean

/**
 * Whether an upload may be an archive that the endpoint unpacks into the bucket, MinIO's and RustFS' way of Snowball: its objects get
 * keys that the path does not name. `lines`: the field lines, each with its CRLF. Names tell, of fields and of parameters; keys and
 * values may hold the same words.
 */
export function isUnpacked(method: string, target: string, lines: string): boolean {
  if (method !== 'PUT') return false
  if (unpackingField.test(lines)) return true
  return hasParameter(target, /[&;]/, name => unpacking.test(name))
}

/**
 * Whether a request has an endpoint write what comes into one bucket into another, under the same keys: PutBucketReplication, whose
 * document may name the store's bucket as the target. Logs, inventories and analytics go to other buckets as well, but under keys
 * that end with a time or a number, which no document of the store has.
 */
export function isReplicated(method: string, target: string): boolean {
  if (method !== 'PUT' && method !== 'POST') return false
  return hasParameter(target, /[?&;]/, name => name.trim().toLowerCase() === 'replication')
}

/** Whether a name in the query is meant, decoded twice, as an endpoint or something in front of it might; true of too many to look at. */
function hasParameter(target: string, separator: RegExp, isMeant: (name: string) => boolean): boolean {
  const question = target.indexOf('?')
  if (question === -1) return false
  const parameters = parametersOf(target.slice(question + 1), separator)
  return parameters?.some(each => isMeant(decodeBytes(decodeBytes(nameOf(each), 'latin1'), 'latin1'))) ?? true
}

/** `X-Amz-Meta-Snowball-Auto-Extract`, in any spelling. */
const unpacking = /auto[-_]extract/i
/** The same in the name of a field: before the first colon of its line. */
const unpackingField = /(?:^|\n)[^:\n]*auto[-_]extract/i

/** A key has 1024 bytes, encoded 3072: a longer one is none. */
const mostKeyBytes = 4096

/**
 * Guards a prefix of the store's bucket, and the bucket itself against everything but known reads. A key is compared as every
 * endpoint might read it, and one that cannot be read plainly is refused. POST is refused under every path, as MinIO takes
 * `POST /BUCKET/ANY?delete` and forms for the bucket's own; of its uses only multipart uploads name their key in the path alone. An
 * archive to be unpacked counts as such a POST.
 */
export function createStoreGuard(storeBucket: string, prefix: string): StoreGuard {
  const place = createStorePlace(storeBucket, prefix)
  return (bucket, style, method, target) => {
    if (!place.isBucket(bucket)) return false
    const question = target.indexOf('?')
    const path = question < 0 ? target : target.slice(0, question)
    const query = question < 0 ? '' : target.slice(question + 1)
    const slash = style === 'virtual' ? 0 : path.indexOf('/', 1)
    const key = slash < 0 ? '' : path.slice(slash + 1)
    if (key.length > mostKeyBytes) return true
    // Nothing but what an endpoint that cleans paths takes for no key.
    if (lenientSegments(key).length === 0) return !isReadOfBucket(method, query)
    return reachesPlace(place, key) || !isOfOneKey(method, query)
  }
}

/** Reads of the bucket, and the parameters of its lists. Nothing of them shows what an object holds. */
const bucketReads: ReadonlySet<string> = new Set([
  ...[
    'acl',
    'accelerate',
    'analytics',
    'cors',
    'encryption',
    'intelligent-tiering',
    'inventory',
    'lifecycle',
    'location',
  ],
  ...['logging', 'metrics', 'notification', 'object-lock', 'ownershipControls', 'policy', 'policyStatus'],
  ...['publicAccessBlock', 'replication', 'requestPayment', 'tagging', 'uploads', 'versioning', 'versions', 'website'],
  ...['continuation-token', 'delimiter', 'encoding-type', 'fetch-owner', 'id', 'key-marker', 'list-type', 'marker'],
  ...['max-keys', 'max-uploads', 'prefix', 'start-after', 'upload-id-marker', 'version-id-marker', 'x-id'],
])

/** What may follow a key in PUT and DELETE: it stays about this key. */
const keyWrites: ReadonlySet<string> = new Set([
  ...['acl', 'legal-hold', 'partNumber', 'retention', 'tagging', 'uploadId', 'versionId', 'x-id'],
])

const signing: ReadonlySet<string> = new Set([...sigV4QueryParameters, ...sigV2QueryParameters])

function isReadOfBucket(method: string, query: string): boolean {
  if (method === 'OPTIONS') return true
  return (method === 'GET' || method === 'HEAD') && areAll(query, bucketReads)
}

function isOfOneKey(method: string, query: string): boolean {
  if (method === 'POST') return isMultipart(query)
  return (method !== 'PUT' && method !== 'DELETE') || areAll(query, keyWrites)
}

/** CreateMultipartUpload or CompleteMultipartUpload, exactly spelled: MinIO takes anything else of POST for the bucket's. */
function isMultipart(query: string): boolean {
  if (query.includes(';')) return false
  let operations = 0
  for (const parameter of parametersOf(query, '&') ?? ['']) {
    if (parameter === 'uploads' || parameter === 'uploads=' || /^uploadId=./.test(parameter)) operations++
    else if (!signing.has(nameOf(parameter)) && nameOf(parameter) !== 'x-id') return false
  }
  return operations === 1
}

/** Names exactly as they are written: what is spelled otherwise might mean something else to the endpoint. */
function areAll(query: string, names: ReadonlySet<string>): boolean {
  if (query === '') return true
  // Some part parameters there, too.
  if (query.includes(';')) return false
  const parameters = parametersOf(query, '&')
  return parameters?.every(parameter => names.has(nameOf(parameter)) || signing.has(nameOf(parameter))) === true
}

function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=')
  return equals < 0 ? parameter : parameter.slice(0, equals)
}

/** Decoded until nothing is left to decode: an endpoint, or something in front of it, might do so twice. */
function reachesPlace(place: StorePlace, encoded: string): boolean {
  let key = encoded
  for (let round = 0; round < 3; round++) {
    if (place.holds(key) || key.includes('\0') || lenientSegments(key).length === 0) return true
    let next: string
    try {
      next = decodeURIComponent(key)
    } catch {
      return true
    }
    if (next === key) return false
    key = next
  }
  return true
}
