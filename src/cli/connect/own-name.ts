import { randomBytes } from 'node:crypto'
import type { Configuration } from '../../config/configuration.ts'
import { namesToProbe } from '../../daemon/upstream/name-watch.ts'
import { toCanonical } from '../../s3/address/host-addressing.ts'
import { probeNames } from '../../s3/endpoint/endpoint-names.ts'
import type { Endpoint } from './endpoint.ts'
import type { Finding } from './finding.ts'

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
  const why = reading === undefined ? 'whether it is taken as virtual-hosted-style is not found out' : whyNot[reading]
  const todo = `virtualHosts: [${own}] once the endpoint takes it (MINIO_DOMAIN, rgw_dns_name), if clients use such names`
  return [
    { severity: 'note', about, what: `BUCKET.${own}: ${why}: served only where Host and path both allow it`, todo },
  ]
}
