import { isIP } from 'node:net'
import type { Configuration } from '../../../config/configuration.ts'
import type { UpstreamFiles } from '../../../daemon/upstream/upstream.ts'
import { type Endpoint, parallelCalls } from '../endpoint.ts'
import type { Finding } from '../finding.ts'
import { mapBounded } from '../map-bounded.ts'
import { reach } from '../reach.ts'
import { askUnder, describeRefusal, type HostAnswers, harmlessCall, takes } from './host-probe.ts'

/** What the names were tried with. */
export interface NameTrial {
  readonly endpoint: Endpoint
  readonly files: UpstreamFiles
  /** A bucket that is there; without one, names before which a bucket stands cannot be tried. */
  readonly bucket: string | undefined
  readonly hasGoodKeys: boolean
}

interface Name {
  readonly setting: string
  readonly authority: string
  readonly addressing: 'path' | 'virtual'
}

/** Whether the endpoint takes every name under which the configuration has requests reach it. */
export async function checkNames(
  { upstream, hosts, virtualHosts }: Configuration,
  trial: NameTrial,
): Promise<readonly Finding[]> {
  const { endpoint, bucket, hasGoodKeys } = trial
  const bases = bucket === undefined ? [] : virtualHosts
  const rewritten = bases.length > 0 && isIP(upstream.url.hostname) === 0
  const names: readonly Name[] =
    upstream.host === 'preserve'
      ? [
          ...hosts.map((authority): Name => ({ setting: 'hosts', authority, addressing: 'path' })),
          ...bases.map((authority): Name => ({ setting: 'virtualHosts', authority, addressing: 'virtual' })),
        ]
      : rewritten
        ? [{ setting: 'upstream.url', authority: upstream.url.authority, addressing: 'virtual' }]
        : []
  if (names.length === 0) return []
  const call = harmlessCall(bucket)
  const own = await askUnder(endpoint, {}, call, hasGoodKeys)
  const findings = await mapBounded(names, parallelCalls / 2, async name => {
    const { authority, addressing } = name
    return findingOf(name, own, await askUnder(endpoint, { authority, addressing }, call, hasGoodKeys))
  })
  const tls = upstream.host === 'rewrite' ? await checkBucketCertificate(upstream, trial) : []
  return [...findings, ...tls]
}

function findingOf({ setting, addressing }: Name, own: HostAnswers, answers: HostAnswers): Finding {
  const style = addressing === 'path' ? 'path-style' : 'virtual-hosted-style'
  if (takes(own, answers)) return { severity: 'ok', about: setting, what: `${answers.host}: taken as ${style}` }
  const todo =
    setting === 'upstream.url'
      ? 'path-style names (hosts) alone, without virtualHosts'
      : 'name it at the endpoint too (MINIO_DOMAIN, rgw_dns_name), or upstream.host: rewrite'
  return { severity: 'warning', about: setting, what: `not taken as ${style}: ${describeRefusal(own, answers)}`, todo }
}

/** With `rewrite` the data path asks for BUCKET.NAME, and verifies the certificate for it. */
async function checkBucketCertificate(
  upstream: Configuration['upstream'],
  { files, bucket }: NameTrial,
): Promise<readonly Finding[]> {
  const { url } = upstream
  // A name with a dot in it fits no wildcard: the data path then verifies the endpoint's own.
  if (url.protocol === 'http:' || bucket === undefined || bucket.includes('.')) return []
  const servername = `${bucket}.${url.hostname}`
  return reach({ url, files, servername, timeoutMs: upstream.connectSeconds * 1000 })
}
