import { isReplicated, isUnpacked, type StoreGuard } from '../../policies/managed/store/store-guard.ts'
import type { BucketAddress, OtherReading } from '../../s3/address/bucket-address.ts'
import { corsQuery, isCorsOperation } from '../../s3/cors-operation/cors-query.ts'
import type { GuardedRequest } from '../request/request-guard.ts'
import type { ProxySettings } from './proxy-context.ts'

/** A Host that names no bucket under any configuration: what is left is what the path says. */
const pathStyleHost = '127.0.0.1'

/**
 * Whether the request may touch the objects that hold managed rules, however an endpoint reads it: by the first segment of its
 * path, by any part of its Host that ends at a dot, or by a later segment of a path that is no bucket's.
 */
export function isStoreRequest(settings: ProxySettings, address: BucketAddress, guarded: GuardedRequest): boolean {
  const guard = settings.managed?.storeGuard
  if (guard === undefined) return false
  return (
    reachesStore(settings, guard, address, guarded) ||
    underOtherQuery(settings, guarded, (other, otherAddress) => reachesStore(settings, guard, otherAddress, other))
  )
}

/** Whether a question mark is encoded in the path: to a reader that decodes before it looks for the query, the query begins there. */
const hiddenQuery = /%(?:25)*3f/gi

function underOtherQuery(
  settings: ProxySettings,
  guarded: GuardedRequest,
  reaches: (other: GuardedRequest, address: BucketAddress) => boolean,
): boolean {
  if (!guarded.target.includes('%')) return false
  const target = guarded.target.replace(hiddenQuery, '?')
  return target !== guarded.target && reaches({ ...guarded, target }, settings.addressOf(guarded.host, target))
}

function reachesStore(
  settings: ProxySettings,
  guard: StoreGuard,
  address: BucketAddress,
  guarded: GuardedRequest,
): boolean {
  if (settings.managed?.copySourceGuard?.(guarded.method, guarded.target, guarded.lines)) return true
  if (isReplicated(guarded.method, guarded.target)) return true
  const { host } = guarded
  const unpacked = isUnpacked(guarded.method, guarded.target, guarded.lines)
  // Whatever its query says: that of a multipart upload would pass.
  const target = unpacked ? (guarded.target.split('?', 1)[0] ?? '') : guarded.target
  const method = unpacked ? 'POST' : guarded.method
  const byPath =
    address.kind === 'bucket' && address.style === 'path' ? address : settings.addressOf(pathStyleHost, target)
  if (byPath.kind === 'bucket' && guard(byPath.bucket, 'path', method, target)) return true
  if (byPath.kind === 'none') {
    const isReached =
      byPath.isDoor === true ? isStoreBehindDoor(guard, method, target) : isStoreOf(guard, method, target)
    if (isReached) return true
  }
  // Under a virtual-hosted Host these are keys; a server that does not know that Host reads them by the path.
  if ((byPath.kind === 'ambiguous' || byPath.kind === 'door') && isStoreBehindDoor(guard, method, target)) return true
  return namesInHost(host).some(name => guard(name, 'virtual', method, target))
}

/**
 * Whether the request may be about the rules of a managed bucket in another way than the one it is answered by: it must not get
 * past the proxy to an endpoint that takes `DELETE ?cors` for DeleteBucket.
 */
export function isStrayCorsOperation(
  settings: ProxySettings,
  address: BucketAddress,
  guarded: GuardedRequest,
): boolean {
  if (settings.managed === undefined || guarded.method === 'OPTIONS') return false
  return (
    isStray(settings, address, guarded.target) ||
    underOtherQuery(
      settings,
      guarded,
      ({ target }, other) =>
        (other.kind === 'bucket' && isManaged(settings, other, target)) || isStray(settings, other, target),
    )
  )
}

/** Whether it is about the rules of a managed bucket. */
function isManaged({ policies }: ProxySettings, reading: OtherReading, target: string): boolean {
  return (
    reading.kind === 'bucket' &&
    isCorsOperation(target, reading.object, reading.style) &&
    policies.inspect(reading.bucket).source === 'managed'
  )
}

function isStray(settings: ProxySettings, address: BucketAddress, target: string): boolean {
  const isOne = address.kind === 'bucket' && address.others === undefined
  if ((isOne && address.style === 'path') || corsQuery(target) === 'none') return false
  const byPath = settings.addressOf(pathStyleHost, target)
  if (byPath.kind === 'ambiguous' || (byPath.kind === 'bucket' && isManaged(settings, byPath, target))) return true
  if (address.kind === 'none') {
    // A Host that is not configured may itself name the bucket.
    if (byPath.kind !== 'bucket') return true
  } else if (isOne || address.kind !== 'bucket') return false
  const readings = address.kind === 'bucket' ? [address, ...(address.others ?? [])] : (address.others ?? [])
  return readings.some(reading => isManaged(settings, reading, target))
}

/** Every part of the Host that an endpoint may take for the bucket; none of an address. */
function namesInHost(host: string): readonly string[] {
  if (host.charCodeAt(0) === 0x5b) return []
  const name = (host.split(':', 1)[0] ?? '').toLowerCase()
  const names = [name]
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) names.push(name.slice(0, dot))
  return names
}

/**
 * A first segment that is no bucket's name may still reach one: some endpoints fold letter case, and a file system under one may
 * cut blanks and dots at the end of a name.
 */
function isStoreOf(guard: StoreGuard, method: string, target: string): boolean {
  const end = target.slice(1).search(/[/?]/) + 1
  const segment = end === 0 ? target.slice(1) : target.slice(1, end)
  const name = decoded(segment).normalize('NFKC').trim().replace(/\.+$/, '').trim()
  return guard(
    name,
    'virtual',
    method,
    end === 0 ? '/' : target[end] === '/' ? target.slice(end) : `/${target.slice(end)}`,
  )
}

/** Swift has the bucket after its version or account, RGW after a tenant: any segment may be it, whatever is a slash to a server. */
function isStoreBehindDoor(guard: StoreGuard, method: string, target: string): boolean {
  const [path = '', query] = target.split('?', 2)
  const segments = decoded(path).split(/[/\\]/)
  return segments.some((segment, index) => {
    const name = segment.split(/[:;]/)
    const rest = `/${segments.slice(index + 1).join('/')}${query === undefined ? '' : `?${query}`}`
    return name.some(part => guard(part, 'virtual', method, rest))
  })
}

/** An endpoint, or something in front of it, might decode twice. */
function decoded(text: string): string {
  let last = text
  for (let round = 0; round < 3 && last.includes('%'); round++) {
    try {
      last = decodeURIComponent(last)
    } catch {
      return last
    }
  }
  return last
}
