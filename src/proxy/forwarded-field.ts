/**
 * Names of fields by which proxies tell the address, scheme or host that they were asked by. S3 servers and the layers before
 * them believe some: MinIO X-Forwarded-For, X-Real-IP and Forwarded, RGW whichever `rgw remote addr param` names, Swift
 * X-Cluster-Client-Ip, SeaweedFS X-Forwarded-Host and -Prefix for what was signed. The others are those of known CDNs.
 */
const names: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'client-ip',
  'fastly-client-ip',
  'forwarded',
  'forwarded-for',
  'remote-addr',
  'true-client-ip',
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

/** Whether a field, its name in lower case, tells of whom a proxy was asked; `x-forwarded` with whatever follows always does. */
export function isForwardedField(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78: // x
      // x-amz-…, of which a signed request has several.
      return name.charCodeAt(2) !== 0x61 && (name.startsWith('x-forwarded') || names.has(name))
    case 0x63: // c
    case 0x66: // f
    case 0x72: // r
    case 0x74: // t
      return names.has(name)
    default:
      return false
  }
}
