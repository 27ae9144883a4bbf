import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { createBucketCommand, putBucketCorsCommand } from '../../../src/s3/endpoint/aws-command.ts'

t.test('commands of the AWS CLI ask the endpoint, and not AWS', async t => {
  const url = 'http://minio:9000'
  t.equal(createBucketCommand(url, 'media'), 'aws s3api create-bucket --endpoint-url http://minio:9000 --bucket media')
  t.equal(
    putBucketCorsCommand(url, 'media'),
    'aws s3api put-bucket-cors --endpoint-url http://minio:9000 --bucket media --cors-configuration file://cors.json',
  )
})

t.test('no other file prints a command of the AWS CLI with a bucket', async t => {
  const source = new URL('../../../src/', import.meta.url)
  const printing = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .filter(file => /aws s3(?:api)? \S+ --/.test(readFileSync(new URL(file, source), 'utf8')))
  t.strictSame(printing, ['s3/endpoint/aws-command.ts'])
})
