// Programs that speak HTTP/2 to the proxy as they come, in front of a real endpoint that verifies every signature: curl, the AWS SDK for
// JavaScript, rclone and restic (Go), httpx (Python).

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { skipWithoutCurl } from '../clients/curl.ts'
import { createHttp2Client } from '../clients/http2-sdk.ts'
import { findHttpx, howToGetHttpx } from '../clients/httpx.ts'
import { findRclone, howToGetRclone } from '../clients/rclone.ts'
import { findRestic, howToGetRestic } from '../clients/restic.ts'
import { runCommand } from '../clients/run-command.ts'
import { localhostCertificate } from '../fixtures/localhost-certificate.ts'
import { goodOrigin, startTestProxy, type TestProxy } from '../fixtures/test-proxy.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import type { S3Endpoint } from '../servers/s3-endpoint.ts'

t.setTimeout(600_000)

const Bucket = 'web'
const large = randomBytes(5_000_000)
const tiles = randomBytes(100 * 1024)

interface Setting {
  readonly server: S3Endpoint
  readonly proxy: TestProxy
  /** Where clients find the proxy; its certificate is for this name. */
  readonly host: string
  readonly url: string
  readonly folder: string
  readonly certificate: string
  /** The SDK as it comes, straight to the endpoint. */
  readonly direct: S3Client
}

/** Asserts that all requests since `began` came by HTTP/2 and were whole, and tells how many there were. */
async function spokeHttp2(t: Test, proxy: TestProxy, began: number): Promise<void> {
  await proxy.until(({ inFlight }) => inFlight === 0)
  const records = proxy.records.slice(began)
  t.ok(records.length > 0)
  t.strictSame(
    records.filter(({ protocol, clientAborted }) => protocol !== 'HTTP/2.0' || clientAborted),
    [],
    'HTTP/2, every request',
  )
  t.comment(`${records.length} requests`)
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

const minio = skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)
t.test('clients of HTTP/2', { skip: minio }, async t => {
  const server = await startMinio()
  t.teardown(() => server.stop({ keepLogs: !t.passing() }))
  const proxy = await startTestProxy(t, server.endpoint, {}, { tls: true })
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-http2-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const certificate = join(folder, 'ca.pem')
  writeFileSync(certificate, localhostCertificate)
  writeFileSync(join(folder, 'large.bin'), large)
  const { region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const direct = new S3Client({ endpoint: server.endpoint, forcePathStyle: true, region, credentials })
  t.teardown(() => direct.destroy())
  await direct.send(new CreateBucketCommand({ Bucket }))
  await direct.send(new PutObjectCommand({ Bucket, Key: 'tiles', Body: tiles }))
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:GetObject'],
    Resource: [`arn:aws:s3:::${Bucket}/tiles`],
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await direct.send(new PutBucketPolicyCommand({ Bucket, Policy }))
  const host = `localhost:${proxy.port}`
  const setting: Setting = { server, proxy, host, url: `https://${host}`, folder, certificate, direct }
  await t.test('curl', { skip: skipWithoutCurl() }, t => testCurl(t, setting))
  await t.test('AWS SDK for JavaScript v3', t => testSdk(t, setting))
  const rclone = skipWithout('rclone', findRclone() !== undefined, howToGetRclone)
  await t.test('rclone', { skip: rclone }, t => testRclone(t, setting))
  const restic = skipWithout('restic', findRestic() !== undefined, howToGetRestic)
  await t.test('restic', { skip: restic }, t => testRestic(t, setting))
  const httpx = skipWithout('httpx with HTTP/2', findHttpx() !== undefined, howToGetHttpx)
  await t.test('httpx', { skip: httpx }, t => testHttpx(t, setting))
  t.strictSame(
    proxy.warnings.filter(({ event }) => event === 'internal_error'),
    [],
  )
})

/** As the SDK signs it for the name and port of the proxy. */
async function presign({ server, url }: Setting, Key: string, method: 'GET' | 'PUT'): Promise<string> {
  const { region, accessKeyId, secretAccessKey } = server
  const client = new S3Client({
    endpoint: url,
    forcePathStyle: true,
    region,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  const command = method === 'GET' ? new GetObjectCommand({ Bucket, Key }) : new PutObjectCommand({ Bucket, Key })
  const signed = await getSignedUrl(client, command, { expiresIn: 600 })
  client.destroy()
  return signed
}

async function stored({ direct }: Setting, Key: string): Promise<string> {
  const { Body } = await direct.send(new GetObjectCommand({ Bucket, Key }))
  return sha256((await Body?.transformToByteArray()) ?? '')
}

async function testCurl(t: Test, setting: Setting): Promise<void> {
  const { proxy, folder, certificate, url } = setting
  const began = proxy.records.length
  /** Prints the head, the content, and then the version and the status. */
  const curl = async (...args: readonly string[]) => {
    const always = [
      '--silent',
      '--show-error',
      '--http2',
      '--cacert',
      certificate,
      '--resolve',
      `${setting.host}:127.0.0.1`,
    ]
    const told = ['--include', '--write-out', '\n%{http_version} %{response_code}\n']
    const { exitCode, stdout, stderr } = await runCommand('curl', [...always, ...told, ...args], { home: folder })
    t.equal(exitCode, 0, `curl ${args.at(-1)}: ${stderr}`)
    return stdout
  }
  const page = ['--header', `Origin: ${goodOrigin}`]
  const allowed = new RegExp(`^access-control-allow-origin: ${goodOrigin}\r$`, 'm')
  await t.test('GET, HEAD and ranges', async t => {
    const got = await curl(...page, `${url}/web/tiles`)
    t.match(got, allowed)
    t.ok(got.includes(tiles.toString('latin1')))
    t.match(got, /\n2 200\n$/)
    const head = await curl(...page, '--head', `${url}/web/tiles`)
    t.match(head, /^content-length: 102400\r$/m)
    t.match(head, /\n2 200\n$/)
    const range = await curl(...page, '--range', '1000-1999', `${url}/web/tiles`)
    t.match(range, /^content-range: bytes 1000-1999\/102400\r$/m)
    t.ok(range.includes(`\r\n\r\n${tiles.subarray(1000, 2000).toString('latin1')}\n2 206\n`))
    t.match(await curl(...page, '--range', '999999-', `${url}/web/tiles`), /\n2 416\n$/)
  })
  await t.test('a hundred ranges at once, on one connection', async t => {
    const output = ['--output', '/dev/null', '--parallel', '--parallel-max', '100', '--range', '16384-32767']
    const told = await curl(...output, `${url}/web/tiles?tile=[1-100]`)
    t.equal(told.match(/^2 206$/gm)?.length, 100)
  })
  await t.test('a preflight', async t => {
    const asks = [
      '--header',
      'Access-Control-Request-Method: PUT',
      '--header',
      'Access-Control-Request-Headers: x-amz-date',
    ]
    const answer = await curl('--request', 'OPTIONS', ...page, ...asks, `${url}/web/k`)
    t.match(answer, allowed)
    t.match(answer, /^access-control-allow-headers: x-amz-date\r$/m)
    t.match(answer, /\n2 200\n$/)
    const refused = await curl(
      '--request',
      'OPTIONS',
      '--header',
      'Origin: https://evil.example',
      ...asks,
      `${url}/web/k`,
    )
    t.match(refused, /\n2 403\n$/)
  })
  await t.test('uploads of 5 MB, with Expect and without', async t => {
    for (const [key, ...more] of [['plain'], ['expecting', '--header', 'Expect: 100-continue']] as const) {
      const answer = await curl(...page, ...more, '--upload-file', 'large.bin', await presign(setting, key, 'PUT'))
      t.match(answer, allowed)
      t.match(answer, /\n2 200\n$/)
      t.equal(await stored(setting, key), sha256(large))
    }
    // S3 wants a length; the answer reaches a client that has none.
    const streamed = await curl('--upload-file', '-', await presign(setting, 'streamed', 'PUT'))
    t.match(streamed, /<Code>MissingContentLength<\/Code>[\s\S]*\n2 411\n$/)
    // Unsigned: the answer comes before the content has gone.
    const refused = await curl('--upload-file', 'large.bin', `${url}/web/refused`)
    t.match(refused, /<Code>AccessDenied<\/Code>[\s\S]*\n2 403\n$/)
  })
  await spokeHttp2(t, proxy, began)
}

async function testSdk(t: Test, { proxy, server, url }: Setting): Promise<void> {
  const began = proxy.records.length
  const client = createHttp2Client({ ...server, endpoint: url, certificate: localhostCertificate })
  t.teardown(() => client.destroy())
  const get = async (Key: string, Range?: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range === undefined ? {} : { Range }) }))
    return sha256((await Body?.transformToByteArray()) ?? '')
  }
  const put = (Key: string, Body: Buffer | Readable, ContentLength?: number) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...(ContentLength === undefined ? {} : { ContentLength }) }))
  await t.test('put, head, get, ranges at once', async t => {
    await put('sdk', tiles)
    // Over 2 MiB the SDK sends Expect: 100-continue.
    await put('sdk-large', large)
    t.match(await client.send(new HeadObjectCommand({ Bucket, Key: 'sdk' })), { ContentLength: tiles.length })
    t.strictSame([await get('sdk'), await get('sdk-large')], [sha256(tiles), sha256(large)])
    const parts = Array.from({ length: 100 }, (_, index) => index * 1024)
    t.strictSame(
      await Promise.all(parts.map(at => get('sdk', `bytes=${at}-${at + 1023}`))),
      parts.map(at => sha256(tiles.subarray(at, at + 1024))),
    )
  })
  await t.test('a stream in aws-chunked with a checksum as its trailer', async t => {
    await put('sdk-stream', Readable.from([tiles.subarray(0, 40_000), tiles.subarray(40_000)]), tiles.length)
    t.equal(await get('sdk-stream'), sha256(tiles))
  })
  await t.test('an upload in parts', async t => {
    const body = Buffer.concat([large, large])
    await new Upload({ client, params: { Bucket, Key: 'sdk-parts', Body: body }, queueSize: 2 }).done()
    t.equal(await get('sdk-parts'), sha256(body))
  })
  await t.test('lists, errors and deletes', async t => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'sdk' }))
    t.strictSame(
      Contents.map(({ Key }) => Key),
      ['sdk', 'sdk-large', 'sdk-parts', 'sdk-stream'],
    )
    await t.rejects(get('missing'), { name: 'NoSuchKey' })
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'sdk' }))
    await t.rejects(get('sdk'), { name: 'NoSuchKey' })
    const liar = createHttp2Client({
      ...server,
      secretAccessKey: 'not-the-secret-of-this-key',
      endpoint: url,
      certificate: localhostCertificate,
    })
    await t.rejects(liar.send(new HeadObjectCommand({ Bucket, Key: 'tiles' })))
    await t.rejects(liar.send(new PutObjectCommand({ Bucket, Key: 'sdk-liar', Body: large })), {
      name: 'SignatureDoesNotMatch',
    })
    liar.destroy()
  })
  await spokeHttp2(t, proxy, began)
}

async function testRclone(t: Test, { proxy, server, url, folder, certificate }: Setting): Promise<void> {
  const began = proxy.records.length
  const env = {
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENDPOINT: url,
    RCLONE_CONFIG_S3_REGION: server.region,
    RCLONE_CONFIG_S3_ACCESS_KEY_ID: server.accessKeyId,
    RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  }
  const rclone = async (...args: readonly string[]) => {
    const always = [
      '--config=',
      '--ca-cert',
      certificate,
      '--retries=1',
      '--low-level-retries=1',
      '--s3-no-check-bucket',
    ]
    const { exitCode, stdout, stderr } = await runCommand(findRclone() ?? '', [...always, ...args], {
      home: folder,
      env,
    })
    t.equal(exitCode, 0, `rclone ${args[0]}: ${stderr}`)
    return stdout
  }
  mkdirSync(join(folder, 'tree'))
  for (let index = 0; index < 40; index++) writeFileSync(join(folder, 'tree', `${index}.bin`), tiles.subarray(index))
  writeFileSync(join(folder, 'tree', 'large.bin'), large)
  await rclone('copy', '--transfers=16', 'tree', 's3:web/tree')
  await rclone('check', '--download', '--checkers=16', 'tree', 's3:web/tree')
  await rclone('copyto', '--s3-upload-cutoff=0', '--s3-chunk-size=5Mi', 'large.bin', 's3:web/tree/parts.bin')
  t.equal(sha256(Buffer.from(await rclone('cat', 's3:web/tree/parts.bin'), 'latin1')), sha256(large))
  const range = await rclone('cat', '--offset=1000', '--count=1000', 's3:web/tiles')
  t.equal(range, tiles.subarray(1000, 2000).toString('latin1'))
  await rclone('purge', 's3:web/tree')
  await spokeHttp2(t, proxy, began)
}

async function testRestic(t: Test, { proxy, server, url, folder, certificate }: Setting): Promise<void> {
  const began = proxy.records.length
  const env = {
    RESTIC_REPOSITORY: `s3:${url}/web/backups`,
    RESTIC_PASSWORD: 'of this repository',
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_DEFAULT_REGION: server.region,
  }
  const restic = async (...args: readonly string[]) => {
    const always = ['--no-cache', '--quiet', '--cacert', certificate, '--option=s3.bucket-lookup=path']
    const { exitCode, stderr } = await runCommand(findRestic() ?? '', [...always, ...args], { home: folder, env })
    t.equal(exitCode, 0, `restic ${args[0]}: ${stderr}`)
  }
  await restic('init')
  await restic('backup', 'large.bin')
  await restic('check', '--read-data')
  await restic('restore', 'latest', '--target', 'back')
  t.equal(sha256(readFileSync(join(folder, 'back', 'large.bin'))), sha256(large))
  await spokeHttp2(t, proxy, began)
}

/** Prints, by line: version, status and SHA-256 of what came back. */
const httpxScript = `
import asyncio, hashlib, json, sys, httpx
job = json.loads(sys.stdin.read())
async def main():
    async with httpx.AsyncClient(http2=True, verify=job['certificate'], timeout=60) as client:
        async def ask(method, url, **more):
            answer = await client.request(method, url, **more)
            return [answer.http_version, answer.status_code, hashlib.sha256(answer.content).hexdigest(), answer.headers.get('access-control-allow-origin')]
        print(json.dumps({
            'get': await ask('GET', job['tiles'], headers={'Origin': job['origin']}),
            'head': await ask('HEAD', job['tiles']),
            'put': await ask('PUT', job['put'], content=open(job['file'], 'rb').read()),
            'get, large': await ask('GET', job['get']),
            'preflight': await ask('OPTIONS', job['tiles'], headers={'Origin': job['origin'], 'Access-Control-Request-Method': 'GET'}),
            'ranges': await asyncio.gather(*[ask('GET', job['tiles'], headers={'Range': 'bytes=%d-%d' % (at, at + 1023)}) for at in range(0, 102400, 1024)]),
        }))
asyncio.run(main())
`

async function testHttpx(t: Test, setting: Setting): Promise<void> {
  const { proxy, url, folder, certificate } = setting
  const began = proxy.records.length
  const [put, get] = await Promise.all([presign(setting, 'httpx', 'PUT'), presign(setting, 'httpx', 'GET')])
  const job = { certificate, tiles: `${url}/web/tiles`, origin: goodOrigin, put, get, file: 'large.bin' }
  const { exitCode, stdout, stderr } = await runCommand(findHttpx() ?? '', ['-c', httpxScript], {
    home: folder,
    input: Buffer.from(JSON.stringify(job)),
  })
  t.strictSame([exitCode, stderr], [0, ''])
  const empty = sha256('')
  t.strictSame(JSON.parse(stdout), {
    get: ['HTTP/2', 200, sha256(tiles), goodOrigin],
    head: ['HTTP/2', 200, empty, null],
    put: ['HTTP/2', 200, empty, null],
    'get, large': ['HTTP/2', 200, sha256(large), null],
    preflight: ['HTTP/2', 200, empty, goodOrigin],
    ranges: Array.from({ length: 100 }, (_, index) => [
      ...['HTTP/2', 206, sha256(tiles.subarray(index * 1024, index * 1024 + 1024)), null],
    ]),
  })
  t.equal(await stored(setting, 'httpx'), sha256(large))
  await spokeHttp2(t, proxy, began)
}
