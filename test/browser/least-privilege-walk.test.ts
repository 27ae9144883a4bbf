// deploy/migrating/from-any-origin.md, step by step: its commands and what they print, between the traffic of real pages.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { root } from '../docs/snippets.ts'
import { spawn } from '../fixtures/children.ts'
import { scrape, sumOf } from '../fixtures/exposition.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'
import { type Internet, startInternet } from './internet.ts'
import { bundleClients } from './matrix/matrix-page.ts'
import { png } from './matrix/sample-media.ts'
import { browserNames, launchBrowser, skipWithoutBrowser, type WebBrowser } from './web-browser.ts'

t.setTimeout(600_000)

const page = readFileSync(join(root, 'deploy/migrating/from-any-origin.md'), 'utf8')
const s3 = 'https://s3.my-app.xyz'
const [app, maps, stranger] = ['https://my-app.xyz', 'https://maps.my-app.xyz', 'https://stranger.example'] as const

interface Step {
  readonly command: string
  readonly printed: string
}

/** Each command with what the page says that it prints. */
const steps: readonly Step[] = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), printed: step.slice(end + 1) }
    }),
)

/** How often and when differs from day to day, and so do the widths of a table. */
function steady(printed: string): string {
  return (
    printed
      .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'TIME')
      .replaceAll(/\b\d+ (request|preflight|origin|kind)s?\b/g, 'N $1')
      .replaceAll(/(?<=[ ,])\d+(?= +TIME)/g, 'N')
      .replaceAll(/(?<=\(proxy\.yaml:)\d+/g, 'N')
      // On a slow machine the proxy has seen a change by itself before it is told.
      .replaceAll(/"unchanged",\s+"inForceSince": "TIME"/g, '"applied"')
      .replaceAll(/ {2,}/g, '  ')
      .trimEnd()
  )
}

const skipMinio = skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)

for (const name of browserNames) {
  t.test(`from every origin to those that need it, with ${name}`, { skip: skipMinio || skipWithoutBrowser(name) }, walk)

  async function walk(t: Test): Promise<void> {
    const internet = await startInternet(t)
    const minio = await startMinio()
    t.teardown(() => minio.stop())
    await fill(minio)
    const proxy = await startPageProxy(t, internet, minio)
    await servePages(internet)
    const browser = await launchBrowser(t, name, internet)

    t.strictSame(await visit(browser, minio, 'before'), {
      ...works,
      stranger: `200 ${png.length}`,
    })
    await settled(proxy)
    for (const { command, printed } of steps) {
      const got = await run(command, proxy, minio)
      t.comment(`$ ${command}\n${got}`)
      t.equal(steady(got), steady(printed), command)
    }
    t.strictSame(
      await visit(browser, minio, 'after'),
      { ...works, stranger: 'TypeError' },
      'all but the stranger go on',
    )
    await settled(proxy)
    const compared = await run(
      'npx s3-cors-proxy compare --config proxy.yaml --url http://127.0.0.1:9464',
      proxy,
      minio,
    )
    t.match(compared, /^Every rule matches something that was seen\.$/m)
  }
}

const works = {
  uploads: ['small', 'small', 'small', 'in parts'],
  pictures: ['load', 'load'],
  ranges: ['206 10', '206 100', '206 1000'],
  strangersPicture: 'load',
}

/** What each page does in a day; `when` makes URLs that no cache knows. */
async function visit(browser: WebBrowser, minio: S3Endpoint, when: string) {
  const { accessKeyId, secretAccessKey } = minio
  const mine = await browser.open(`${app}/`)
  const uploads = await mine.run(
    `const client = new clients.S3Client({ endpoint: s3, region: 'us-east-1', forcePathStyle: true, credentials })
    const done = []
    for (const [index, size] of [100, 200, 300, 6 * 1024 * 1024].entries()) {
      const params = { Bucket: 'uploads', Key: when + index, Body: new Blob([new Uint8Array(size)]), ContentType: 'image/png' }
      const { ETag } = await new clients.Upload({ client, params }).done()
      done.push(ETag.includes('-2') ? 'in parts' : 'small')
    }
    return done`,
    { s3, when, credentials: { accessKeyId, secretAccessKey } },
  )
  const picture = `const image = new Image()
    if (mode !== undefined) image.crossOrigin = mode
    return await new Promise(resolve => {
      image.onload = () => resolve('load')
      image.onerror = () => resolve('error')
      image.src = s3 + '/media/shown/picture.png?' + when + mode
    })`
  const pictures = [
    await mine.run(picture, { s3, when, mode: 'anonymous' }),
    await mine.run(picture, { s3, when, mode: undefined }),
  ]
  const map = await browser.open(`${maps}/`)
  const ranges = await map.run(
    `const parts = []
    for (const length of [10, 100, 1000]) {
      const response = await fetch(s3 + '/media/shown/archive?' + when, { headers: { Range: 'bytes=0-' + (length - 1) } })
      parts.push(response.status + ' ' + (await response.arrayBuffer()).byteLength)
    }
    return parts`,
    { s3, when },
  )
  const strange = await browser.open(`${stranger}/`)
  const read = await strange.run(
    `try {
      const response = await fetch(s3 + '/media/shown/picture.png?stranger' + when)
      return response.status + ' ' + (await response.arrayBuffer()).byteLength
    } catch ({ name }) {
      return name
    }`,
    { s3, when },
  )
  const strangersPicture = await strange.run(picture, { s3, when: `stranger${when}`, mode: undefined })
  await Promise.all([mine, map, strange].map(tab => tab.close()))
  return { uploads, pictures, ranges, stranger: read, strangersPicture }
}

/** Pages may read what is below `shown/` without keys. */
async function fill({ endpoint, region, accessKeyId, secretAccessKey }: S3Endpoint): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  for (const Bucket of ['media', 'uploads']) await client.send(new CreateBucketCommand({ Bucket }))
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::media/shown/*'] },
  ]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await client.send(new PutBucketPolicyCommand({ Bucket: 'media', Policy }))
  const put = (Key: string, Body: Buffer, ContentType: string) =>
    client.send(new PutObjectCommand({ Bucket: 'media', Key, Body, ContentType }))
  await put('shown/picture.png', png, 'image/png')
  await put('shown/archive', Buffer.alloc(100_000), 'application/octet-stream')
  client.destroy()
}

/** The first configuration of the page, in front of `minio`. */
async function startPageProxy(t: Test, internet: Internet, minio: S3Endpoint): Promise<ProxyProcess> {
  const configuration = /^```yaml\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
  const { hostname } = new URL(s3)
  const { cert, key } = internet.authority.issue([hostname])
  const proxy = await startProxy(configuration.replace('http://127.0.0.1:9000', minio.endpoint), {
    files: { 'tls.crt': cert, 'tls.key': key },
  })
  t.teardown(() => proxy.stop('SIGKILL'))
  internet.route(`${hostname}:443`, proxy.port)
  const bin = join(dirname(proxy.configFile), 'bin')
  mkdirSync(bin)
  // The one program that `npx` is asked for here.
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}dist/cli.js" "$@"\n`)
  chmodSync(join(bin, 'npx'), 0o755)
  return proxy
}

async function servePages(internet: Internet): Promise<void> {
  const clients = await bundleClients()
  await internet.serve([app, maps, stranger], ({ url }, response) => {
    if (url === '/clients.js')
      response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(clients)
    else if (url === '/favicon.ico') response.writeHead(204).end()
    else
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end('<!doctype html><title>page</title><script src="/clients.js"></script>')
  })
}

/** Requests are counted when they have ended, which may be a moment after the page knows. */
async function settled({ adminUrl }: ProxyProcess): Promise<void> {
  while (sumOf(await scrape(adminUrl), 's3cors_in_flight_requests') > 0) await sleep(50)
}

/** The page's addresses and its file are the defaults; here every test has its own. */
async function run(command: string, proxy: ProxyProcess, minio: S3Endpoint): Promise<string> {
  const folder = dirname(proxy.configFile)
  const here = command.replaceAll('http://127.0.0.1:9464', proxy.adminUrl).replaceAll('proxy.yaml', 'config.yaml')
  // Variables of the test run are no settings of the program.
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('S3CORS_'))
  const shell = spawn('/bin/sh', ['-c', `{ ${here}; } 2>&1`], {
    cwd: folder,
    env: { ...Object.fromEntries(environment), PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>(resolve => shell.once('close', resolve))
  const printed = await text(shell.stdout)
  const code = await exited
  const shown = printed
    .replaceAll(minio.endpoint, 'http://127.0.0.1:9000')
    .replaceAll(proxy.adminUrl, 'http://127.0.0.1:9464')
    .replaceAll(`${folder}/`, '')
    .replaceAll('config.yaml', 'proxy.yaml')
  return code === 0 ? shown : `${shown}the command ended with ${code}\n`
}
