import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { demoObjects } from '../../src/demo/demo-objects.ts'
import { startEmbeddedEndpoint } from '../../src/demo/embedded-endpoint.ts'
import { listenLocally } from '../../src/demo/local-server.ts'

// A folder for temporary files that only this test writes to.
const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-endpoint-test-'))
t.teardown(() => rmSync(folder, { recursive: true }))
process.env.TMPDIR = folder

async function startForTest() {
  const endpoint = await startEmbeddedEndpoint(0)
  if (endpoint === undefined) throw new Error('the package is a development dependency')
  return endpoint
}

t.test('the endpoint serves its objects', async t => {
  const { place, close } = await startForTest()
  t.teardown(close)
  for (const { bucket, key, contentType, body } of demoObjects) {
    const response = await fetch(`${place.url}/${bucket}/${key}`)
    t.equal(await response.text(), body, `${bucket}/${key}`)
    t.equal(response.headers.get('Content-Type'), contentType)
    t.match(response.headers.get('ETag'), /^"[0-9a-f]{32}"$/)
  }
  t.equal((await fetch(`${place.url}/my-media/none`)).status, 404)
})

t.test('by itself it lets every origin read, and none write', async t => {
  const { place, close } = await startForTest()
  t.teardown(close)
  const url = `${place.url}/incoming/upload.json`
  const origin = 'https://other-site.example'
  const actual = await fetch(url, { headers: { Origin: origin } })
  await actual.arrayBuffer()
  t.equal(actual.headers.get('Access-Control-Allow-Origin'), origin)
  t.equal(actual.headers.get('Access-Control-Allow-Credentials'), 'true')
  for (const [method, status] of [
    ['GET', 200],
    ['PUT', 403],
    ['DELETE', 403],
  ] as const) {
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'x-a' },
    })
    await preflight.arrayBuffer()
    t.equal(preflight.status, status, method)
  }
})

t.test('a closed endpoint leaves nothing behind', async t => {
  const { place, close } = await startForTest()
  t.equal(readdirSync(folder).length, 1)
  await close()
  t.strictSame(readdirSync(folder), [])
  await t.rejects(fetch(place.url))
})

t.test('a port that is taken moves it', async t => {
  const other = createServer()
  t.teardown(() => other.close())
  const { url } = await listenLocally(other, 0)
  const wantedPort = Number(new URL(url).port)
  const endpoint = await startEmbeddedEndpoint(wantedPort)
  t.teardown(() => endpoint?.close())
  t.equal(endpoint?.place.wantedPort, wantedPort)
  t.not(endpoint?.place.url, url)
})

t.test('without the package there is no endpoint', async t => {
  const missing = Object.assign(new Error("Cannot find package '@20minutes/s3rver'"), { code: 'ERR_MODULE_NOT_FOUND' })
  t.equal(await startEmbeddedEndpoint(0, () => Promise.reject(missing)), undefined)
})

t.test('a package that fails is not a missing one', async t => {
  await t.rejects(
    startEmbeddedEndpoint(0, () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  )
  class Refusing {
    async configureBuckets() {}
    callback = () => (_request: unknown, response: { writeHead(status: number): { end(): void } }) => {
      response.writeHead(500).end()
    }
  }
  await t.rejects(
    startEmbeddedEndpoint(0, async () => ({ default: Refusing })),
    { message: 'the embedded endpoint refused my-media/picture.svg: 500' },
  )
  t.strictSame(readdirSync(folder), [], 'and nothing is left')
})
