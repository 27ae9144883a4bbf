import type { BucketAddress } from '../s3/bucket-address.ts'
import { isCorsOperation } from '../s3/cors-query.ts'
import type { ProxySettings } from './proxy-context.ts'
import type { GuardedRequest } from './request-guard.ts'

/**
 * Whether the request may touch the objects that hold managed rules. A Host that nobody configured names no bucket to us,
 * but the endpoint may read the path all the same.
 */
export function isStoreRequest(settings: ProxySettings, address: BucketAddress, guarded: GuardedRequest): boolean {
  const guard = settings.managed?.storeGuard
  if (guard === undefined) return false
  if (settings.managed?.copySourceGuard?.(guarded.method, guarded.target, guarded.lines)) return true
  const read = address.kind === 'bucket' ? address : settings.addressOf('localhost', guarded.target)
  return read.kind === 'bucket' && guard(read.bucket, read.style, guarded.method, guarded.target)
}

/**
 * Whether the request may be about the rules of a managed bucket under a Host that nobody configured: it must not get past
 * the proxy to an endpoint that takes `DELETE ?cors` for DeleteBucket. Such a Host may itself name the bucket.
 */
export function isStrayCorsOperation(
  settings: ProxySettings,
  address: BucketAddress,
  guarded: GuardedRequest,
): boolean {
  if (settings.managed === undefined || address.kind !== 'none' || guarded.method === 'OPTIONS') return false
  const read = settings.addressOf('localhost', guarded.target)
  if (read.kind !== 'bucket') return isCorsOperation(guarded.target, false)
  return (
    isCorsOperation(guarded.target, read.object, read.style) &&
    settings.policies.inspect(read.bucket).source === 'managed'
  )
}
