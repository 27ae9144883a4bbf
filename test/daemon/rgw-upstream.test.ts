// `from: upstream` in front of a real Ceph RGW: its rules, S3's decisions.

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { findAwsCli, howToGetAwsCli } from '../clients/aws-cli.ts'
import { findCurrentBoto3 } from '../clients/boto3.ts'
import { awsCli, awsSdk, boto3, type CorsClient, type CorsTarget } from '../clients/cors-clients.ts'
import { askAdmin } from '../clients/http-request.ts'
import { terraform } from '../clients/terraform.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { ask, bucketUrls, createBuckets } from './cors-requests.ts'
import { adminBuckets } from './managed-setup.ts'

t.setTimeout(600_000)

const skip =
  skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw) ||
  skipWithout('awscli', findAwsCli() !== undefined, howToGetAwsCli)

const freshSeconds = 2

function configuration(server: S3Endpoint, fresh: number): string {
  return `upstream:
  url: ${server.endpoint}
rules:
  freshSeconds: ${fresh}
  negativeSeconds: ${fresh}
  staleSeconds: 7200
buckets:
  media: { from: upstream }
  fixed: { CORSRules: [{ AllowedOrigins: ["https://fixed.example"], AllowedMethods: [GET] }] }
  "*": { from: upstream }
`
}

const ruleOf = (origin: string, more: object = {}) => ({ AllowedOrigins: [origin], AllowedMethods: ['GET'], ...more })

interface Preflight {
  readonly bucket?: string
  readonly method?: string
  readonly header?: string
}

function preflight(url: string, origin: string, { bucket = 'media', method = 'GET', header }: Preflight = {}) {
  const headers = { Origin: origin, 'Access-Control-Request-Method': method }
  const asked = header === undefined ? headers : { ...headers, 'Access-Control-Request-Headers': header }
  return ask({ url: `${url}/${bucket}/page.txt`, method: 'OPTIONS', headers: asked })
}

async function untilAllowed(url: string, origin: string, bucket?: string): Promise<number> {
  const from = performance.now()
  while ((await preflight(url, origin, bucket === undefined ? {} : { bucket })).status !== 200) {
    if (performance.now() - from > 30_000) throw new Error(`${origin} is not allowed after 30 s`)
    await sleep(20)
  }
  return performance.now() - from
}

t.test('the rules of RGW', { skip }, async t => {
  const server = await startRgw()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  await createBuckets(server, ['media', 'fixed', 'unnamed'])
  const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey }
  const quick = await startProxy(configuration(server, freshSeconds), { env })
  t.teardown(() => quick.stop())
  /** Never asks by itself again within this test. */
  const lazy = await startProxy(configuration(server, 3600), { env })
  t.teardown(() => lazy.stop())

  await t.test('rules that are put beside the proxy are obeyed within freshSeconds', async t => {
    for (const bucket of ['media', 'unnamed']) {
      t.equal((await preflight(quick.url, 'https://first.example', { bucket })).status, 403)
      for (const origin of ['https://first.example', 'https://second.example']) {
        t.equal(await awsCli.put(server, bucket, [ruleOf(origin)]), 'done')
        const ms = await untilAllowed(quick.url, origin, bucket)
        t.comment(`${bucket}: obeyed after ${ms.toFixed(0)} ms`)
        t.ok(ms < freshSeconds * 1000 + 500, 'within freshSeconds, and the time of one call')
      }
      t.equal((await preflight(quick.url, 'https://first.example', { bucket })).status, 403, 'replaced')
      t.equal(await awsCli.remove(server, bucket), 'done')
      await sleep(freshSeconds * 1000 + 500)
      // The first question since the last answer may still be given the old one.
      if (bucket === 'unnamed') await preflight(quick.url, 'https://second.example', { bucket })
      await sleep(200)
      const removed = await preflight(quick.url, 'https://second.example', { bucket })
      t.strictSame([removed.status, removed.code], [403, 'AccessForbidden'], 'removed')
    }
  })

  const through: CorsTarget = { ...server, endpoint: lazy.url }
  await t.test('rules that are put through the proxy are obeyed at once', async t => {
    for (const bucket of ['media', 'unnamed']) {
      for (const origin of ['https://first.example', 'https://second.example', 'https://third.example']) {
        t.equal(await awsCli.put(through, bucket, [ruleOf(origin)]), 'done')
        t.equal((await preflight(lazy.url, origin, { bucket })).status, 200, `${origin} on ${bucket}`)
      }
      t.equal((await preflight(lazy.url, 'https://second.example', { bucket })).status, 403)
      t.match(await awsCli.get(through, bucket), [ruleOf('https://third.example')])
      t.equal(await awsCli.remove(through, bucket), 'done')
      t.equal((await preflight(lazy.url, 'https://third.example', { bucket })).status, 403)
    }
  })

  await t.test('POST /buckets/NAME/refresh asks at once', async t => {
    t.equal(await awsCli.put(server, 'media', [ruleOf('https://refreshed.example')]), 'done')
    t.equal((await preflight(lazy.url, 'https://refreshed.example')).status, 403, 'not asked yet')
    const headers = { 'Content-Type': 'application/json' }
    const answer = await askAdmin({ url: `${lazy.adminUrl}/buckets/media/refresh`, method: 'POST', headers })
    t.equal(answer.status, 200, String(answer.body))
    t.equal((await preflight(lazy.url, 'https://refreshed.example')).status, 200)
  })

  await asDirectly(t, server, lazy)
  await decidesAsS3(t, server, lazy)
  await withoutEffect(t, server, lazy)
  for (const proxy of [quick, lazy]) t.notMatch(proxy.logs(), server.secretAccessKey)
})

/** The calls that people already have, each as it signs and digests them. */
async function asDirectly(t: Test, server: S3Endpoint, proxy: ProxyProcess): Promise<void> {
  const through: CorsTarget = { ...server, endpoint: proxy.url }
  const current = findCurrentBoto3()
  const clients: Readonly<Record<string, CorsClient>> = {
    'AWS SDK v3': awsSdk,
    'Terraform, SDK for Go v1': terraform(1),
    'Terraform, SDK for Go v2': terraform(2),
    ...(current === undefined ? {} : { [`boto3 ${current.version}`]: boto3(current.python) }),
  }
  const rules = [ruleOf('https://put.example', { MaxAgeSeconds: 60 })]
  const wholeLife = async (client: CorsClient, target: CorsTarget) => [
    await client.put(target, 'media', rules),
    await client.get(target, 'media'),
    await client.put({ ...target, secretAccessKey: 'wrong' }, 'media', [ruleOf('https://evil.example')]),
    await client.remove(target, 'media'),
    await client.get(target, 'media'),
  ]
  for (const [name, client] of Object.entries(clients)) {
    await t.test(`${name} gets through the proxy what it gets directly`, async t => {
      const direct = await wholeLife(client, server)
      t.match(direct, ['done', rules, 'SignatureDoesNotMatch', 'done', 'NoSuchCORSConfiguration'])
      t.strictSame(await wholeLife(client, through), direct)
    })
  }
}

/** Where RGW itself goes wrong, the proxy answers from the same rules as S3 would. */
async function decidesAsS3(t: Test, server: S3Endpoint, proxy: ProxyProcess): Promise<void> {
  const target: CorsTarget = { ...server, endpoint: proxy.url }
  const app = 'https://app.example'
  await t.test('the first rule that lists the origin is not the only one', async t => {
    const put = { AllowedMethods: ['PUT'], AllowedHeaders: ['*'] }
    t.equal(await awsCli.put(target, 'media', [ruleOf(app), ruleOf(app, put)]), 'done')
    const question = { method: 'PUT', header: 'Content-Type' }
    t.equal((await preflight(server.endpoint, app, question)).status, 403, 'RGW stops at the first')
    t.strictSame(await preflight(proxy.url, app, question), {
      status: 200,
      code: undefined,
      fields: {
        'access-control-allow-origin': app,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'content-type',
        'access-control-allow-credentials': 'true',
      },
      vary: ['access-control-request-headers', 'access-control-request-method', 'origin'],
    })
  })
  await t.test('an origin that is listed may come with credentials', async t => {
    const url = (endpoint: string) => bucketUrls(server, endpoint, 'media', 'path').get('page.txt')
    const direct = await ask({ url: await url(server.endpoint), headers: { Origin: app } })
    t.match(direct.fields, { 'access-control-allow-origin': app })
    t.equal(direct.fields['access-control-allow-credentials'], undefined, 'RGW never says so')
    const answer = await ask({ url: await url(proxy.url), headers: { Origin: app } })
    t.strictSame(answer.fields, {
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'GET',
      'access-control-allow-credentials': 'true',
    })
  })
  await t.test('any origin is allowed as "*", without credentials', async t => {
    t.equal(await awsCli.put(target, 'media', [ruleOf('*')]), 'done')
    const direct = await preflight(server.endpoint, app)
    t.equal(direct.fields['access-control-allow-origin'], app, 'RGW echoes')
    t.strictSame((await preflight(proxy.url, app)).fields, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
    })
  })
}

async function withoutEffect(t: Test, server: S3Endpoint, proxy: ProxyProcess): Promise<void> {
  await t.test('rules put to a bucket whose rules are in the configuration are stored, and without effect', async t => {
    const target: CorsTarget = { ...server, endpoint: proxy.url }
    t.equal(await awsCli.put(target, 'fixed', [ruleOf('https://new.example')]), 'done')
    t.match(await awsCli.get(server, 'fixed'), [ruleOf('https://new.example')], 'forwarded')
    t.equal((await preflight(proxy.url, 'https://new.example', { bucket: 'fixed' })).status, 403)
    t.equal((await preflight(proxy.url, 'https://fixed.example', { bucket: 'fixed' })).status, 200)
    t.match(proxy.logs(), /"event":"cors_write_without_effect"|cors_write_without_effect/)
    const line = (await adminBuckets(proxy)).find(({ bucket }) => bucket === 'fixed')
    t.match(line?.notes, [/^rules were written to the endpoint at .*, without effect/])
  })
}
