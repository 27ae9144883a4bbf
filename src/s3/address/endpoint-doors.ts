// Paths by which a server reaches something else than the bucket that the first segment names: deploy/endpoint-doors.md.

import { decodeEscapes } from '../../text/decode-escapes.ts'

/** Where such a path begins, and whether it does so under a virtual-hosted Host as well. */
interface EndpointDoor {
  readonly segment: string
  /** The server looks at this path before it looks at the Host. */
  readonly overHost: boolean
}

const doors: readonly EndpointDoor[] = [
  // Ceph RGW: the Swift API, its authentication, the admin operations.
  { segment: 'swift', overHost: false },
  { segment: 'auth', overHost: false },
  { segment: 'admin', overHost: false },
  // OpenStack Swift: accounts, TempAuth, what every proxy server of it answers.
  { segment: 'v1', overHost: false },
  { segment: 'v1.0', overHost: false },
  { segment: 'info', overHost: false },
  { segment: 'healthcheck', overHost: false },
  { segment: 'endpoints', overHost: false },
  { segment: 'crossdomain.xml', overHost: false },
  // MinIO and what is made of it (JuiceFS): health, metrics, admin calls, node to node, Console.
  { segment: 'minio', overHost: true },
  // RustFS: admin calls and console.
  { segment: 'rustfs', overHost: true },
  { segment: 'health', overHost: false },
  // SeaweedFS, s3proxy.
  { segment: 'healthz', overHost: false },
  { segment: 'status', overHost: false },
  // moto, LocalStack: reset, state, the other services.
  { segment: 'moto-api', overHost: true },
  { segment: '_localstack', overHost: true },
  { segment: '_aws', overHost: true },
  // Scality cloudserver: reports, replication, metadata.
  { segment: '_', overHost: true },
  // S3Mock: Spring's actuator.
  { segment: 'actuator', overHost: true },
]
const anyHost = new Set(doors.filter(door => door.overHost).map(door => door.segment))
const pathStyle = new Set(doors.map(door => door.segment))
/** By the first letter, a bit for each length of those that begin with it: tells nearly every bucket from them without hashing it. */
const lengths = new Uint32Array(128)
for (const { segment } of doors) {
  const first = segment.charCodeAt(0)
  lengths[first] = (lengths[first] ?? 0) | (1 << segment.length)
}

/** Whether a bucket name is also the name under which a server has something else. */
export function isDoor(bucket: string): boolean {
  const { length } = bucket
  if (length > 31 || ((lengths[bucket.charCodeAt(0)] ?? 0) & (1 << length)) === 0) return false
  return pathStyle.has(bucket)
}

/**
 * The name under which a first segment that is no bucket name leads past the bucket, or undefined. `segment` is percent-decoded.
 *
 * Letter case is folded: no server of the table does so, and a bucket of S3 has no upper-case letter. RGW's `TENANT:BUCKET`
 * and what Java servers cut off as a path parameter (`BUCKET;x`) stand for every such segment: no bucket's name has either.
 */
export function doorOf(segment: string): string | undefined {
  const lower = segment.toLowerCase()
  if (pathStyle.has(lower)) return lower
  if (segment.includes(':')) return 'TENANT:BUCKET'
  return segment.includes(';') ? 'BUCKET;PARAMETER' : undefined
}

/** The same of a request whose Host names the bucket; the target's key may hold anything. */
export function doorOverHost(target: string): string | undefined {
  // m, r, _, a in either case, and what could be one of them.
  switch (target.charCodeAt(1) | 0x20) {
    case 0x6d:
    case 0x72:
    case 0x7f:
    case 0x61:
    case 0x25:
      break
    default:
      return undefined
  }
  let end = 1
  let isEncoded = false
  for (; end < target.length; end++) {
    const code = target.charCodeAt(end)
    if (code === 0x2f || code === 0x3f) break
    if (code === 0x25) isEncoded = true
  }
  const segment = target.slice(1, end)
  if (anyHost.has(segment)) return segment
  const folded = (isEncoded ? decodeEscapes(segment) : segment).toLowerCase()
  return anyHost.has(folded) ? folded : undefined
}
