/** An HTTP server as configured: scheme and authority, nothing else. */
export interface EndpointUrl {
  readonly protocol: 'http:' | 'https:'
  /** Lower case, an IPv6 address without its brackets: what a socket connects to. */
  readonly hostname: string
  /** The scheme's default when the text names none. */
  readonly port: number
  /** What goes into Host: brackets kept, the scheme's default port left out. */
  readonly authority: string
}

/** What {@link parseEndpointUrl} takes, as one clause. */
export const endpointUrlAllowed = '"http://HOST[:PORT]" or "https://HOST[:PORT]", without user, path, query or fragment'

/** The whole shape; only a single `/` may follow the authority. */
export const endpointUrlPattern = /^https?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[1-9][0-9]{0,4})?\/?$/

/** The URL as a person writes it. */
export function writeEndpointUrl({ protocol, authority }: EndpointUrl): string {
  return `${protocol}//${authority}`
}

/** Reads the URL of an endpoint; undefined when it says anything beyond scheme, host and port. */
export function parseEndpointUrl(text: string): EndpointUrl | undefined {
  if (!endpointUrlPattern.test(text)) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const written = /\/\/(\[[^\]]*\]|[^:/]*)/.exec(text)?.[1]?.toLowerCase()
  // The URL parser reads `0x7f.1` as 127.0.0.1; what is connected to should be what was written.
  if (url === undefined || (!url.hostname.startsWith('[') && url.hostname !== written)) return undefined
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:'
  const port = url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (port === 0) return undefined
  return { protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port, authority: url.host }
}
