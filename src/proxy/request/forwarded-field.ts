/** Those that begin with `x-`, but for all of `x-forwarded…`. */
const xNames: ReadonlySet<string> = new Set([
  'x-appengine-user-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-client-address',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-coming-from',
  'x-envoy-external-address',
  'x-envoy-original-path',
  'x-forward-for',
  'x-host',
  'x-nf-client-connection-ip',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-url',
  'x-originating-ip',
  'x-proxyuser-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-address',
  'x-remote-ip',
  'x-rewrite-url',
  'x-scheme',
  'x-sourceip',
  'x-true-client-ip',
  'x-url-scheme',
  'x-vercel-forwarded-for',
])

/**
 * Whether a field, its name in lower case, tells the address, scheme, host or path that a proxy was asked by or for. S3
 * servers and the layers before them believe some: MinIO X-Forwarded-For, X-Real-IP and Forwarded, RGW whichever
 * `rgw remote addr param` names, Swift X-Cluster-Client-Ip, SeaweedFS X-Forwarded-Host and -Prefix for what was signed. The others are
 * those of known CDNs, gateways and frameworks.
 *
 * By the first letter, because every field of a request is asked about.
 */
export function isForwardedField(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x78: // x
      // x-amz-…, of which a signed request has several.
      return name.charCodeAt(3) !== 0x6d && (name.startsWith('x-forwarded') || xNames.has(name))
    case 0x61: // a
      return name === 'ali-cdn-real-ip'
    case 0x63: // c
      if (name.charCodeAt(1) === 0x66) return name.startsWith('cf-connecting-ip')
      return name === 'client-ip' || name === 'cdn-src-ip' || name === 'cloudfront-viewer-address'
    case 0x66: // f
      switch (name) {
        case 'forwarded':
        case 'forwarded-for':
        case 'fastly-client-ip':
        case 'fly-client-ip':
        case 'front-end-https':
          return true
        default:
          return false
      }
    case 0x68: // h
      return name === 'http-client-ip' || name === 'http-x-forwarded-for'
    case 0x69: // i
      return name === 'incap-client-ip'
    case 0x70: // p
      return name === 'proxy-client-ip'
    case 0x72: // r
      return name === 'remote-addr'
    case 0x74: // t
      return name === 'true-client-ip'
    case 0x77: // w
      return name === 'wl-proxy-client-ip'
    default:
      return false
  }
}
