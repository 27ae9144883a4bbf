import { parse } from 'tldts'
import { isPublicSuffix } from '../../cors/lint/public-suffix.ts'

/**
 * The value for each origin: of two and more https origins under one registrable domain `https://*.` and the longest domain that they
 * share, else itself. The domain is the owner's own: below every public suffix, also below those of hosting services, whose names
 * belong to their customers (https://publicsuffix.org/list/, with its private part).
 */
export function joinSiblings(origins: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map(origins.map(origin => [origin, origin]))
  const groups = Map.groupBy(origins, registrableOf)
  for (const [domain, siblings] of groups) {
    if (domain === undefined) continue
    // The domain itself is not below it.
    const below = siblings.filter(origin => hostOf(origin) !== hostOf(domain))
    if (below.length < 2) continue
    const shared = sharedDomain(below.map(hostOf), hostOf(domain))
    const port = /:[0-9]+$/.exec(domain)?.[0] ?? ''
    for (const origin of below) if (hostOf(origin) !== shared) values.set(origin, `https://*.${shared}${port}`)
  }
  return values
}

/** Scheme, registrable domain and port; undefined where a wildcard is out of the question. */
function registrableOf(origin: string): string | undefined {
  const match = /^https:\/\/([a-z0-9.-]+)((?::[0-9]+)?)$/.exec(origin)
  const [, host, port] = match ?? []
  if (host === undefined) return undefined
  const { domain, isIp, isIcann, isPrivate } = parse(host, { allowPrivateDomains: true })
  if (domain === null || isIp === true || !(isIcann || isPrivate) || isPublicSuffix(domain)) return undefined
  // A shorter list knows some suffixes that the public one leaves to their owners.
  const labels = host.split('.')
  if (
    labels.some(
      (_, index) =>
        index > 0 &&
        isPublicSuffix(labels.slice(index).join('.')) &&
        labels.slice(index).join('.').length >= domain.length,
    )
  )
    return undefined
  return `https://${domain}${port}`
}

function hostOf(origin: string): string {
  return origin.slice('https://'.length).replace(/:[0-9]+$/, '')
}

/** The longest domain that all hosts are below, at least `least`. */
function sharedDomain(hosts: readonly string[], least: string): string {
  const [first = '', ...others] = hosts.map(host => host.split('.').reverse())
  let length = least.split('.').length
  // Below it, so not the whole of any host.
  const most = Math.min(...hosts.map(host => host.split('.').length - 1))
  while (length < most && others.every(other => other[length] === first[length])) length++
  return [...first].slice(0, length).reverse().join('.')
}
