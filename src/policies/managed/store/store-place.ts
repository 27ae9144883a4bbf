// The one place of the endpoint that holds managed rules, under every name that an endpoint might read as it.

import { lenientSegments } from '../../../s3/address/lenient-path.ts'
import { createBucketCommand } from '../../../s3/endpoint/aws-command.ts'

/** A prefix of a bucket. */
export interface StorePlace {
  /** Buckets are compared without letter case: a file system under the endpoint may not know any. */
  isBucket(name: string): boolean
  /** False where no part of the text is the bucket. */
  isNamedIn(text: string): boolean
  /** True for a key that is, once read leniently, under the prefix or above it. */
  holds(key: string): boolean
}

/** Where managed rules are in a bucket when the configuration does not say. */
export const defaultStorePrefix = 'cors/'

/** Keys may come decoded once, twice or not at all: the caller tries each. */
export function createStorePlace(bucket: string, prefix: string): StorePlace {
  const lowerBucket = bucket.toLowerCase()
  const written = fold(prefix)
  const cleaned = `${clean(prefix) ?? ''}${prefix.endsWith('/') ? '/' : ''}`
  return {
    isBucket: name => name === bucket || (name.length === bucket.length && name.toLowerCase() === lowerBucket),
    isNamedIn: text => text.toLowerCase().includes(lowerBucket),
    holds(key) {
      if (prefix === '' || fold(key).startsWith(written)) return true
      const path = clean(key)
      if (path === undefined) return true
      // Above: MinIO deletes what is under a key that is none (`x-minio-force-delete`), and a file cannot be where a folder is.
      return `${path}/`.startsWith(cleaned) || cleaned.startsWith(`${path}/`)
    },
  }
}

/** Names of a path: neither empty ones nor dots count, and a backslash is a slash to some. */
export function segmentsOf(path: string): readonly string[] {
  const slashed = path.includes('\\') ? path.replaceAll('\\', '/') : path
  return slashed.split('/').filter(segment => segment !== '' && segment !== '.')
}

/** As an endpoint on a file system would have it; undefined where it leads upwards. */
function clean(path: string): string | undefined {
  const segments = lenientSegments(path.replaceAll('+', ' '))
  return segments.includes('..') ? undefined : fold(segments.join('/'))
}

/** A blank may be written as a plus. */
function fold(text: string): string {
  return text.replaceAll('+', ' ').toLowerCase()
}

/** What to do where the bucket of the store is missing. `endpointUrl` as `http://minio:9000`. */
export function createStore(endpointUrl: string, bucket: string): string {
  return `create it, private (${createBucketCommand(endpointUrl, bucket)}), or correct managed.store.bucket`
}
