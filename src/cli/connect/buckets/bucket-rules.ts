import { lintRules } from '../../../cors/lint/lint.ts'
import { describeStoredFault, matchesNothing, type StoredRuleFault } from '../../../cors/parsing/stored-rules.ts'
import { putBucketCorsCommand } from '../../../s3/endpoint/aws-command.ts'
import type { CorsFetchResult, GetBucketCors } from '../../../s3/endpoint/get-bucket-cors.ts'
import { parallelCalls } from '../endpoint.ts'
import type { Finding } from '../finding.ts'
import { mapBounded } from '../map-bounded.ts'
import type { DescribeMissing } from './missing-buckets.ts'

/** Asks for the rules of every bucket named, and says for each what its preflights would get. `endpointUrl` as `http://minio:9000`. */
export async function checkBucketRules(
  getBucketCors: GetBucketCors,
  buckets: readonly string[],
  missing: DescribeMissing,
  endpointUrl: string,
): Promise<readonly Finding[]> {
  const results = await mapBounded(buckets, parallelCalls, async bucket => ({
    bucket,
    result: await getBucketCors(bucket),
  }))
  const findings = results.flatMap(({ bucket, result }) =>
    findingsOf(bucket, result, missing, putBucketCorsCommand(endpointUrl, bucket)),
  )
  return [...unsupported(results), ...findings]
}

interface BucketResult {
  readonly bucket: string
  readonly result: CorsFetchResult
}

/** One finding for all buckets: it is about the endpoint. */
function unsupported(results: readonly BucketResult[]): readonly Finding[] {
  const lacking = results.filter(({ result }) => result.kind === 'none' && result.unsupported)
  const [first] = lacking
  if (first?.result.kind !== 'none') return []
  const names = lacking.slice(0, namedBuckets).map(({ bucket }) => bucket)
  const more = lacking.length > names.length ? ` and ${lacking.length - names.length} more` : ''
  const how = first.result.said === undefined ? '' : ` (GET ?cors is answered ${first.result.said})`
  const what = `this endpoint keeps no rules${how}: every preflight of ${names.join(', ')}${more} is refused`
  return [{ severity: 'warning', about: 'buckets', what, todo: 'CORSRules or CORSFile instead of from: upstream' }]
}

/** In one line. */
const namedBuckets = 10

function findingsOf(
  bucket: string,
  result: CorsFetchResult,
  missing: DescribeMissing,
  putRules: string,
): readonly Finding[] {
  const about = `buckets.${bucket}`
  switch (result.kind) {
    case 'rules': {
      const { length } = result.rules
      const faults = (result.faults ?? []).map(fault => faultOf(about, fault, putRules))
      const warnings = lintRules(result.rules.map(rule => (matchesNothing(rule) ? undefined : rule))).map(
        ({ path, value, message, allowed }): Finding => {
          const [index, key, position] = path
          // The value says more than its place: the list stands at the endpoint and not in a file.
          const place =
            position === undefined ? key : `${key} ${typeof value === 'string' ? JSON.stringify(value) : position}`
          return {
            severity: 'warning',
            about,
            what: `rule ${Number(index) + 1}${place === undefined ? '' : `, ${place}`}: ${message}`,
            todo: allowed,
          }
        },
      )
      return [
        { severity: 'ok', about, what: `${length} rule${length === 1 ? '' : 's'} by GetBucketCors` },
        ...faults,
        ...warnings,
      ]
    }
    case 'none':
      return result.unsupported ? [] : [noRules(about, putRules)]
    case 'no-such-bucket':
      return [missing(bucket, 'its preflights get 403')]
    case 'failure':
      return [
        {
          severity: 'fault',
          about,
          what: `GetBucketCors: ${result.reason}: ${result.detail}`,
          todo: todos[result.reason],
        },
      ]
  }
}

/** It is no fault that keeps the bucket from working: what S3 would have taken holds. */
function faultOf(about: string, fault: StoredRuleFault, putRules: string): Finding {
  const todo = `put rules that S3 takes: ${putRules}`
  return { severity: 'warning', about, what: describeStoredFault(fault), todo }
}

const noRules = (about: string, putRules: string): Finding => ({
  severity: 'warning',
  about,
  what: 'the bucket has no rules: every preflight is refused',
  todo: `${putRules}; where the endpoint keeps none (MinIO), CORSRules or from: managed`,
})

const todos: Readonly<Record<Extract<CorsFetchResult, { kind: 'failure' }>['reason'], string>> = {
  auth: 'keys that are allowed s3:GetBucketCORS on this bucket, and the region that the endpoint wants as upstream.region',
  throttled: 'ask again later',
  server: 'read the log of the endpoint',
  network: 'check the health of the endpoint',
  timeout: 'check the health of the endpoint, or set rules.timeoutSeconds higher',
  tls: 'see upstream.caFile, upstream.certFile and upstream.keyFile',
  dns: 'an endpoint with a name for addressing: virtual, else addressing: path',
  redirect: 'name the endpoint of the region in upstream.url, and the region in upstream.region',
  malformed: "the port of the endpoint's S3 API itself: something between answers in its place",
  oversized: "the port of the endpoint's S3 API itself: something between answers in its place",
}
