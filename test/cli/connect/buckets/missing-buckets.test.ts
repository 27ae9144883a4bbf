import t from 'tap'
import { checkWrittenBuckets, missingIn } from '../../../../src/cli/connect/buckets/missing-buckets.ts'
import type { BucketConfiguration } from '../../../../src/config/configuration.ts'
import type { S3Call } from '../../../../src/s3/endpoint/s3-call.ts'
import { errorOf } from '../../../fixtures/fake-bucket.ts'
import { documentOf } from '../../../fixtures/wished-endpoint.ts'

const entry = (name: string, source: BucketConfiguration['source'], line: number): BucketConfiguration => ({
  name,
  source,
  rules: [],
  enforcement: 'headers',
  place: { file: 'proxy.yaml', line },
})
const buckets = [
  entry('media', 'yaml', 3),
  entry('medai', 'yaml', 5),
  entry('archive', 'file', 7),
  entry('hidden', 'yaml', 9),
  entry('live', 'upstream', 11),
  entry('none', 'none', 12),
  entry('*', 'yaml', 13),
]

t.test(
  'buckets with rules in the configuration that the endpoint does not have are told, with line and what to do',
  async t => {
    const listed = ['media', 'other']
    const asked: S3Call[] = []
    const findings = await checkWrittenBuckets(
      async call => {
        asked.push(call)
        return call.bucket === 'hidden' ? errorOf(403, 'AccessDenied') : errorOf(404, 'NoSuchBucket')
      },
      buckets,
      listed,
      missingIn(buckets, listed, 'http://minio:9000'),
    )
    t.strictSame(
      asked.map(({ method, bucket, query }) => [method, bucket, query]),
      ['medai', 'archive', 'hidden'].map(bucket => ['GET', bucket, 'location']),
      'those that are listed, and those of other sources, are not asked for',
    )
    t.strictSame(findings, [
      {
        severity: 'fault',
        about: 'buckets.medai',
        what: 'the endpoint has no bucket of this name (proxy.yaml:5): its rules answer preflights, and every other request gets 404',
        todo: 'correct the name (did you mean media?), or create the bucket: aws s3api create-bucket --endpoint-url http://minio:9000 --bucket medai',
      },
      {
        severity: 'fault',
        about: 'buckets.archive',
        what: 'the endpoint has no bucket of this name (proxy.yaml:7): its rules answer preflights, and every other request gets 404',
        todo: 'correct the name, or create the bucket: aws s3api create-bucket --endpoint-url http://minio:9000 --bucket archive',
      },
    ])
  },
)

t.test('of a bucket that no entry names, no line is told', async t => {
  t.equal(missingIn([], [], 'http://minio:9000')('x', 'so').what, 'the endpoint has no bucket of this name: so')
})

t.test('buckets that are there are told nothing of', async t => {
  const missing = missingIn(buckets, [], 'http://minio:9000')
  t.strictSame(await checkWrittenBuckets(async () => documentOf(200, ''), buckets, [], missing), [])
})
