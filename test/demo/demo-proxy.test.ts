import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Environment } from '../../src/config/environment.ts'
import { type DemoProxy, startDemoProxy } from '../../src/demo/demo-proxy.ts'
import { askExplanation } from '../../src/demo/demo-request.ts'
import { startEmbeddedEndpoint } from '../../src/demo/embedded-endpoint.ts'
import { createLog } from '../../src/telemetry/log/log.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'
import { sinkTo } from '../fixtures/stream-sink.ts'

const silent = createLog({ level: 'silent', sink: sinkTo(new PassThrough()) })
const anyPorts = { S3CORS_LISTEN: '127.0.0.1:0', S3CORS_ADMIN: '127.0.0.1:0' }

/** A copy of config/ that a test may change, and the proxy with it. */
async function startForTest(
  t: Owner,
  environment: Environment = anyPorts,
): Promise<{ proxy: DemoProxy; configFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-demo-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync('config', folder, { recursive: true })
  const configFile = join(folder, 'example.yaml')
  const endpoint = await startEmbeddedEndpoint(0)
  if (endpoint === undefined) throw new Error('the package is a development dependency')
  t.teardown(endpoint.close)
  const start = await startDemoProxy({
    configFile,
    environment,
    endpointUrl: endpoint.place.url,
    log: silent,
  })
  if ('faults' in start) throw new Error(start.faults.join('\n'))
  t.teardown(start.proxy.stop)
  return { proxy: start.proxy, configFile }
}

t.test('the proxy stands in front of the endpoint with the rules of the example', async t => {
  const { proxy } = await startForTest(t)
  t.match(proxy, { place: { wantedPort: 0 }, admin: { wantedPort: 0 } })
  const picture = await fetch(`${proxy.place.url}/my-media/picture.svg`, { headers: { Origin: 'http://localhost:1' } })
  t.match(await picture.text(), /^<svg /)
  t.equal(picture.headers.get('Access-Control-Allow-Origin'), 'http://localhost:1')
  const upload = await fetch(`${proxy.place.url}/incoming/upload.json`, { headers: { Origin: 'http://localhost:1' } })
  t.match(await upload.json(), { text: 'not for other sites' })
  t.equal(upload.headers.get('Access-Control-Allow-Origin'), null, "the endpoint's own does not pass")
})

t.test('the smallest change that is shown, once made in the file, allows the request', async t => {
  const { proxy, configFile } = await startForTest(t)
  const origin = 'http://127.0.0.1:8000'
  const { allowed, change } = await askExplanation(proxy.admin.url, 'refused', origin)
  t.equal(allowed, false)
  t.match(change, { where: /bucket "incoming"/, additions: { AllowedOrigins: [origin] } })
  const text = readFileSync(configFile, 'utf8')
  const changed = text.replace(/(- ID: uploads\n +AllowedOrigins: \[)/, `$1"${origin}", `)
  t.not(changed, text)
  writeFileSync(configFile, changed)
  for (let tries = 0; tries < 100; tries++) {
    if ((await askExplanation(proxy.admin.url, 'refused', origin)).allowed) return
    await sleep(100)
  }
  t.fail('the proxy did not take up the change')
})

t.test('faults of the configuration are told', async t => {
  const start = await startDemoProxy({
    configFile: 'config/example.yaml',
    environment: { S3CORS_LISTEN: 'here', S3CORS_LISTN: 'there' },
    endpointUrl: 'http://127.0.0.1:9000',
    log: silent,
  })
  t.match(start, { faults: [/S3CORS_LISTN/, /S3CORS_LISTEN/] })
})

t.test('keys of a real endpoint are not needed, nor looked at', async t => {
  const start = await startDemoProxy({
    configFile: 'config/example.yaml',
    environment: { ...anyPorts, S3CORS_UPSTREAM_CREDENTIALS: 'environment' },
    endpointUrl: 'http://127.0.0.1:1',
    log: silent,
  })
  t.notMatch(start, { faults: [] })
  if ('proxy' in start) await start.proxy.stop()
})

t.test('a token of the environment is asked for, and the page has it', async t => {
  const { proxy } = await startForTest(t, { ...anyPorts, S3CORS_ADMIN_TOKEN: 'token-of-a-demonstration' })
  const origin = 'http://127.0.0.1:8000'
  await t.rejects(askExplanation(proxy.admin.url, 'refused', origin), { message: 'the admin port answered 401' })
  t.match(await askExplanation(proxy.admin.url, 'refused', origin, proxy.adminToken), { allowed: false })
})
