import type { Configuration } from '../../config/configuration.ts'
import type { Environment } from '../../config/environment.ts'
import { writeEndpointUrl } from '../../config/schema/endpoint-url.ts'
import type { UpstreamFiles } from '../../daemon/upstream/upstream.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { createGetBucketCors } from '../../s3/endpoint/get-bucket-cors.ts'
import { checkBucketRules } from './buckets/bucket-rules.ts'
import { checkManaged } from './buckets/managed-safety.ts'
import { checkWrittenBuckets, missingIn } from './buckets/missing-buckets.ts'
import { checkCredentials } from './credentials.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import type { Finding } from './finding.ts'
import { firstAnswer } from './first-answer.ts'
import { checkNames } from './names/configured-names.ts'
import { askUnder, foreignHost, harmlessCall } from './names/host-probe.ts'
import { hostFindings } from './names/host-rows.ts'
import { checkBases, checkOwnName } from './names/own-name.ts'
import { reach } from './reach.ts'

/** Asks the endpoint of a configuration everything that the configuration relies on. Never rejects; ends at once where no server answers. */
export async function checkEndpoint(
  configuration: Configuration,
  files: UpstreamFiles,
  environment: Environment,
): Promise<readonly Finding[]> {
  const { url, connectSeconds } = configuration.upstream
  const reached = await reach({ url, files, timeoutMs: connectSeconds * 1000 })
  if (hasFault(reached)) return reached
  const endpoint = openEndpoint(configuration, files, environment)
  try {
    const answered = await firstAnswer(endpoint, url.protocol)
    if (hasFault(answered)) return [...reached, ...answered]
    return [...reached, ...answered, ...(await askEverything(configuration, files, endpoint))]
  } finally {
    await endpoint.close()
  }
}

/** Something that cannot work as it is configured. */
export function hasFault(findings: readonly Finding[]): boolean {
  return findings.some(finding => finding.severity === 'fault')
}

async function askEverything(
  configuration: Configuration,
  files: UpstreamFiles,
  endpoint: Endpoint,
): Promise<readonly Finding[]> {
  const { upstream } = configuration
  const live = configuration.buckets.filter(({ source }) => source === 'upstream' || source === 'managed')
  const named = (from: string) => live.filter(({ name, source }) => source === from && name !== '*').map(b => b.name)
  const keys = await checkCredentials(endpoint, live.length > 0, upstream)
  const listed = [...(keys.buckets ?? [])].filter(isBucketName)
  const bucket = configuration.buckets.find(({ name }) => listed.includes(name))?.name ?? listed[0]
  const own = await askUnder(endpoint, {}, harmlessCall(bucket), keys.good)
  const foreign = { authority: foreignHost, addressing: 'path' } as const
  const under = await askUnder(endpoint, foreign, harmlessCall(bucket), keys.good)
  const call = endpoint.callerAs({})
  // Of the buckets under "*", one stands for all: the endpoint is the same.
  const isOther = (name: string) => configuration.buckets.every(entry => entry.name !== name)
  const sample = live.some(({ name, source }) => name === '*' && source === 'managed')
    ? listed.find(isOther)
    : undefined
  const managed = [...named('managed'), ...(sample === undefined ? [] : [sample])]
  const url = writeEndpointUrl(upstream.url)
  const missing = missingIn(configuration.buckets, listed, url)
  return [
    ...keys.findings,
    ...hostFindings(own, under, upstream.host),
    ...(await checkNames(configuration, { endpoint, files, bucket, hasGoodKeys: keys.good })),
    ...(bucket === undefined ? await checkBases(configuration, endpoint) : []),
    ...(await checkOwnName(configuration, endpoint)),
    ...(await checkBucketRules(createGetBucketCors(call), named('upstream'), missing, url)),
    ...(await checkManaged(call, managed, configuration.managed, missing, url)),
    ...(await checkWrittenBuckets(call, configuration.buckets, listed, missing)),
  ]
}
