/** Those that begin with `x-`, but for all of `x-forwarded…`. */
const xNames: ReadonlySet<string> = new Set([
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-original-forwarded-for',
  'x-originating-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-scheme',
])

/**
 * Whether a field, its name in lower case, tells the address, scheme or host that a proxy was asked by. S3 servers and the layers
 * before them believe some: MinIO X-Forwarded-For, X-Real-IP and Forwarded, RGW whichever `rgw remote addr param` names, Swift
 * X-Cluster-Client-Ip, SeaweedFS X-Forwarded-Host and -Prefix for what was signed. The others are those of known CDNs.
 *
 * By the first letter, because every field of a request is asked about.
 */
export function isForwardedField(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78: // x
      // x-amz-…, of which a signed request has several.
      return name.charCodeAt(2) !== 0x61 && (name.startsWith('x-forwarded') || xNames.has(name))
    case 0x63: // c
      return name.charCodeAt(1) === 0x66 ? name.startsWith('cf-connecting-ip') : name === 'client-ip'
    case 0x66: // f
      return name === 'forwarded' || name === 'forwarded-for' || name === 'fastly-client-ip'
    case 0x72: // r
      return name === 'remote-addr'
    case 0x74: // t
      return name === 'true-client-ip'
    default:
      return false
  }
}
