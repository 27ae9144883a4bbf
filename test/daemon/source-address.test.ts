// Bucket policies on aws:SourceIp of real servers, behind the proxy: no client chooses the address that they see.

import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { signedFields } from '../fixtures/signed-request.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { createBuckets } from './cors-requests.ts'

t.setTimeout(300_000)

const servers = [
  { name: 'Ceph RGW', found: findRgw(), howToGet: howToGetRgw, start: () => startRgw() },
  { name: 'MinIO', found: findMinio(), howToGet: howToGetMinio, start: () => startMinio() },
]

const allowed = '203.0.113.9'
const stranger = '198.51.100.1'
const scope = `AKIACALLER/20260101/us-east-1/s3/aws4_request`
const signature = '0123456789abcdef'.repeat(4)
const marks: Readonly<Record<string, string>> = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': encodeURIComponent(scope),
  'X-Amz-Date': '20260101T000000Z',
  'X-Amz-Expires': '600',
  'X-Amz-SignedHeaders': 'host%3Bx-forwarded-for',
  'X-Amz-Signature': signature,
}
const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-forwarded-for, Signature=${signature}`

interface Claim {
  readonly name: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}
const claims: readonly Claim[] = [
  { name: 'nothing else' },
  ...Object.keys(marks).flatMap(missing => {
    const rest = Object.entries(marks).filter(([name]) => name !== missing)
    const query = (more: readonly string[]) =>
      `?${[...rest.map(([name, value]) => `${name}=${value}`), ...more].join('&')}`
    return [
      { name: `a presigned URL without ${missing}`, query: query([]) },
      { name: `a presigned URL with an empty ${missing}`, query: query([`${missing}=`]) },
      { name: `a presigned URL with another ${missing}`, query: query([`${missing}=none`]) },
    ]
  }),
  { name: 'an empty Authorization', headers: { Authorization: '' } },
  { name: 'an Authorization in lower case', headers: { Authorization: authorization.toLowerCase() } },
  { name: 'an Authorization of another kind', headers: { Authorization: authorization.replace('AWS4-HMAC', 'Basic') } },
  { name: 'a forged Authorization', headers: { Authorization: authorization, 'X-Amz-Date': '20260101T000000Z' } },
  { name: 'X_Forwarded_For', headers: { X_Forwarded_For: allowed, 'X-Forwarded_For': allowed } },
  { name: 'X-Real-IP and Forwarded', headers: { 'X-Real-IP': allowed, Forwarded: `for=${allowed}` } },
]

async function allowFrom(server: S3Endpoint, address: string): Promise<void> {
  const { accessKeyId, secretAccessKey, region, endpoint } = server
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: ['*'] },
    Action: ['s3:GetObject'],
    Resource: ['arn:aws:s3:::media/*'],
    Condition: { IpAddress: { 'aws:SourceIp': [`${address}/32`] } },
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await client.send(new PutBucketPolicyCommand({ Bucket: 'media', Policy }))
  client.destroy()
}

for (const { name, found, howToGet, start } of servers) {
  t.test(`aws:SourceIp of ${name}`, { skip: skipWithout(name, found !== undefined, howToGet) }, async t => {
    const server = await start()
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    await createBuckets(server, ['media'])
    await allowFrom(server, allowed)
    const configuration = (more: string) =>
      `upstream:\n  url: ${server.endpoint}\n${more}buckets:\n  "*": { from: none }\n`
    const replacing = await startProxy(configuration(''))
    t.teardown(() => replacing.stop())
    const appending = await startProxy(
      configuration('forwardedFor: append\ntrustedProxies: [127.0.0.0/8, 10.0.0.0/8]\n'),
    )
    t.teardown(() => appending.stop())
    const get = async (url: string, chain: string, { query = '', headers = {} }: Claim) =>
      (await sendHttp({ url: `${url}/media/page.txt${query}`, headers: { 'X-Forwarded-For': chain, ...headers } }))
        .status

    await t.test('the server itself believes X-Forwarded-For of an anonymous request', async t => {
      t.equal(await get(server.endpoint, allowed, { name }), 200)
      t.equal(await get(server.endpoint, stranger, { name }), 403)
    })

    for (const claim of claims) {
      await t.test(`a client that claims an address beside ${claim.name} is not believed`, async t => {
        const status = await get(replacing.url, allowed, claim)
        t.ok(status === 403 || status === 400, `${status}`)
      })
    }

    await t.test('append names the first address from the right that is not trusted', async t => {
      for (const [chain, status] of [
        [allowed, 200],
        [`${stranger}, ${allowed}`, 200],
        [`${stranger}, ${allowed}, 10.0.0.1`, 200],
        [`${allowed}, ${stranger}`, 403],
        [`${allowed}, ${stranger}, 10.0.0.1`, 403],
        [`${allowed}, unknown`, 403],
      ] as const) {
        t.equal(await get(appending.url, chain, { name }), status, chain)
      }
    })

    await t.test('a field that the key signs is seen as it was signed', async t => {
      const fields = await signedFields({
        method: 'GET',
        url: `${replacing.url}/media/page.txt`,
        headers: { 'x-forwarded-for': stranger },
        accessKeyId: server.accessKeyId,
        secretAccessKey: server.secretAccessKey,
      })
      const headers = Object.fromEntries(
        fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1] ?? '']] : [])),
      )
      t.equal((await sendHttp({ url: `${replacing.url}/media/page.txt`, headers })).status, 200)
    })
  })
}
