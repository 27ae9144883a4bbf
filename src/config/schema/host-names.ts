import { isIP } from 'node:net'

/** A host with or without a port, as it stands in a Host field. */
export const hostFieldPattern =
  /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?)(?::[1-9][0-9]{0,4})?$/

/** What `isHostName` takes, as one clause. */
export const hostNameAllowed = 'a host name such as "s3.example.com", without scheme, port or "*"'

/** What {@link isAddressRange} takes, as one clause. */
export const addressRangeAllowed = 'an IP address or a range such as "10.0.0.0/8" or "fd00::/8"'

/** Whether the text is an IP address or a range of them in CIDR notation. */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  return /^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)
}

/** What {@link isSerialisedOrigin} takes, as one clause. */
export const originAllowed =
  'an origin as browsers send it, such as "https://files.example.com", lower case, without a path or a default port'

/** Whether the text is the serialisation of an http(s) origin, https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin. */
export function isSerialisedOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text
}
