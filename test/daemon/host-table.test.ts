// The table of config/ovhcloud.yaml, row by row: each kind of client, with `rewrite` and with `preserve`, before an endpoint
// that serves its own names alone. What `check --connect` says of each row must be what its clients get.

import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { loopbackAgent, sendHttp } from '../clients/http-request.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { skipWithoutOpenssl } from '../fixtures/test-authority.ts'
import { filteredName, type HostFilter, startHostFilter } from '../servers/host-filter.ts'
import { skipWithout } from '../servers/installed.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { createClient } from './cors-requests.ts'

t.setTimeout(300_000)

const bucket = 'my-media'
const key = 'film.txt'
const styles = ['path', 'virtual'] as const
type Style = (typeof styles)[number]
type Choice = 'rewrite' | 'preserve'

/** The sample's own names of the proxy. */
const ownNames: Readonly<Record<Style, string>> = { path: 'files.example.com', virtual: 'media.example.com' }

interface Rig {
  readonly server: S3Endpoint
  readonly filter: HostFilter
  readonly proxy: ProxyProcess
}

/** `served`, with the CORS fields of the bucket's rule, or the endpoint's error code. */
type Outcome = string

const skip = skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw) || skipWithoutOpenssl()
const sample = readFileSync(new URL('../../config/ovhcloud.yaml', import.meta.url), 'utf8')

/** The sample as it stands, but for its addresses. */
function configuration(filter: HostFilter, choice: Choice): string {
  return sample
    .replace(/^(listen|admin): .*\n/gm, '')
    .replace('url: https://s3.gra.io.cloud.ovh.net', `url: ${filter.url}\n  caFile: ca.pem`)
    .replace('host: rewrite', `host: ${choice}`)
}

/** A plain request to the proxy, under its own name. */
async function ask({ proxy }: Rig, style: Style, path: string): Promise<Outcome> {
  const name = style === 'path' ? ownNames.path : `${bucket}.${ownNames.virtual}`
  const headers = { Host: name, Origin: 'https://my-app.xyz' }
  const { status, headers: fields, body } = await sendHttp({ url: `${proxy.url}${path}`, headers })
  if (status !== 200) return /<Code>(\w+)<\/Code>/.exec(String(body))?.[1] ?? String(status)
  if (String(body) !== 'media') return `another body: ${body}`
  return fields['access-control-allow-origin'] === 'https://my-app.xyz' ? 'served' : 'served without CORS fields'
}

function sdkFor(server: S3Endpoint, endpoint: string, style: Style, httpAgent: Agent): S3Client {
  const { region, accessKeyId, secretAccessKey } = server
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: style === 'path',
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent },
  })
}

/** Reads and writes, as an application does. */
async function useSdk(client: S3Client): Promise<Outcome> {
  try {
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    if ((await got.Body?.transformToString()) !== 'media') return 'another body'
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'upload.txt', Body: 'of the SDK' }))
    return 'served'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  } finally {
    client.destroy()
  }
}

/** What DNS or /etc/hosts does: whatever the name, the connection goes to the proxy. */
function agentTo(proxy: ProxyProcess): Agent {
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = () => connect(proxy.port, '127.0.0.1')
  return agent
}

interface Row {
  /** As in the table, and in the words of `check --connect`. */
  readonly clients: string
  use(rig: Rig, style: Style): Promise<Outcome>
  readonly gets: Readonly<Record<Choice, Outcome>>
}

const rows: readonly Row[] = [
  {
    clients: 'anonymous requests (public objects)',
    use: (rig, style) => ask(rig, style, style === 'path' ? `/${bucket}/${key}` : `/${key}`),
    gets: { rewrite: 'served', preserve: 'NoSuchBucket' },
  },
  {
    clients: "URLs presigned for the endpoint's name",
    async use(rig, style) {
      const client = sdkFor(rig.server, rig.filter.url, style, new Agent())
      const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key })))
      client.destroy()
      return ask(rig, style, `${url.pathname}${url.search}`)
    },
    gets: { rewrite: 'served', preserve: 'NoSuchBucket' },
  },
  {
    clients: "requests an SDK signs for this proxy's own name",
    use: ({ server, proxy }, style) =>
      useSdk(sdkFor(server, `http://${ownNames[style]}:${proxy.port}`, style, loopbackAgent())),
    gets: { rewrite: 'SignatureDoesNotMatch', preserve: 'NoSuchBucket' },
  },
  {
    clients: "requests an SDK signs for the endpoint's name",
    use: ({ server, filter, proxy }, style) =>
      useSdk(sdkFor(server, `http://${filter.authority}`, style, agentTo(proxy))),
    gets: { rewrite: 'served', preserve: 'served' },
  },
]

t.test('before an endpoint that serves its own names alone', { skip }, async t => {
  const server = await startRgw(filteredName)
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await createPublicBucket(server)
  const filter = await startHostFilter(t, server.endpoint, [bucket])
  const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey }
  for (const choice of ['rewrite', 'preserve'] as const) {
    const files = { 'ca.pem': filter.ca }
    const proxy = await startProxy(configuration(filter, choice), { env, files })
    t.teardown(() => proxy.stop('SIGINT'))
    const rig = { server, filter, proxy }
    const said = await runCli(
      ['check', '--connect', '--config', proxy.configFile, '--rules-timeout-seconds', '20'],
      env,
    )
    t.comment(said.out.replaceAll(proxy.configFile, 'ovhcloud.yaml'))
    t.equal(said.code, 0, 'check --connect has no fault to find')
    for (const { clients, use, gets } of rows) {
      await t.test(`${clients}, ${choice}`, async t => {
        for (const style of styles) {
          const outcome = await use(rig, style)
          t.comment(`${style}: ${outcome}`)
          t.equal(outcome, gets[choice], style)
        }
        const line = said.out.split('\n').find(line => line.includes(`upstream.host: ${clients}: `)) ?? ''
        const isServed = gets[choice] === 'served'
        t.match(line, isServed ? /^ok: .*: (?:served|reach the endpoint) with / : /^note: /, 'check --connect said so')
        if (!isServed) t.match(line, adviceFor(gets), 'and what to do')
      })
    }
    checkLog(t, choice, rig)
  }
  t.ok(filter.refused.length > 0 && filter.refused.every(host => !host.endsWith(filter.authority)))
})

function adviceFor({ rewrite, preserve }: Row['gets']): RegExp {
  if (rewrite === 'served') return /not with preserve; to do: rewrite for them$/
  if (preserve === 'served') return /not with rewrite; to do: preserve for them$/
  return /neither with preserve nor with rewrite; to do: have them signed for the endpoint's name, or /
}

/** SignatureDoesNotMatch is told once per name, with both Hosts and what to set; nothing else is. */
function checkLog(t: Test, choice: Choice, { filter, proxy }: Rig): void {
  const lines = proxy
    .logs()
    .split('\n')
    .flatMap(line => (line.includes('"event":"signature_mismatch"') ? [JSON.parse(line)] : []))
  const todo =
    /^requests signed for clientHost need upstream\.host: preserve and an endpoint that takes that name; else /
  const expected = [
    { clientHost: `${ownNames.path}:${proxy.port}`, sentHost: filter.authority, todo },
    { clientHost: `${bucket}.${ownNames.virtual}:${proxy.port}`, sentHost: `${bucket}.${filter.authority}`, todo },
  ]
  t.equal(lines.length, choice === 'rewrite' ? expected.length : 0, `lines of the log, ${choice}`)
  if (choice === 'rewrite') t.match(lines, expected)
}

async function createPublicBucket(server: S3Endpoint): Promise<void> {
  const client = createClient(server, server.endpoint, 'path')
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  // The sample has rules for this one, too.
  await client.send(new CreateBucketCommand({ Bucket: 'uploads' }))
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'media' }))
  const Resource = [`arn:aws:s3:::${bucket}/*`]
  const statement = { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
  client.destroy()
}
