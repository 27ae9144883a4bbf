import type { BucketConfiguration } from '../../../config/configuration.ts'
import { createBucketCommand } from '../../../s3/endpoint/aws-command.ts'
import type { S3Caller } from '../../../s3/endpoint/s3-call.ts'
import { nearest } from '../../../text/nearest-word.ts'
import { parallelCalls } from '../endpoint.ts'
import type { Finding } from '../finding.ts'
import { mapBounded } from '../map-bounded.ts'
import { harmlessCall } from '../names/host-probe.ts'
import { readAnswer } from '../read-answer.ts'

/** Says that the endpoint has no bucket of a name that is configured, where that stands, and what to do. */
export type DescribeMissing = (bucket: string, consequence: string) => Finding

/** `listed`: the buckets that the keys show, if they may list any; `endpointUrl` as `http://minio:9000`. */
export function missingIn(
  buckets: readonly BucketConfiguration[],
  listed: readonly string[],
  endpointUrl: string,
): DescribeMissing {
  return (bucket, consequence) => {
    const place = buckets.find(({ name }) => name === bucket)?.place
    const at = place === undefined ? '' : ` (${place.file}:${place.line})`
    const near = nearest(bucket, listed)
    const correct = near === undefined ? 'correct the name' : `correct the name (did you mean ${near}?)`
    return {
      severity: 'fault',
      about: `buckets.${bucket}`,
      what: `the endpoint has no bucket of this name${at}: ${consequence}`,
      todo: `${correct}, or create the bucket: ${createBucketCommand(endpointUrl, bucket)}`,
    }
  }
}

/** Whether the buckets are there whose rules stand in the configuration: of what cannot be seen, nothing is said. */
export async function checkWrittenBuckets(
  call: S3Caller,
  buckets: readonly BucketConfiguration[],
  listed: readonly string[],
  missing: DescribeMissing,
): Promise<readonly Finding[]> {
  const there = new Set(listed)
  const unsure = buckets.filter(
    ({ name, source }) => (source === 'yaml' || source === 'file') && name !== '*' && !there.has(name),
  )
  const findings = await mapBounded(unsure, parallelCalls, async ({ name }) => {
    const { code } = readAnswer(await call(harmlessCall(name)))
    const consequence = 'its rules answer preflights, and every other request gets 404'
    return code === 'NoSuchBucket' ? [missing(name, consequence)] : []
  })
  return findings.flat()
}
