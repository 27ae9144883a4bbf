// OVHcloud's guide "Setting up CORS on Object Storage" (KB0058281), from its second cors.json to what the visitors' browsers
// read: in front of an endpoint of its names, with the rules in YAML, at the endpoint, and kept by the proxy.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { findAwsCli, howToGetAwsCli, runAws } from '../clients/aws-cli.ts'
import { createClient } from '../daemon/cors-requests.ts'
import { parseExposition, samplesOf } from '../fixtures/exposition.ts'
import { patientMs } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { type Internet, startInternet } from './internet.ts'
import { browserNames, launchBrowser, skipWithoutBrowser, type WebBrowser, type WebPage } from './web-browser.ts'

t.setTimeout(600_000)

const region = 's3.gra.io.cloud.ovh.net'
const media = `https://my-media.${region}`
const app = 'https://my-app.xyz'
const other = 'https://other-app.xyz'
const guide = readFileSync(new URL('../fixtures/guide-cors.json', import.meta.url), 'utf8')

type EndpointName = 'MinIO' | 'RGW'

interface Way {
  readonly name: string
  readonly endpoint: EndpointName
  /** The entry of `my-media`, and what else the configuration needs. */
  entry(folder: string): Promise<string>
  /** The rules are put through the proxy with `aws s3api put-bucket-cors`. */
  readonly puts: boolean
  /** What the endpoint says to a public object's request with an Authorization: its business, and the page reads it. */
  readonly tokens: readonly Token[]
}

interface Token {
  readonly value: string
  readonly says: { readonly status: number; readonly body: RegExp }
}

const whole = { status: 200, body: /^media$/ }

const endpoints: Readonly<Record<EndpointName, { skip: string | false; start: () => Promise<S3Endpoint> }>> = {
  MinIO: { skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio), start: () => startMinio(region) },
  RGW: { skip: skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw), start: () => startRgw(region) },
}
const bearer = 'Bearer a-token-of-the-app'

const ways: readonly Way[] = [
  {
    name: 'rules in YAML, written by import',
    endpoint: 'MinIO',
    async entry(folder) {
      const file = join(folder, 'my-media.json')
      writeFileSync(file, guide)
      const { code, out } = await runCli(['import', file])
      if (code !== 0) throw new Error(`import: ${code}`)
      return out
    },
    puts: false,
    tokens: [{ value: bearer, says: whole }],
  },
  {
    name: 'from: upstream, RGW',
    endpoint: 'RGW',
    entry: async () => 'buckets:\n  my-media: { from: upstream }\n',
    puts: true,
    // RGW takes signatures and, of a visitor who has not logged in, nothing; more than that this cors.json keeps from it.
    tokens: [
      { value: bearer, says: { status: 400, body: /<Code>InvalidArgument</ } },
      { value: '', says: whole },
    ],
  },
  {
    name: 'from: managed, MinIO',
    endpoint: 'MinIO',
    entry: async folder => `managed:\n  store:\n    directory: ${folder}\nbuckets:\n  my-media: { from: managed }\n`,
    puts: true,
    tokens: [{ value: bearer, says: whole }],
  },
]

const skip =
  skipWithoutBrowser('Chromium') ||
  skipWithoutBrowser('Firefox') ||
  skipWithout('awscli', findAwsCli() !== undefined, howToGetAwsCli)

t.test('the guide', { skip }, async t => {
  const internet = await startInternet(t)
  await internet.serve([app, other])
  const launched = Promise.all(browserNames.map(name => launchBrowser(t, name, internet)))
  const start = async (name: EndpointName) => {
    if (endpoints[name].skip !== false) return undefined
    const server = await endpoints[name].start()
    t.teardown(() => server.stop({ keepLogs: !t.passing() }))
    await createPublicBucket(server)
    return server
  }
  const [browsers, MinIO, RGW] = await Promise.all([launched, start('MinIO'), start('RGW')])
  const servers = { MinIO, RGW }
  for (const way of ways) {
    const server = servers[way.endpoint]
    for (const protocol of ['HTTP/1.1', 'HTTP/2.0'] as const) {
      await t.test(`${way.name}, over ${protocol}`, { skip: endpoints[way.endpoint].skip }, async t => {
        if (server !== undefined) await followGuide(t, way, server, internet, browsers, protocol)
      })
    }
  }
})

async function followGuide(
  t: Test,
  way: Way,
  server: S3Endpoint,
  internet: Internet,
  browsers: readonly WebBrowser[],
  protocol: 'HTTP/1.1' | 'HTTP/2.0',
): Promise<void> {
  const folder = t.testdir({ 'cors.json': guide, 'ca.pem': internet.authority.ca, rules: {} })
  const { cert, key } = internet.authority.issue([region, `*.${region}`, '127.0.0.1'])
  const tls = `tls: { certFile: tls.crt, keyFile: tls.key, http2: ${protocol === 'HTTP/2.0'} }\nlog: { access: true }\n`
  const upstream = `upstream:\n  url: ${server.endpoint}\nvirtualHosts: [${region}]\n`
  const proxy = await startProxy(tls + upstream + (await way.entry(join(folder, 'rules'))), {
    env: { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey },
    files: { 'tls.crt': cert, 'tls.key': key },
  })
  t.teardown(() => proxy.stop('SIGINT'))
  internet.route(`my-media.${region}:443`, proxy.port)
  if (way.puts) await putRules(t, server, proxy, folder)
  for (const browser of browsers) {
    await t.test(browser.name, async t => {
      const heard = proxy.logs().length
      await visit(t, way, proxy, browser, protocol)
      t.strictSame(protocolsIn(proxy.logs().slice(heard)), [protocol], 'what the browser spoke')
    })
  }
}

/** The versions of HTTP that the lines of an access log name. */
function protocolsIn(lines: string): readonly string[] {
  return [...new Set(lines.match(/(?<="protocol":")[^"]+/g))]
}

async function createPublicBucket(server: S3Endpoint): Promise<void> {
  const client = createClient(server, server.endpoint, 'path')
  const Bucket = 'my-media'
  const Resource = [`arn:aws:s3:::${Bucket}/*`]
  const statement = { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource }
  await client.send(new CreateBucketCommand({ Bucket }))
  await client.send(new PutObjectCommand({ Bucket, Key: 'film.txt', Body: 'media' }))
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  client.destroy()
}

/** The guide's own command, which lacks `file://`, and the one that works. */
async function putRules(t: Test, server: S3Endpoint, proxy: ProxyProcess, folder: string): Promise<void> {
  const target = { ...server, endpoint: proxy.url.replace('http:', 'https:') }
  const s3api = (...args: string[]) => runAws(target, folder, ['--ca-bundle', join(folder, 'ca.pem'), 's3api', ...args])
  const put = (file: string) => s3api('put-bucket-cors', '--bucket', 'my-media', '--cors-configuration', file)
  const forgotten = await put('cors.json')
  t.not(forgotten.exitCode, 0)
  t.match(forgotten.stderr, "Error parsing parameter '--cors-configuration': Expected: '=', received: ")
  const done = await put('file://cors.json')
  t.strictSame([done.exitCode, done.stderr], [0, ''])
  const got = await s3api('get-bucket-cors', '--bucket', 'my-media')
  t.strictSame(JSON.parse(got.stdout), JSON.parse(guide), 'what was put is there')
}

/** Counted decisions, `KIND DECISION REASON` of the bucket and `ORIGIN DECISION REASON`, since the last look. */
function counter(proxy: ProxyProcess) {
  let before = new Map<string, number>()
  const look = async () => {
    const samples = parseExposition(await (await fetch(`${proxy.adminUrl}/metrics`)).text())
    const now = new Map<string, number>()
    const bucket = 'my-media'
    for (const { labels, value } of [
      ...samplesOf(samples, 's3cors_decisions_total', { bucket }),
      ...samplesOf(samples, 's3cors_origin_requests_total', { bucket }),
    ]) {
      now.set(`${labels.origin ?? labels.kind} ${labels.decision} ${labels.reason}`, value)
    }
    return now
  }
  /** A request is counted at its end, which may come after the browser's verdict: waits until there are `total`. */
  return async (total: number): Promise<Readonly<Record<string, number>>> => {
    const deadline = Date.now() + patientMs(20_000)
    for (;;) {
      const now = await look()
      const changes = [...now].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
      if (changes.reduce((sum, [, count]) => sum + count, 0) < total && Date.now() < deadline) continue
      before = now
      return Object.fromEntries(changes.filter(([, count]) => count !== 0))
    }
  }
}

interface Case {
  readonly name: string
  readonly from: string
  readonly init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Undefined: the browser refuses. */
  readonly read?: { readonly status: number; readonly body: RegExp } | undefined
  readonly counted: Readonly<Record<string, number>>
}

function casesOf({ tokens }: Way): readonly Case[] {
  const Authorization = bearer
  const allowed = (origin: string, preflights: number) => ({
    ...(preflights === 0 ? {} : { 'preflight allowed matched': preflights }),
    'actual allowed matched': 1,
    [`${origin} allowed matched`]: 1 + preflights,
  })
  const denied = (origin: string, kind: string, reason: string) => ({
    [`${kind} denied ${reason}`]: 1,
    [`${origin} denied ${reason}`]: 1,
  })
  return [
    { name: 'a visitor reads media', from: app, init: {}, read: whole, counted: allowed(app, 0) },
    ...tokens.flatMap(({ value, says }): readonly Case[] =>
      ['GET', 'HEAD'].map(method => ({
        name: `${method} with the header Authorization, "${value}",`,
        from: app,
        init: { method, headers: { Authorization: value } },
        read: method === 'GET' ? says : { ...says, body: /^$/ },
        counted: allowed(app, 1),
      })),
    ),
    { name: 'another origin', from: other, init: {}, counted: denied(other, 'actual', 'origin') },
    {
      name: 'another origin, with the header Authorization',
      from: other,
      init: { headers: { Authorization } },
      counted: denied(other, 'preflight', 'origin'),
    },
    { name: 'another method, PUT', from: app, init: { method: 'PUT' }, counted: denied(app, 'preflight', 'method') },
    {
      name: 'another method, DELETE',
      from: app,
      init: { method: 'DELETE' },
      counted: denied(app, 'preflight', 'method'),
    },
    {
      name: 'another header',
      from: app,
      init: { headers: { 'X-Requested-With': 'XMLHttpRequest' } },
      counted: denied(app, 'preflight', 'header'),
    },
    {
      name: 'the headers of a signature, of which the guide lists Authorization alone',
      from: app,
      init: {
        headers: { Authorization, 'x-amz-date': '20260306T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      counted: denied(app, 'preflight', 'header'),
    },
  ]
}

const fetchIt = `const response = await fetch(url, init)
return {
  status: response.status,
  body: await response.text(),
  exposed: response.headers.get('Access-Control-Allow-Origin'),
  hidden: response.headers.get('ETag'),
}`

async function visit(t: Test, way: Way, proxy: ProxyProcess, browser: WebBrowser, protocol: string): Promise<void> {
  const count = counter(proxy)
  await count(0)
  const profile = `${way.name} ${protocol}`
  const pages: Readonly<Record<string, WebPage>> = {
    [app]: await browser.open(`${app}/`, profile),
    [other]: await browser.open(`${other}/`, profile),
  }
  for (const [index, { name, from, init, read, counted }] of casesOf(way).entries()) {
    await t.test(`${name} is ${read === undefined ? 'refused' : 'allowed'}`, async t => {
      const page = pages[from]
      if (page === undefined) throw new Error(`no page of ${from}`)
      const heard = page.console.length
      // A URL of its own, so that no case is answered from another's cached preflight.
      const values = { url: `${media}/film.txt?case=${index}`, init }
      if (read === undefined) {
        await t.rejects(page.run(fetchIt, values), /TypeError: (Failed to fetch|NetworkError)/)
        const line = await page.heard(new RegExp(`case=${index}\\b`))
        t.match(line, /blocked by CORS policy|Cross-Origin Request Blocked/, 'the console says why')
      } else {
        const got = await page.run(fetchIt, values)
        t.match(got, { ...read, exposed: app, hidden: null }, 'with the exposed header, and no other')
      }
      const seen = await count(Object.values(counted).reduce((sum, number) => sum + number, 0))
      t.strictSame(seen, counted, 'counted once, with its reason')
      const said = page.console.slice(heard).join(' | ')
      t.comment(
        `${read === undefined ? 'refused' : read.status}; ${JSON.stringify(seen)}; console: ${said || 'silent'}`,
      )
    })
  }
  for (const page of Object.values(pages)) await page.close()
}
