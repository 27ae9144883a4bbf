// Users of a MinIO that a test started, made without its own client program.

import { AwsClient } from 'aws4fetch'
import type { S3Endpoint } from './s3-endpoint.ts'

/** Temporary keys that may do only this, everywhere: AssumeRole with a policy of its own. */
export async function limitedUser(server: S3Endpoint, actions: readonly string[]) {
  const statement = { Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::*'] }
  const form = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    DurationSeconds: '3600',
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
  })
  const { accessKeyId, secretAccessKey, region } = server
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: 'sts', region })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await client.fetch(`${server.endpoint}/`, { method: 'POST', headers, body: form.toString() })
  const text = await answer.text()
  const element = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? ''
  if (answer.status !== 200) throw new Error(`AssumeRole: ${answer.status} ${text}`)
  return {
    ...server,
    accessKeyId: element('AccessKeyId'),
    secretAccessKey: element('SecretAccessKey'),
    sessionToken: element('SessionToken'),
  }
}
