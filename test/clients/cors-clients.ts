// Put, get and delete of a bucket's rules, as each client does it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CORSRule,
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { execFile } from '../fixtures/children.ts'
import { patientMs } from '../fixtures/patience.ts'
import { findAwsCli, howToGetAwsCli, runAws } from './aws-cli.ts'
import { loopbackAgent } from './http-request.ts'

/** An endpoint and whose keys. */
export interface CorsTarget {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** Rules as `aws s3api get-bucket-cors` prints them; failures are S3's error code. */
export interface CorsClient {
  put(target: CorsTarget, bucket: string, rules: readonly object[]): Promise<'done' | string>
  get(target: CorsTarget, bucket: string): Promise<unknown>
  remove(target: CorsTarget, bucket: string): Promise<'done' | string>
}

export const awsCli: CorsClient = {
  put: (target, bucket, CORSRules) =>
    inFolder(async folder => {
      writeFileSync(join(folder, 'cors.json'), JSON.stringify({ CORSRules }))
      return aws(target, folder, 'put-bucket-cors', '--bucket', bucket, '--cors-configuration', 'file://cors.json')
    }),
  get: (target, bucket) =>
    inFolder(async folder => {
      const said = await aws(target, folder, 'get-bucket-cors', '--bucket', bucket)
      return said.startsWith('{') ? (JSON.parse(said) as { CORSRules: unknown }).CORSRules : said
    }),
  remove: (target, bucket) => inFolder(folder => aws(target, folder, 'delete-bucket-cors', '--bucket', bucket)),
}

async function aws(target: CorsTarget, folder: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runAws(target, folder, ['s3api', ...args])
  if (exitCode === 0) return stdout.trim() || 'done'
  return /\((\w+)\) when calling/.exec(stderr)?.[1] ?? stderr
}

export const awsSdk: CorsClient = {
  put: (target, Bucket, rules) =>
    withSdk(target, async client => {
      const CORSRules = rules as CORSRule[]
      await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
      return 'done'
    }),
  get: (target, Bucket) =>
    withSdk(target, async client => (await client.send(new GetBucketCorsCommand({ Bucket }))).CORSRules),
  remove: (target, Bucket) =>
    withSdk(target, async client => {
      await client.send(new DeleteBucketCorsCommand({ Bucket }))
      return 'done'
    }),
}

export async function withSdk<T>(target: CorsTarget, work: (client: S3Client) => Promise<T>): Promise<T | string> {
  const client = new S3Client({
    endpoint: target.endpoint,
    forcePathStyle: true,
    region: target.region,
    credentials: {
      accessKeyId: target.accessKeyId,
      secretAccessKey: target.secretAccessKey,
      ...(target.sessionToken === undefined ? {} : { sessionToken: target.sessionToken }),
    },
    maxAttempts: 1,
    requestHandler: { httpAgent: loopbackAgent() },
  })
  try {
    return await work(client)
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  } finally {
    client.destroy()
  }
}

const boto3Script = `
import boto3, json, sys
from botocore.client import Config
from botocore.exceptions import ClientError
job = json.loads(sys.stdin.read())
client = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 0}), **job['client'])
try:
    answer = getattr(client, job['call'])(**job['arguments'])
    print(json.dumps(answer.get('CORSRules', 'done')))
except ClientError as error:
    print(json.dumps(error.response['Error']['Code']))
`

export function boto3(python: string): CorsClient {
  return {
    put: async (target, Bucket, CORSRules) =>
      String(await runBoto3(python, target, 'put_bucket_cors', { Bucket, CORSConfiguration: { CORSRules } })),
    get: (target, Bucket) => runBoto3(python, target, 'get_bucket_cors', { Bucket }),
    remove: async (target, Bucket) => String(await runBoto3(python, target, 'delete_bucket_cors', { Bucket })),
  }
}

function runBoto3(python: string, target: CorsTarget, call: string, args: object): Promise<unknown> {
  const client = {
    endpoint_url: target.endpoint,
    region_name: target.region,
    aws_access_key_id: target.accessKeyId,
    aws_secret_access_key: target.secretAccessKey,
    ...(target.sessionToken === undefined ? {} : { aws_session_token: target.sessionToken }),
  }
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true' }
    const child = execFile(
      python,
      ['-c', boto3Script],
      { env, timeout: patientMs(60_000) },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout))
        else reject(new Error(stderr))
      },
    )
    child.stdin?.end(JSON.stringify({ client, call, arguments: args }))
  })
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  if (findAwsCli() === undefined) throw new Error(`awscli is not installed: ${howToGetAwsCli}`)
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-aws-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
