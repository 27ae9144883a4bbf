import type { Configuration } from '../../config/configuration.ts'
import { probeEndpoint, type Safety } from '../../policies/managed/endpoint-safety.ts'
import type { S3Caller } from '../../s3/s3-call.ts'
import { parallelCalls } from './endpoint.ts'
import type { Finding } from './finding.ts'
import { mapBounded } from './map-bounded.ts'
import { readAnswer } from './read-answer.ts'

/** Whether callers' own `?cors` requests may be put to this endpoint, for every bucket named; and whether the store is there. */
export async function checkManaged(
  call: S3Caller,
  buckets: readonly string[],
  managed: Configuration['managed'],
): Promise<readonly Finding[]> {
  const findings = await mapBounded(buckets, parallelCalls, async bucket =>
    findingOf(`buckets.${bucket}`, await probeEndpoint(call, bucket)),
  )
  const store = managed?.store.bucket
  return store === undefined ? findings : [...findings, await checkStore(call, store)]
}

function findingOf(about: string, safety: Safety): Finding {
  switch (safety.kind) {
    case 'safe':
      return {
        severity: 'ok',
        about,
        what: 'managed is safe: the endpoint verifies who asks and has no rules of its own',
      }
    case 'unsafe':
      return {
        severity: 'fault',
        about,
        what: `managed is not safe with this endpoint: ${safety.detail}`,
        todo: 'from: upstream if the endpoint keeps rules itself, else CORSRules; with MinIO, RELEASE.2024-08-17 or later',
      }
    case 'no-such-bucket':
      return {
        severity: 'fault',
        about,
        what: 'the endpoint has no such bucket: its ?cors requests get 404, its preflights 403',
        todo: 'correct the name, or create the bucket',
      }
    case 'unknown':
      return {
        severity: 'fault',
        about,
        what: `whether managed is safe is not known, so its ?cors requests get 503: ${safety.detail}`,
        todo: 'keys that may s3:ListBucket and s3:PutBucketCORS on this bucket, and the region that the endpoint wants',
      }
  }
}

async function checkStore(call: S3Caller, bucket: string): Promise<Finding> {
  const about = 'managed.store.bucket'
  // HEAD has no body and so no code: the status has to do.
  const said = readAnswer(await call({ method: 'HEAD', bucket, maxBodyBytes: 0 }))
  if (said.status === 200) return { severity: 'ok', about, what: `${bucket} is there` }
  const todo = said.status === 404 ? 'create it, private' : 'keys that may read and write it'
  return { severity: 'fault', about, what: `${bucket}: ${said.text}`, todo }
}
