// What a Host field says about the bucket: nothing (path-style), or its name (virtual-hosted-style).
import { isBucketName } from './bucket-name.ts'
import { isHostValue } from './host-check.ts'
import { isIpv4Shaped } from './ip-literal.ts'

/** How this proxy and its endpoint are named. Names are lower case and without a port. */
export interface HostOptions {
  /** The host name or IP literal of `upstream.url`. A name is always a base of virtual-hosted-style requests. */
  readonly upstreamHost: string
  /** What the endpoint will be sent as Host: the client's own, or the authority of `upstream.url`. */
  readonly host: 'preserve' | 'rewrite'
  /** Further bases of virtual-hosted-style requests. */
  readonly virtualHosts: readonly string[]
  /** Further names that are path-style. */
  readonly hosts: readonly string[]
}

/** What a Host says. `none` and `ambiguous` are answers in themselves, whatever the request-target is. */
export type HostReading =
  | { readonly kind: 'path' }
  | { readonly kind: 'virtual'; readonly bucket: string }
  | { readonly kind: 'none'; readonly unknownHost: boolean }
  | { readonly kind: 'ambiguous'; readonly why: string }

/** MinIO's reserved bucket: under it lie its health checks, its admin calls and its Console. */
export const minioReservedBucket = 'minio'

const pathStyle: HostReading = Object.freeze({ kind: 'path' })
const noBucket: HostReading = Object.freeze({ kind: 'none', unknownHost: false })
const unknownHost: HostReading = Object.freeze({ kind: 'none', unknownHost: true })
const malformed: HostReading = Object.freeze({
  kind: 'ambiguous',
  why: 'the Host is not a name or address with an optional port',
})
const notCanonical: HostReading = Object.freeze({
  kind: 'ambiguous',
  why: 'the Host names a bucket, with upper-case letters or a dot at its end, which endpoints read differently',
})
const notBucketName: HostReading = Object.freeze({ kind: 'ambiguous', why: 'the Host names no possible bucket' })

/**
 * Makes the function that reads a Host field value.
 *
 * A name listed in full beats every base, and of the bases that fit the longest wins: with `s3.local` and `eu.s3.local`,
 * `a.eu.s3.local` is the bucket `a`. (MinIO takes the first of MINIO_DOMAIN that fits: list the longer ones first there.)
 */
export function createHostReader(options: HostOptions): (host: string) => HostReading {
  const { upstreamHost } = options
  const bases = options.virtualHosts.map(toCanonical)
  if (!isIpv4Shaped(upstreamHost) && !upstreamHost.includes(':')) bases.push(toCanonical(upstreamHost))
  bases.sort((a, b) => b.length - a.length)
  const suffixes = bases.map(base => `.${base}`)
  const pathHosts = new Set([...bases, ...options.hosts.map(toCanonical)])
  const rewrites = options.host === 'rewrite'

  const read = (host: string): HostReading => {
    if (!isHostValue(host)) return malformed
    if (host.charCodeAt(0) === 0x5b) return pathStyle
    const colon = host.indexOf(':')
    const name = colon === -1 ? host : host.slice(0, colon)
    const canonical = toCanonical(name)
    if (pathHosts.has(canonical)) return pathStyle
    for (const suffix of suffixes) {
      if (!canonical.endsWith(suffix)) continue
      const bucket = canonical.slice(0, -suffix.length)
      return rewrites ? readRewritten(bucket) : readPreserved(bucket, name === canonical)
    }
    // A rewritten Host is the endpoint's own authority, so every other name is path-style.
    if (rewrites || !canonical.includes('.') || isIpv4Shaped(canonical)) return pathStyle
    return unknownHost
  }
  // Most requests have the Host of the one before, and comparing it costs less than reading it.
  let lastHost = ''
  let lastReading = malformed
  return host => {
    if (host !== lastHost) {
      lastReading = read(host)
      lastHost = host
    }
    return lastReading
  }
}

/** The endpoint reads the same Host, so a spelling on which endpoints disagree names no bucket for certain. */
function readPreserved(bucket: string, isCanonical: boolean): HostReading {
  if (!isCanonical) return notCanonical
  // MinIO skips `minio.` + domain when it looks for a bucket in the Host; other endpoints do not.
  if (bucket === minioReservedBucket || !isBucketName(bucket)) return noBucket
  return { kind: 'virtual', bucket }
}

/**
 * The endpoint reads `BUCKET.` and its own authority. Without a bucket it would read its own authority alone, and take the
 * first segment of the path for the bucket: so must we, and only for the one name that is known to mean that.
 */
function readRewritten(bucket: string): HostReading {
  if (bucket === minioReservedBucket) return pathStyle
  return isBucketName(bucket) ? { kind: 'virtual', bucket } : notBucketName
}

function toCanonical(name: string): string {
  const lower = name.toLowerCase()
  return lower.charCodeAt(lower.length - 1) === 0x2e ? lower.slice(0, -1) : lower
}
