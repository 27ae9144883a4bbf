// The S3 port knows no path of its own: what is called like one of the admin port's is a bucket, with its rules.

import t from 'tap'
import { readResponse } from '../fixtures/client-responses.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

const origin = 'https://app.example'
const ask = async (port: number, method: string, target: string, fields = `Origin: ${origin}\r\n`) => {
  const { text } = await raw(
    port,
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${fields}Connection: close\r\n\r\n`,
    20_000,
  )
  return readResponse(text, method)
}

const preflightFields = `Origin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n`

t.test('buckets that are called like paths of the admin port are the endpoint’s', async t => {
  const upstream = await startRecordingUpstream(t)
  const rules = `{ CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET, POST] }] }`
  const names = ['metrics', 'healthz', 'readyz', 'livez', 'reload', 'buckets', 'explain', 'favicon.ico']
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}", credentials: none }\nbuckets: { ${names.map(name => `${name}: ${rules}`).join(', ')} }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  for (const name of names) {
    for (const [method, target] of [
      ['GET', `/${name}`],
      ['GET', `/${name}/key`],
      ['GET', `/${name}?format=json`],
      ['POST', `/${name}`],
      ['POST', `/${name}/web/refresh`],
    ] as const) {
      const before = upstream.requests.length
      const response = await ask(proxy.port, method, target)
      t.strictSame([response.status, response.body], [200, 'ok'], `${method} ${target} is answered by the endpoint`)
      t.strictSame(response.values('access-control-allow-origin'), [origin], 'and governed by the bucket’s rules')
      t.strictSame(
        upstream.requests.slice(before).map(request => [request.method, request.target]),
        [[method, target]],
      )
    }
    const preflight = await ask(proxy.port, 'OPTIONS', `/${name}/key`, preflightFields)
    t.equal(preflight.status, 200, `a preflight for ${name}`)
    t.strictSame((await ask(proxy.port, 'DELETE', `/${name}`)).values('access-control-allow-origin'), [])
  }
  t.notMatch(proxy.logs(), /"event":"reload/, 'nothing was reloaded')
  const admin = Number(new URL(proxy.adminUrl).port)
  for (const target of ['/metrics/key', '/web/key', '/healthz/key']) {
    const before = upstream.requests.length
    t.equal((await ask(admin, 'GET', target, '')).status, 404, `${target} of the admin port`)
    t.equal(upstream.requests.length, before, 'goes nowhere')
  }
})
