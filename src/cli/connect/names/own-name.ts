import { randomBytes } from 'node:crypto'
import type { Configuration } from '../../../config/configuration.ts'
import { namesToProbe } from '../../../daemon/upstream/name-watch.ts'
import { toCanonical } from '../../../s3/address/host-addressing.ts'
import { probeNames } from '../../../s3/endpoint/endpoint-names.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Finding } from '../finding.ts'

const whyNot = { path: 'taken as path-style', other: 'another part of it is taken for the bucket' } as const

/**
 * Whether the host name of `upstream.url` is a base of virtual-hosted-style requests, as the running proxy finds out. Nothing where
 * it is an address, or where `virtualHosts` says so itself.
 */
export async function checkOwnName(
  configuration: Configuration,
  { transport }: Pick<Endpoint, 'transport'>,
): Promise<readonly Finding[]> {
  const own = toCanonical(configuration.upstream.url.hostname)
  const { upstream, virtualHosts } = configuration
  if (upstream.host === 'rewrite' || virtualHosts.some(name => toCanonical(name) === own)) return []
  if (!namesToProbe(configuration).bases.includes(own)) return []
  const names = { bases: [own], hosts: [], foreign: false, token: randomBytes(16).toString('hex') }
  const reading = (await probeNames(transport.send, names)).bases.get(own)
  const about = 'upstream.url'
  if (reading === 'virtual') return [{ severity: 'ok', about, what: `BUCKET.${own}: taken as virtual-hosted-style` }]
  const why =
    reading === undefined ? 'it could not be found out whether it is taken as virtual-hosted-style' : whyNot[reading]
  const todo = `${own} in virtualHosts, once the endpoint takes it (MINIO_DOMAIN, rgw_dns_name), if clients use such names`
  return [
    { severity: 'note', about, what: `BUCKET.${own}: ${why}: served only where Host and path both allow it`, todo },
  ]
}

/**
 * Whether the endpoint takes the bases of `virtualHosts`, found out without a bucket and without keys: where a bucket is known, they
 * are tried with it (configured-names.ts).
 */
export async function checkBases(
  { upstream, virtualHosts }: Configuration,
  { transport }: Pick<Endpoint, 'transport'>,
): Promise<readonly Finding[]> {
  if (virtualHosts.length === 0) return []
  // With `rewrite` the endpoint is sent its own name alone.
  const bases = upstream.host === 'rewrite' ? [toCanonical(upstream.url.hostname)] : virtualHosts.map(toCanonical)
  const names = { bases, hosts: [], foreign: false, token: randomBytes(16).toString('hex') }
  const readings = (await probeNames(transport.send, names)).bases
  const about = 'virtualHosts'
  return bases.map((base): Finding => {
    const reading = readings.get(base)
    if (reading === 'virtual') return { severity: 'ok', about, what: `BUCKET.${base}: taken as virtual-hosted-style` }
    if (reading === undefined)
      return { severity: 'note', about, what: `BUCKET.${base}: it could not be found out how it is taken` }
    const todo =
      upstream.host === 'rewrite'
        ? 'hosts (the bucket in the path) instead of virtualHosts'
        : 'name it at the endpoint too (MINIO_DOMAIN, rgw_dns_name), or hosts (the bucket in the path) instead'
    return {
      severity: 'warning',
      about,
      what: `BUCKET.${base}: not taken as virtual-hosted-style: ${whyNot[reading]}`,
      todo,
    }
  })
}
