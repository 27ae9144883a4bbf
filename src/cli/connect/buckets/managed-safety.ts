import type { Configuration } from '../../../config/configuration.ts'
import { probeBucket, probeEndpoint, type Safety } from '../../../policies/managed/endpoint-probe.ts'
import { createStore, defaultStorePrefix } from '../../../policies/managed/store/store-place.ts'
import { type CorsFetchResult, createGetBucketCors } from '../../../s3/endpoint/get-bucket-cors.ts'
import type { S3Caller } from '../../../s3/endpoint/s3-call.ts'
import { parallelCalls } from '../endpoint.ts'
import type { Finding } from '../finding.ts'
import { mapBounded } from '../map-bounded.ts'
import { maxAnswerBytes, readAnswer } from '../read-answer.ts'
import type { DescribeMissing } from './missing-buckets.ts'

/**
 * Whether callers' own `?cors` requests may be put to this endpoint, for every bucket named; and whether the store is there.
 * `endpointUrl` as `http://minio:9000`.
 */
export async function checkManaged(
  call: S3Caller,
  buckets: readonly string[],
  managed: Configuration['managed'],
  missing: DescribeMissing,
  endpointUrl: string,
): Promise<readonly Finding[]> {
  const getBucketCors = createGetBucketCors(call)
  const results = await mapBounded(buckets, parallelCalls, async bucket => ({
    bucket,
    safety: await probeEndpoint(call, bucket),
    rules: await getBucketCors(bucket),
  }))
  const findings = [
    ...lackingFindings(results),
    ...results.filter(result => !isLacking(result)).map(({ bucket, safety }) => findingOf(bucket, safety, missing)),
  ]
  const store = managed?.store.bucket
  return store === undefined
    ? findings
    : [...findings, await checkStore(call, store, managed?.store.prefix ?? defaultStorePrefix, endpointUrl)]
}

interface ManagedResult {
  readonly bucket: string
  readonly safety: Safety
  readonly rules: CorsFetchResult
}

/** An endpoint that does not know `?cors` does something else with it: no release and no setting of it makes managed safe. */
function isLacking({ safety, rules }: ManagedResult): boolean {
  return safety.kind === 'unsafe' && rules.kind === 'none' && rules.unsupported
}

/** One finding for all buckets: it is about the endpoint. */
function lackingFindings(results: readonly ManagedResult[]): readonly Finding[] {
  const [first] = results.filter(isLacking)
  if (first?.safety.kind !== 'unsafe') return []
  const what = `this endpoint keeps no rules, and managed is not safe with it: ${first.safety.detail}`
  return [{ severity: 'fault', about: 'buckets', what, todo: 'CORSRules or CORSFile instead of from: managed' }]
}

function findingOf(bucket: string, safety: Safety, missing: DescribeMissing): Finding {
  const about = `buckets.${bucket}`
  switch (safety.kind) {
    case 'safe':
      return {
        severity: 'ok',
        about,
        what: 'managed is safe: the endpoint verifies the caller and has no rules of its own',
      }
    case 'unsafe':
      return {
        severity: 'fault',
        about,
        what: `managed is not safe with this endpoint: ${safety.detail}`,
        todo: 'from: upstream if the endpoint keeps rules itself, else CORSRules; with MinIO, RELEASE.2024-08-17 or later',
      }
    case 'no-such-bucket':
      return missing(bucket, 'its ?cors requests get 404, its preflights 403')
    case 'forbidden':
      return {
        severity: 'fault',
        about,
        what: `its ?cors requests get 503: ${safety.detail}`,
        todo: 'keys that are allowed s3:ListBucket, s3:PutBucketCORS and s3:GetBucketCORS on this bucket',
      }
    case 'unknown':
      return {
        severity: 'fault',
        about,
        what: `whether managed is safe is not known, so its ?cors requests get 503: ${safety.detail}`,
        todo: 'an endpoint that answers, keys that it knows, and the region that it wants',
      }
  }
}

async function checkStore(call: S3Caller, bucket: string, prefix: string, endpointUrl: string): Promise<Finding> {
  const about = 'managed.store.bucket'
  const found = (await probeBucket(call, bucket)) ?? (await probeObject(call, bucket, prefix))
  if (found === undefined) return { severity: 'ok', about, what: `${bucket} is there` }
  if (found.kind === 'no-such-bucket')
    return {
      severity: 'fault',
      about,
      what: `the endpoint has no bucket ${bucket}: preflights of managed buckets and ?cors requests get 503`,
      todo: createStore(endpointUrl, bucket),
    }
  const todo = 'keys that are allowed s3:ListBucket, and s3:GetObject and s3:PutObject under the prefix'
  return { severity: 'fault', about, what: `${bucket}: ${found.detail}`, todo }
}

/** Reads a document that is not there: only who may read and list is told so. */
async function probeObject(call: S3Caller, bucket: string, prefix: string) {
  const key = `${prefix}no-bucket-has-this-name-${'x'.repeat(64)}.json`
  const said = readAnswer(await call({ method: 'GET', bucket, key, maxBodyBytes: maxAnswerBytes }))
  if (said.status === 404 && said.code === 'NoSuchKey') return undefined
  const detail =
    said.status === 403
      ? `the proxy's own key is not allowed s3:GetObject on ${bucket}/${prefix}*, or not s3:ListBucket: ${said.text}`
      : `GET of a document that is not there: ${said.text}`
  return { kind: 'unknown', detail } as const
}
