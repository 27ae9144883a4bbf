/** A name of the DNS or an IPv4 address, in either case, without a port. */
export const hostNamePattern = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$/

/** Whether the text is a host name: labels without empty ones between dots. */
export function isHostName(text: string): boolean {
  return hostNamePattern.test(text) && !text.includes('..')
}
