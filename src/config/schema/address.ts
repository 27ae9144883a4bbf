/** Where a port listens. */
export interface Address {
  /** A name or an IP address without brackets; empty means every address of the machine. */
  readonly host: string
  /** 0 means any free port. */
  readonly port: number
}

/** What {@link parseAddress} takes, as one clause. */
export const addressAllowed = '"HOST:PORT", ":PORT" or "[IPV6]:PORT" with a port from 0 to 65535'

/** For editors, which read the JSON Schema: the shape without the bounds. */
export const addressPattern = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(?:0|[1-9][0-9]{0,4})$/

/** Reads `host:port`, `:port` or `[::1]:port`; undefined when it is none of them. */
export function parseAddress(text: string): Address | undefined {
  if (!addressPattern.test(text)) return undefined
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon)
  const port = Number(text.slice(colon + 1))
  if (port > 65_535) return undefined
  if (!host.startsWith('[')) return { host: host.toLowerCase(), port }
  const literal = host.slice(1, -1)
  return URL.canParse(`http://[${literal}]/`) ? { host: literal.toLowerCase(), port } : undefined
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
