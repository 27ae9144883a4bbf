// What real endpoints are told to be: every line of `check --connect`, and `import --from-upstream`.

import t, { type Test } from 'tap'
import { main } from '../../../src/cli/main.ts'
import { createTransport } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { createS3Caller } from '../../../src/s3/endpoint/s3-call.ts'
import { md5Of } from '../../fixtures/signed-request.ts'
import { recordTerminal } from '../../fixtures/terminal.ts'
import { skipWithout } from '../../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../../servers/minio.ts'
import { findRgw, howToGetRgw, startRgw } from '../../servers/rgw.ts'
import type { S3Endpoint } from '../../servers/s3-endpoint.ts'
import { findSwift, howToGetSwift, startSwift } from '../../servers/swift.ts'

t.setTimeout(300_000)

const rules =
  '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://my-app.xyz</AllowedOrigin><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>'

async function setUp(t: Test, start: () => Promise<S3Endpoint>) {
  const server = await start()
  t.teardown(() => server.stop())
  const { hostname, port, host } = new URL(server.endpoint)
  const { accessKeyId, secretAccessKey, region } = server
  const transport = createTransport({ url: { protocol: 'http:', hostname, port: Number(port) }, timeoutMs: 10_000 })
  t.teardown(() => transport.close())
  const credentials = async () => ({ accessKeyId, secretAccessKey })
  const call = createS3Caller({ transport, protocol: 'http:', region, addressing: 'path', credentials })
  for (const bucket of ['media', 'uploads'])
    t.match(await call({ method: 'PUT', bucket, maxBodyBytes: 65_536 }), { status: /20[01]/ })
  const run = async (
    args: readonly string[],
    yaml: string,
    environment: Readonly<Record<string, string>> = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  ) => {
    const file = `${t.testdir({ 'a.yaml': `${yaml}\n` })}/a.yaml`
    const terminal = recordTerminal(environment)
    const slow = ['--rules-timeout-seconds', '10']
    const code = await main([...args, '--config', file, '--upstream-url', server.endpoint, ...slow], terminal)
    const out = terminal.written.out.replaceAll(file, 'a.yaml').replaceAll(host, 'ENDPOINT')
    const lines = out.split('\n').slice(0, -1)
    const connected = lines.slice(lines.findIndex(line => line.startsWith('a.yaml: 0 faults')) + 1)
    return { code, lines: connected.slice(2), out, err: terminal.written.err }
  }
  return { server, call, run, secretAccessKey, accessKeyId }
}

const limits = { timeout: 120_000 }
const anyHost = [
  'ok: upstream.credentials: accepted; ListBuckets shows 2 buckets',
  'ok: upstream.host: the endpoint takes any Host as path-style',
  'ok: upstream.host: anonymous requests (public objects): reach the endpoint with preserve; what was asked for is not public (403 AccessDenied)',
  "note: upstream.host: URLs presigned for the endpoint's name: not with preserve; to do: rewrite for them",
  "ok: upstream.host: requests an SDK signs for this proxy's own name: served with preserve",
  "ok: upstream.host: requests an SDK signs for the endpoint's name: served with preserve",
]

t.test(
  'MinIO takes any Host, and managed is safe with it',
  { skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio), ...limits },
  async t => {
    const { run, accessKeyId, server } = await setUp(t, startMinio)
    const yaml = `virtualHosts: [${server.virtualHost}, other.example]\nhosts: [files.example]\nbuckets:\n  media: { from: managed }\n  uploads: { from: upstream }\n  "*": { from: none }`
    const good = await run(['check', '--connect'], yaml)
    t.comment(good.out)
    t.equal(good.code, 0)
    t.match(good.out, /\nok: upstream\.url: it speaks HTTP\/1\.1, Server: MinIO\n/)
    t.strictSame(good.lines, [
      ...anyHost,
      'ok: hosts: files.example: taken as path-style',
      'ok: virtualHosts: media.s3.localhost: taken as virtual-hosted-style',
      'warning: virtualHosts: not taken as virtual-hosted-style: under media.other.example a signed request gets 200 ListAllMyBucketsResult; under its own name, 200 LocationConstraint; to do: name it at the endpoint too (MINIO_DOMAIN, rgw_dns_name), or upstream.host: rewrite',
      'warning: buckets.uploads: the bucket has no rules: every preflight is refused; to do: aws s3api put-bucket-cors --endpoint-url http://ENDPOINT --bucket uploads --cors-configuration file://cors.json; where the endpoint keeps none (MinIO), CORSRules or from: managed',
      'ok: buckets.media: managed is safe: the endpoint verifies the caller and has no rules of its own',
      'http://ENDPOINT: 0 faults, 2 warnings',
    ])
    const wrong = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: 'wrong-secret' }
    const refused = await run(['check', '--connect'], yaml, wrong)
    t.comment(refused.out)
    t.equal(refused.code, 1)
    t.match(
      refused.out,
      /\nfault: upstream\.credentials: ListBuckets: 403 SignatureDoesNotMatch; to do: correct AWS_SECRET/,
    )
    t.match(refused.out, /\nfault: buckets\.uploads: GetBucketCors: auth: 403 SignatureDoesNotMatch: /)
    t.match(
      refused.out,
      /\nfault: buckets\.media: .* is not known, .* refuses the proxy's own key: 403 SignatureDoesNotMatch; /,
    )
    const imported = await run(['import', '--from-upstream'], yaml)
    t.strictSame([imported.code, imported.out], [0, 'buckets: {}\n'])
    t.equal(
      imported.err,
      'media: warning: it has no rules and gets no entry\nuploads: warning: it has no rules and gets no entry\n',
    )
  },
)

t.test(
  'RGW takes its own names alone, gives its rules, and managed is not safe with it',
  { skip: skipWithout('RGW', findRgw() !== undefined, howToGetRgw), ...limits },
  async t => {
    const { run, call, server } = await setUp(t, startRgw)
    t.match(
      await call({
        method: 'PUT',
        bucket: 'media',
        query: 'cors',
        headers: { 'content-md5': md5Of(rules) },
        body: Buffer.from(rules),
        maxBodyBytes: 65_536,
      }),
      { status: 200 },
    )
    const yaml = `virtualHosts: [${server.virtualHost}]\nhosts: [files.example]\nbuckets:\n  media: { from: upstream }\n  uploads: { from: upstream }\n  not-there: { from: upstream }\n  "*": { from: managed }`
    const { code, lines, out } = await run(['check', '--connect'], yaml)
    t.comment(out)
    t.equal(code, 1)
    const foreign = (host: string) =>
      `under ${host} a signed request gets 404 NoSuchBucket: it takes the Host for the name of a bucket; under its own name, 200 LocationConstraint`
    const sign = "have them signed for the endpoint's name, or name this proxy's at the endpoint too"
    t.strictSame(lines, [
      'ok: upstream.credentials: accepted; ListBuckets shows 2 buckets',
      `note: upstream.host: the endpoint takes its own names alone: ${foreign('foreign-host.invalid')}`,
      'note: upstream.host: anonymous requests (public objects): not with preserve; to do: rewrite for them',
      "note: upstream.host: URLs presigned for the endpoint's name: not with preserve; to do: rewrite for them",
      `note: upstream.host: requests an SDK signs for this proxy's own name: neither with preserve nor with rewrite; to do: ${sign}`,
      "ok: upstream.host: requests an SDK signs for the endpoint's name: served with preserve",
      `warning: hosts: not taken as path-style: ${foreign('files.example')}; to do: name it at the endpoint too (MINIO_DOMAIN, rgw_dns_name), or upstream.host: rewrite`,
      'ok: virtualHosts: media.s3.localhost: taken as virtual-hosted-style',
      'ok: buckets.media: 1 rule by GetBucketCors',
      'warning: buckets.uploads: the bucket has no rules: every preflight is refused; to do: aws s3api put-bucket-cors --endpoint-url http://ENDPOINT --bucket uploads --cors-configuration file://cors.json; where the endpoint keeps none (MinIO), CORSRules or from: managed',
      'fault: buckets.not-there: the endpoint has no bucket of this name (a.yaml:6): its preflights get 403; to do: correct the name, or create the bucket: aws s3api create-bucket --endpoint-url http://ENDPOINT --bucket not-there',
      'http://ENDPOINT: 1 fault, 2 warnings',
    ])
    const rewritten = await run(
      ['check', '--connect', '--upstream-host', 'rewrite'],
      'buckets: { media: { from: upstream } }',
    )
    t.equal(rewritten.code, 0)
    t.strictSame(rewritten.lines.slice(2, 6), [
      'ok: upstream.host: anonymous requests (public objects): reach the endpoint with rewrite; what was asked for is not public (403 AccessDenied)',
      "ok: upstream.host: URLs presigned for the endpoint's name: served with rewrite",
      `note: upstream.host: requests an SDK signs for this proxy's own name: neither with preserve nor with rewrite; to do: ${sign}`,
      "ok: upstream.host: requests an SDK signs for the endpoint's name: served with rewrite",
    ])
    const managed = await run(['check', '--connect'], 'buckets: { media: { from: managed } }')
    t.equal(managed.code, 1)
    t.match(managed.out, /\nfault: buckets\.media: managed is not safe with this endpoint: GET \?cors: 200, /)
    const imported = await run(['import', '--from-upstream'], yaml)
    t.comment(imported.out)
    t.equal(imported.code, 0)
    t.match(
      imported.out,
      /^buckets:\n {2}"media":\n {4}CORSRules:\n {6}- AllowedOrigins: \["https:\/\/my-app\.xyz"\]\n/,
    )
    t.equal(imported.err, 'uploads: warning: it has no rules and gets no entry\n')
    t.equal((await run(['check'], imported.out)).code, 0, 'what was imported is a configuration')
  },
)

t.test(
  'Swift is refused as unsafe for managed rules',
  { skip: skipWithout('Swift', findSwift() !== undefined, howToGetSwift), ...limits },
  async t => {
    const { run } = await setUp(t, startSwift)
    const yaml = 'buckets:\n  media: { from: managed }\n  uploads: { from: upstream }'
    const { code, lines, out } = await run(['check', '--connect'], yaml)
    t.comment(out)
    t.equal(code, 1)
    t.strictSame(lines, [
      ...anyHost.map(line =>
        line.includes('anonymous requests')
          ? 'note: upstream.host: anonymous requests (public objects): refused by the endpoint with 412, whatever the Host'
          : line,
      ),
      'warning: buckets: this endpoint keeps no rules (GET ?cors is answered 501 NotImplemented): every preflight of uploads is refused; to do: CORSRules or CORSFile instead of from: upstream',
      'fault: buckets: this endpoint keeps no rules, and managed is not safe with it: GET ?cors with a wrong signature: 501 NotImplemented, where only 403 is safe; to do: CORSRules or CORSFile instead of from: managed',
      'http://ENDPOINT: 1 fault, 1 warning',
    ])
    const region = await run(['check', '--connect', '--upstream-region', 'gra'], yaml)
    t.match(
      region.out,
      /\nfault: upstream\.credentials: ListBuckets: 400 AuthorizationHeaderMalformed; to do: set upstream\.region: us-east-1\n/,
    )
  },
)
