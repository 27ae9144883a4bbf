// `from: managed` in front of a real MinIO: the calls that people already have, and no others.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { AwsV4Signer } from 'aws4fetch'
import t, { type Test } from 'tap'
import { findAwsCli, howToGetAwsCli } from '../clients/aws-cli.ts'
import { findBoto3, howToGetBoto3 } from '../clients/boto3.ts'
import { awsCli, awsSdk, boto3, type CorsClient, type CorsTarget } from '../clients/cors-clients.ts'
import { sendHttp } from '../clients/http-request.ts'
import { terraform } from '../clients/terraform.ts'
import { type Call, callManaged, ruleFor } from '../fixtures/managed-caller.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { md5Of } from '../fixtures/signed-request.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { limitedUser } from '../servers/minio-users.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { ask, bucketUrls, createBuckets, createClient } from './cors-requests.ts'
import { adminBuckets } from './managed-setup.ts'

t.setTimeout(600_000)

/** The second cors.json of OVHcloud's guide "Setting up CORS on Object Storage". */
const guide = [
  {
    AllowedHeaders: ['Authorization'],
    AllowedMethods: ['GET', 'HEAD'],
    AllowedOrigins: ['https://my-app.xyz'],
    ExposeHeaders: ['Access-Control-Allow-Origin'],
  },
]
const page = 'https://my-app.xyz'

const stores: readonly { name: string; bucket: string; yaml: (folder: string) => string }[] = [
  { name: 'a directory', bucket: 'media', yaml: folder => `directory: ${folder}` },
  { name: 'a bucket of MinIO itself', bucket: 'photos', yaml: () => 'bucket: private-rules\n    prefix: cors/' },
]

function configuration(server: S3Endpoint, store: string): string {
  return `upstream:
  url: ${server.endpoint}
managed:
  store:
    ${store}
rules:
  freshSeconds: 1
buckets:
  media: { from: managed }
  photos: { from: managed }
  missing: { from: managed }
`
}

const clients: readonly { name: string; client: CorsClient; skip: string | false }[] = [
  { name: 'awscli', client: awsCli, skip: skipWithout('awscli', findAwsCli() !== undefined, howToGetAwsCli) },
  { name: 'AWS SDK v3', client: awsSdk, skip: false },
  { name: 'Terraform, SDK for Go v1', client: terraform(1), skip: false },
  { name: 'Terraform, SDK for Go v2', client: terraform(2), skip: false },
  ...(findBoto3().length === 0
    ? [{ name: 'boto3', client: awsSdk, skip: skipWithout('boto3', false, howToGetBoto3) }]
    : findBoto3().map(({ python, version }) => ({
        name: `boto3 ${version}`,
        client: boto3(python),
        skip: false as const,
      }))),
]

interface Rig {
  readonly server: S3Endpoint
  readonly proxy: ProxyProcess
  readonly target: CorsTarget
  readonly bucket: string
}

const skip = skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)

t.test('managed rules in front of MinIO', { skip }, async t => {
  const server = await startMinio()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await createBuckets(server, ['media', 'photos', 'private-rules'])
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-rules-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey }
  for (const { name, bucket, yaml } of stores) {
    await t.test(`kept in ${name}`, async t => {
      const proxy = await startProxy(configuration(server, yaml(folder)), { env })
      t.teardown(() => proxy.stop())
      const rig: Rig = { server, proxy, bucket, target: { ...server, endpoint: proxy.url } }
      for (const { name, client, skip } of clients) {
        await t.test(name, { skip }, t => putGetDelete(t, client, rig))
      }
      await refusals(t, rig)
      t.equal(await proxy.stop(), 0)
      t.notMatch(proxy.logs(), server.secretAccessKey)
    })
  }
  await guardedStore(t, server, env)
})

async function putGetDelete(t: Test, client: CorsClient, { server, proxy, target, bucket }: Rig): Promise<void> {
  t.equal(await client.get(target, bucket), 'NoSuchCORSConfiguration')
  t.equal((await preflight(proxy, bucket, page)).code, 'AccessForbidden', 'not before there are rules')
  t.equal(await client.put(target, bucket, guide), 'done')
  const putAt = performance.now()
  const allowed = await preflight(proxy, bucket, page)
  t.comment(`obeyed ${(performance.now() - putAt).toFixed(1)} ms after the put was answered`)
  t.strictSame(allowed, {
    status: 200,
    code: undefined,
    fields: {
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'authorization',
      'access-control-expose-headers': 'Access-Control-Allow-Origin',
      'access-control-allow-credentials': 'true',
    },
    vary: ['access-control-request-headers', 'access-control-request-method', 'origin'],
  })
  t.strictSame(await client.get(target, bucket), guide, 'what was put')
  t.equal((await preflight(proxy, bucket, 'https://evil.example')).status, 403)
  t.equal((await preflight(proxy, bucket, page, 'PUT')).status, 403)
  const url = await bucketUrls(server, proxy.url, bucket, 'path').get('page.txt')
  const actual = await ask({ url, headers: { Origin: page } })
  t.match(actual, { status: 200, fields: { 'access-control-allow-origin': page } }, 'an actual request')
  t.strictSame((await ask({ url, headers: { Origin: 'https://evil.example' } })).fields, {}, 'of another origin')
  t.equal(await client.remove(target, bucket), 'done')
  t.equal(await client.get(target, bucket), 'NoSuchCORSConfiguration')
  t.equal((await preflight(proxy, bucket, page)).status, 403)
  t.strictSame((await ask({ url, headers: { Origin: page } })).fields, {})
  t.equal(await client.remove(target, bucket), 'done', 'removed twice')
}

function preflight(proxy: ProxyProcess, bucket: string, origin: string, method = 'GET') {
  return ask({
    url: `${proxy.url}/${bucket}/page.txt`,
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'authorization',
    },
  })
}

/** A caller whom MinIO would refuse changes nothing, and hears what MinIO says. */
async function refusals(t: Test, { server, proxy, target, bucket }: Rig): Promise<void> {
  t.equal(await awsSdk.put(target, bucket, guide), 'done')
  const reader = await limitedUser(server, ['s3:GetObject', 's3:ListBucket', 's3:GetBucketCors'])
  const root = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const replacement = ruleFor('https://evil.example')
  const anonymous = ({ Host = '' }: Record<string, string>) => ({ Host, 'content-md5': md5Of(replacement) })
  const table: readonly (Partial<Call> & { name: string; asMinio: boolean; status: number; code: string })[] = [
    {
      name: 'a wrong secret',
      account: { ...root, secretAccessKey: 'wrong' },
      asMinio: true,
      status: 403,
      code: 'SignatureDoesNotMatch',
    },
    {
      name: 'a wrong key',
      account: { accessKeyId: 'nobody', secretAccessKey: 'wrong' },
      asMinio: true,
      status: 403,
      code: 'InvalidAccessKeyId',
    },
    {
      name: 'a user who may only read',
      account: reader,
      headers: { 'x-amz-security-token': reader.sessionToken },
      asMinio: true,
      status: 403,
      code: 'AccessDenied',
    },
    { name: 'an anonymous caller', tamper: anonymous, asMinio: true, status: 403, code: 'AccessDenied' },
    { name: 'a missing bucket', target: '/missing?cors', asMinio: true, status: 404, code: 'NoSuchBucket' },
    // MinIO itself has no objection, because it does not look at the body, or would not know how to store it.
    {
      name: 'a tampered body',
      body: ruleFor('https://good.example'),
      sentBody: replacement,
      asMinio: false,
      status: 400,
      code: 'XAmzContentSHA256Mismatch',
    },
  ]
  for (const { name, asMinio, status, code, ...change } of table) {
    for (const method of ['PUT', 'DELETE'] as const) {
      if (method === 'DELETE' && change.sentBody !== undefined) continue
      await t.test(`${name}: ${method} changes nothing`, async t => {
        const body = method === 'PUT' ? replacement : ''
        const call: Call = { target: `/${bucket}?cors`, account: root, body, ...change, method }
        const answer = await callManaged(proxy.url, call)
        t.strictSame([answer.status, answer.code], [status, code])
        if (asMinio) {
          const direct = await callManaged(server.endpoint, call)
          t.strictSame([direct.status, direct.code], [status, code], 'as MinIO would')
        }
        t.strictSame(await awsSdk.get(target, bucket), guide)
      })
    }
  }
  await t.test('a presigned call changes nothing', async t => {
    const send = async (endpoint: string, method: string) => {
      const url = `${endpoint}/${bucket}?cors=`
      const signer = new AwsV4Signer({ ...root, method, url, signQuery: true, service: 's3', region: server.region })
      return (await sendHttp({ url: String((await signer.sign()).url), method })).status
    }
    for (const method of ['PUT', 'DELETE']) {
      t.equal(await send(server.endpoint, method), 501, 'MinIO would say what is a yes')
      t.equal(await send(proxy.url, method), 403)
    }
    t.strictSame(await awsSdk.get(target, bucket), guide)
  })
  await t.test('an anonymous caller whom the bucket’s policy allows everything changes nothing', async t => {
    const client = createClient(server, server.endpoint, 'path')
    const resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]
    const statement = { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:*'], Resource: resource }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
    client.destroy()
    for (const method of ['PUT', 'DELETE'] as const) {
      const call: Call = {
        target: `/${bucket}?cors`,
        body: method === 'PUT' ? replacement : '',
        tamper: anonymous,
        method,
      }
      t.equal((await callManaged(server.endpoint, call)).status, 501, 'MinIO would say what is a yes')
      t.equal((await callManaged(proxy.url, call)).status, 403)
    }
    t.strictSame(await awsSdk.get(target, bucket), guide)
  })
  t.equal(await awsSdk.remove(target, bucket), 'done')
}

/** The documents are objects like others, only not for clients of the proxy. */
async function guardedStore(t: Test, server: S3Endpoint, env: Readonly<Record<string, string>>): Promise<void> {
  await t.test('the bucket that holds the rules', async t => {
    const proxy = await startProxy(configuration(server, 'bucket: private-rules\n    prefix: cors/'), { env })
    t.teardown(() => proxy.stop())
    t.equal(await awsSdk.put({ ...server, endpoint: proxy.url }, 'photos', guide), 'done')
    const direct = createClient(server, server.endpoint, 'path')
    const through = createClient(server, proxy.url, 'path')
    t.teardown(() => {
      direct.destroy()
      through.destroy()
    })
    const Bucket = 'private-rules'
    const object = await direct.send(new GetObjectCommand({ Bucket, Key: 'cors/photos.json' }))
    t.match(JSON.parse((await object.Body?.transformToString()) ?? ''), {
      Bucket: 'photos',
      ChangedBy: server.accessKeyId,
      CORSRules: guide,
    })
    const refused = (key: string) =>
      through.send(new GetObjectCommand({ Bucket, Key: key })).then(
        () => 'given',
        (error: Error) => error.name,
      )
    t.equal(await refused('cors/photos.json'), 'AccessDenied')
    t.equal(await refused('cors//photos.json'), 'AccessDenied')
    t.equal(await refused('page.txt'), 'given', 'other objects are not guarded')
    t.equal((await through.send(new ListObjectsV2Command({ Bucket }))).$metadata.httpStatusCode, 200)
    await guardedRequests(t, server, proxy)
    const after = await direct.send(new GetObjectCommand({ Bucket, Key: 'cors/photos.json' }))
    t.match(
      JSON.parse((await after.Body?.transformToString()) ?? ''),
      { CORSRules: guide },
      'the rules are as they were',
    )
  })
  await t.test('a right that the proxy’s own key lacks is told as that', async t => {
    const limited = await limitedUser(server, ['s3:GetObject', 's3:PutObject', 's3:GetBucketCors', 's3:PutBucketCors'])
    const env = {
      AWS_ACCESS_KEY_ID: limited.accessKeyId,
      AWS_SECRET_ACCESS_KEY: limited.secretAccessKey,
      AWS_SESSION_TOKEN: limited.sessionToken,
    }
    const proxy = await startProxy(configuration(server, 'directory: rules-of-another'), { env })
    t.teardown(() => proxy.stop())
    t.not(await awsSdk.put({ ...server, endpoint: proxy.url }, 'media', guide), 'done')
    const line = (await adminBuckets(proxy)).find(({ bucket }) => bucket === 'media')
    t.match(line?.notes?.join(), /503: the proxy's own key is not allowed s3:ListBucket on media: 403 AccessDenied/)
    t.match(proxy.logs(), /managed_unusable.*is not allowed s3:ListBucket on media/)
  })
}

/** What would read, change or remove the documents by another way than their own key: MinIO would do it, and is not asked. */
async function guardedRequests(t: Test, server: S3Endpoint, proxy: ProxyProcess): Promise<void> {
  const account = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const source = (value: string) => ({ 'x-amz-copy-source': value })
  const remove = '<Delete><Object><Key>cors/photos.json</Key></Object></Delete>'
  const md5 = { 'content-md5': md5Of(remove) }
  const table: readonly (Omit<Call, 'account'> & { name: string })[] = [
    {
      name: 'deletes under any path',
      method: 'POST',
      target: '/private-rules/any?delete=',
      body: remove,
      headers: md5,
    },
    { name: 'deletes of the bucket', method: 'POST', target: '/private-rules?delete=', body: remove, headers: md5 },
    { name: 'a copy', method: 'PUT', target: '/media/copy', headers: source('/private-rules/cors/photos.json') },
    {
      name: 'an encoded copy',
      method: 'PUT',
      target: '/media/copy',
      headers: source('private-rules%2Fcors%2Fphotos.json'),
    },
    {
      name: 'a copy inside the bucket',
      method: 'PUT',
      target: '/private-rules/copy',
      headers: source('private-rules/cors/photos.json'),
    },
    {
      name: 'a bucket policy',
      method: 'PUT',
      target: '/private-rules?policy=',
      body: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: ['*'] },
            Action: ['s3:GetObject'],
            Resource: ['arn:aws:s3:::private-rules/*'],
          },
        ],
      }),
    },
    { name: 'versioning', method: 'PUT', target: '/private-rules?versioning=', body: '<VersioningConfiguration/>' },
    { name: 'DeleteBucket', method: 'DELETE', target: '/private-rules' },
  ]
  for (const { name, ...call } of table) {
    const answer = await callManaged(proxy.url, { ...call, account, digest: false })
    t.strictSame([answer.status, answer.code], [403, 'AccessDenied'], name)
  }
  for (const target of ['/private-rules?location=', '/private-rules?versioning=', '/private-rules?uploads=']) {
    t.equal((await callManaged(proxy.url, { method: 'GET', target, account })).status, 200, `GET ${target}`)
  }
  const other = { method: 'PUT', target: '/media/copy', headers: source('/private-rules/page.txt'), account } as const
  t.equal((await callManaged(proxy.url, { ...other, digest: false })).status, 200, 'other objects can be copied')
}
