import { isBracketedIpv6, isIpv4Shaped } from '../../http/ip-literal.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import type { Path } from '../issue.ts'
import { child, isMapping } from '../raw-value.ts'

/** Tells a fault: why, where, what, and what is allowed. */
export type TellFault = (reason: string, path: Path, message: string, allowed: string) => void

/** A key of 1024 bytes also holds the longest bucket name and `.json`. */
const maxPrefixLength = 1024 - 63 - 5

/** Of the characters that every endpoint keeps as they are: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const prefixPattern = /^(?:[A-Za-z0-9!_.*'()-]+\/)+$/

/** Faults of the place where a bucket of the endpoint keeps managed rules. Reads the raw data. */
export function checkStoreBucket(raw: unknown, fault: TellFault): void {
  const path = ['managed', 'store', 'bucket']
  const bucket = child(raw, path)
  const prefix = child(raw, ['managed', 'store', 'prefix'])
  if (typeof prefix === 'string' && prefix !== '' && !isPlainPrefix(prefix)) {
    fault(
      'store-prefix',
      ['managed', 'store', 'prefix'],
      `${JSON.stringify(prefix)} is a prefix that some endpoints change`,
      'segments of letters, digits and !_.*\'()-, each followed by one slash, none of them "." or "..", such as "cors/"',
    )
  }
  if (typeof bucket !== 'string' || bucket === '') return
  if (!isBucketName(bucket)) {
    const allowed = '3 to 63 lower-case letters, digits, "." and "-" as S3 has them'
    fault('store-bucket', path, `${JSON.stringify(bucket)} is not a bucket name`, allowed)
    return
  }
  const buckets = child(raw, ['buckets'])
  const isNamed = isMapping(buckets) && Object.hasOwn(buckets, bucket)
  if (child(raw, ['buckets', isNamed ? bucket : '*', 'from']) !== 'managed') return
  const message = isNamed
    ? 'its own rules would be kept in it, by requests that the guard of the store refuses'
    : '"*" makes its own rules managed, too: they would be kept in it'
  fault('store-managed', path, message, `a bucket of its own, with "from: none" under buckets.${bucket}`)
}

function isPlainPrefix(prefix: string): boolean {
  if (prefix.length > maxPrefixLength || !prefixPattern.test(prefix)) return false
  return prefix.split('/').every(segment => segment !== '.' && segment !== '..')
}

/** A bucket before an address is no host name: with `rewrite`, or `addressing: virtual`, that is what the endpoint would be sent. */
export function checkBucketBeforeAddress(raw: unknown, fault: TellFault): void {
  const url = child(raw, ['upstream', 'url'])
  if (typeof url !== 'string' || !URL.canParse(url)) return
  const { hostname } = new URL(url)
  if (!isIpv4Shaped(hostname) && !isBracketedIpv6(hostname)) return
  if (child(raw, ['upstream', 'addressing']) === 'virtual') {
    const message = `this proxy's own calls would be sent to BUCKET.${hostname}, and no host name is made of an address`
    const allowed = 'a host name in upstream.url, or path'
    fault('virtual-address', ['upstream', 'addressing'], message, allowed)
  }
  if (child(raw, ['upstream', 'host']) !== 'rewrite') return
  for (const [index, name] of namesOf(child(raw, ['virtualHosts'])).entries()) {
    if (name === undefined) continue
    const message = `"upstream.host: rewrite" would send the endpoint BUCKET.${hostname}, and no host name is made of an address`
    const allowed = `a host name in upstream.url, or ${name} under hosts, where the bucket stands in the path`
    fault('rewritten-address', ['virtualHosts', index], message, allowed)
  }
}

/** Faults of names that cannot all be what the configuration says: path-style, a base of buckets, or the console's. */
export function checkHostNames(raw: unknown, fault: TellFault): void {
  const bases = namesOf(child(raw, ['virtualHosts']))
  const hosts = namesOf(child(raw, ['hosts']))
  const hostField = child(raw, ['console', 'host'])
  for (const [index, host] of hosts.entries()) {
    // A base is path-style by itself: to say so again is no contradiction.
    const base = host === undefined || bases.includes(host) ? undefined : baseOf(host, bases)
    if (base === undefined) continue
    const message = `to the endpoint it is a bucket under ${base} of virtualHosts`
    fault('host-under-base', ['hosts', index], message, `a name that is not under ${base}`)
  }
  if (typeof hostField !== 'string') return
  const host = canonical(hostField.replace(/:\d+$/, ''))
  const base = baseOf(host, bases)
  const path = ['console', 'host']
  if (base !== undefined) {
    const message =
      base === host ? 'virtualHosts has it as well' : `it is the name of a bucket under ${base} of virtualHosts`
    fault('console-under-base', path, message, `a name that is not under ${base}`)
  } else if (hosts.includes(host)) {
    fault('console-host', path, 'hosts has it as well: S3 requests would never be served under it', 'a name of its own')
  }
}

function namesOf(list: unknown): readonly (string | undefined)[] {
  return Array.isArray(list) ? list.map(name => (typeof name === 'string' ? canonical(name) : undefined)) : []
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function baseOf(host: string, bases: readonly (string | undefined)[]): string | undefined {
  return bases.find(base => base !== undefined && (host === base || host.endsWith(`.${base}`)))
}
