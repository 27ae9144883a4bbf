// What a Host field says about the bucket: nothing (path-style), or its name (virtual-hosted-style).

import { isIpv4Shaped } from '../../http/ip-literal.ts'
import { isBucketName } from './bucket-name.ts'
import { isHostValue } from './host-check.ts'

/** Where the bucket of a request under a name is taken from: its path, its Host, or another part of its Host than the one meant. */
export type NameReading = 'path' | 'virtual' | 'other'

/** What was found of a name; `silent`: the endpoint's own error document names no bucket. */
export type LabelReading = NameReading | 'silent'

/** What was found; a name that is missing was not asked about, or its answer says nothing. */
export interface FoundNames {
  /** Of `BUCKET.BASE`, by base. */
  readonly bases: ReadonlyMap<string, NameReading>
  /** Of names that are path-style to the configuration. `virtual`: the whole name is taken for the bucket. */
  readonly hosts: ReadonlyMap<string, NameReading>
  /** Of any other single label. No known server that takes such a label for a bucket is silent about it. */
  readonly foreign: LabelReading | undefined
}

/** How this proxy and its endpoint are named. Names are lower case and without a port. */
export interface HostOptions {
  /** The host name or IP literal of `upstream.url`. A name is a base of virtual-hosted-style requests once it was found to be one. */
  readonly upstreamHost: string
  /** What the endpoint will be sent as Host: the client's own, or the authority of `upstream.url`. */
  readonly host: 'preserve' | 'rewrite'
  /** Further bases of virtual-hosted-style requests. */
  readonly virtualHosts: readonly string[]
  /** Further names that are path-style. */
  readonly hosts: readonly string[]
  /** The buckets that the configuration names. */
  readonly namedBuckets?: { has(bucket: string): boolean } | undefined
  /** What the endpoint was found to do with names; nothing yet unless told. */
  readonly found?: FoundNames | undefined
}

/** What a Host says. `ambiguous` is an answer in itself, whatever the request-target is. */
export type HostReading =
  /** `orBucket`: the endpoint may take the whole name for this bucket, which may be none by S3's rules. */
  | { readonly kind: 'path'; readonly orBucket: string | undefined }
  /** `isCertain`: the endpoint takes it so as well; otherwise it may read the path alone. */
  | { readonly kind: 'virtual'; readonly bucket: string; readonly isCertain: boolean }
  /** No bucket for certain. `candidates`: those that an endpoint may find in it all the same. */
  | { readonly kind: 'none'; readonly unknownHost: boolean; readonly candidates: readonly string[] }
  | { readonly kind: 'ambiguous'; readonly why: string }

/** MinIO's reserved bucket: under it lie its health checks, its admin calls and its Console. */
const minioReservedBucket = 'minio'

/** AWS, RGW (`rgw_relaxed_s3_bucket_names` too) and MinIO alike. */
const minBucketLength = 3

const pathStyle: HostReading = Object.freeze({ kind: 'path', orBucket: undefined })
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
  const { upstreamHost, namedBuckets, found } = options
  const rewrites = options.host === 'rewrite'
  const own = toCanonical(upstreamHost)
  const configured = options.virtualHosts.map(toCanonical)
  const bases = isIpv4Shaped(upstreamHost) || upstreamHost.includes(':') ? [...configured] : [...configured, own]
  bases.sort((a, b) => b.length - a.length)
  const suffixes = bases.map(base => ({ suffix: `.${base}`, isCertain: isCertain(base), isOther: isOther(base) }))
  const pathHosts = new Set(bases)
  const hosts = new Set(options.hosts.map(toCanonical))
  // Rewritten, the endpoint sees its own name alone.
  const path = rewrites ? readListed(own) : pathStyle

  /** What was found counts; a base that was not asked about yet counts where the operator wrote it. */
  function isCertain(base: string): boolean {
    const reading = found?.bases.get(rewrites ? own : base)
    return reading === undefined ? configured.includes(base) : reading === 'virtual'
  }

  /** RGW takes a whole name that is none of its own, MinIO what stands before the first of its domains that fits. */
  function isOther(base: string): boolean {
    return found?.bases.get(rewrites ? own : base) === 'other'
  }

  const read = (host: string): HostReading => {
    if (!isHostValue(host)) return malformed
    if (host.charCodeAt(0) === 0x5b) return path
    const colon = host.indexOf(':')
    const name = colon === -1 ? host : host.slice(0, colon)
    const canonical = toCanonical(name)
    if (hosts.has(canonical) || pathHosts.has(canonical)) return rewrites ? path : readListed(canonical)
    for (const { suffix, isCertain, isOther } of suffixes) {
      if (!canonical.endsWith(suffix)) continue
      if (isOther) return notCertain(canonical, false)
      const bucket = canonical.slice(0, -suffix.length)
      return rewrites ? readRewritten(bucket, isCertain, path) : readPreserved(bucket, canonical, name, isCertain)
    }
    if (rewrites || isIpv4Shaped(canonical)) return path
    return canonical.includes('.') ? notCertain(canonical, true) : readSingleLabel(canonical)
  }

  /** The operator says that the name is path-style; an endpoint that was found to read it as a bucket says otherwise. */
  function readListed(canonical: string): HostReading {
    switch (found?.hosts.get(canonical)) {
      case 'virtual':
        return orWhole(canonical)
      case 'other':
        return notCertain(canonical, false)
      default:
        return pathStyle
    }
  }

  /**
   * RGW with `rgw_dns_name` takes a name that is none of its own for a bucket; others take it for nothing. Until the endpoint
   * was asked it may be such a one: then both readings count, unless no server has a bucket of so short a name.
   */
  function readSingleLabel(canonical: string): HostReading {
    if (namedBuckets?.has(canonical) === true) return orWhole(canonical)
    switch (found?.foreign) {
      case 'path':
      case 'silent':
        return pathStyle
      case undefined:
        return canonical.length < minBucketLength ? pathStyle : orWhole(canonical)
      default:
        return orWhole(canonical)
    }
  }

  /** The endpoint reads the same Host, so a spelling on which endpoints disagree names no bucket for certain. */
  function readPreserved(bucket: string, canonical: string, name: string, isCertain: boolean): HostReading {
    if (name !== canonical) return notCanonical
    // MinIO skips `minio.` + domain when it looks for a bucket in the Host; other endpoints do not.
    if (bucket === minioReservedBucket || !isBucketName(bucket)) return notCertain(canonical, false)
    return { kind: 'virtual', bucket, isCertain }
  }

  /** Buckets before a dot of the name: the first that can be one, every one that the configuration names, and the whole name. */
  function notCertain(canonical: string, unknownHost: boolean): HostReading {
    const candidates: string[] = []
    for (let dot = canonical.indexOf('.'); dot !== -1; dot = canonical.indexOf('.', dot + 1)) {
      const prefix = canonical.slice(0, dot)
      if ((candidates.length === 0 && isBucketName(prefix)) || namedBuckets?.has(prefix) === true)
        candidates.push(prefix)
    }
    if (isBucketName(canonical)) candidates.push(canonical)
    return { kind: 'none', unknownHost, candidates }
  }

  // Most requests have the Host of the one before, which is not read again (`bench:micro bucket`).
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

/**
 * The endpoint reads `BUCKET.` and its own authority. Without a bucket it would read its own authority alone, and take the
 * first segment of the path for the bucket: so must we, and only for the one name that is known to mean that.
 */
function readRewritten(bucket: string, isCertain: boolean, path: HostReading): HostReading {
  if (bucket === minioReservedBucket) return path
  return isBucketName(bucket) ? { kind: 'virtual', bucket, isCertain } : notBucketName
}

function orWhole(canonical: string): HostReading {
  return { kind: 'path', orBucket: canonical }
}

/** The name in a Host: without the port and the brackets of an address, in canonical form. */
export function nameOfHost(host: string): string {
  if (host.charCodeAt(0) === 0x5b) return host.slice(1, host.indexOf(']')).toLowerCase()
  const colon = host.indexOf(':')
  return toCanonical(colon === -1 ? host : host.slice(0, colon))
}

/** Lower case, without the dot that may end a name. */
export function toCanonical(name: string): string {
  const lower = name.toLowerCase()
  return lower.charCodeAt(lower.length - 1) === 0x2e ? lower.slice(0, -1) : lower
}
