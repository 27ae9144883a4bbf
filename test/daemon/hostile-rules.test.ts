// Rules whose values would be bytes of a response head, from each source: they are refused as they are read, and never sent.

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { readResponse } from '../fixtures/client-responses.ts'
import { until } from '../fixtures/patience.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import { answerOf, setUp } from './upstream-setup.ts'

t.setTimeout(120_000)

const origin = 'https://app.example'
const ask = async (proxy: ProxyProcess, method: string, target: string) => {
  const fields = `Host: 127.0.0.1\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n`
  return readResponse((await raw(proxy.port, `${method} ${target} HTTP/1.1\r\n${fields}`, 20_000)).text, method)
}

/** Values of ExposeHeader that no response head can carry, or that S3 refuses. */
const hostile = ['X-A\r\nSet-Cookie: a=b', 'X-A\nX-B', 'X-A\rX-B', 'X-A\0', 'X A', 'X-\u20ac', 'X-A, X-B', '', '*']

t.test('the rules file: refused at the start, and while it runs', async t => {
  const yaml = (value: string) =>
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nbuckets:\n  web:\n    CORSRules:\n      - AllowedOrigins: ["${origin}"]\n        AllowedMethods: [GET]\n        ExposeHeaders: [ETag, ${JSON.stringify(value)}]\n`
  const proxy = await startProxy(yaml('X-Good'))
  t.teardown(() => proxy.stop('SIGINT'))
  const good = readFileSync(proxy.configFile, 'utf8')
  const listen = good.slice(good.indexOf('\nlisten:'))
  for (const value of hostile) {
    const told = proxy.logs().split('configuration_refused').length
    writeFileSync(proxy.configFile, yaml(value) + listen)
    await until(() => proxy.logs().split('configuration_refused').length > told)
    const refusals = proxy.logs().split('configuration_refused')
    t.equal(refusals.length, told + 1, `${JSON.stringify(value)} is refused`)
    t.match(refusals.at(-1), /config\.yaml:7:/, 'at its line')
    const { values } = await ask(proxy, 'OPTIONS', '/web/k')
    t.strictSame(values('access-control-expose-headers'), ['ETag, X-Good'], 'the last good rules stay')
    t.strictSame(values('set-cookie'), [])
    writeFileSync(proxy.configFile, good)
  }
  await t.rejects(startProxy(yaml('X-A\r\nSet-Cookie: a=b')), { message: /exit code 64\b.*config\.yaml:7:/s })
})

t.test('the endpoint’s own rules: such a name is sent to no page, and the rest of the rule holds', async t => {
  const xml = (value: string) => {
    const text = value.replace(/[^ -~]/g, character => `&#${character.codePointAt(0)};`)
    return `<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>${origin}</AllowedOrigin><ExposeHeader>${text}</ExposeHeader></CORSRule></CORSConfiguration>`
  }
  const names = hostile.map((_, index) => `bucket-${index}`)
  const { proxy } = await setUp(t, {
    cors: ({ target }) => answerOf(200, xml(hostile[names.indexOf(target.slice(1).replace('?cors', ''))] ?? 'X-Good')),
    buckets: ['good-one', ...names].map(name => `  ${name}: { from: upstream }\n`).join(''),
  })
  const preflight = await ask(proxy, 'OPTIONS', '/good-one/k')
  t.strictSame([preflight.status, preflight.values('access-control-expose-headers')], [200, ['X-Good']])
  for (const [index, name] of names.entries()) {
    const what = JSON.stringify(hostile[index])
    for (const method of ['OPTIONS', 'GET']) {
      const response = await ask(proxy, method, `/${name}/k`)
      // XML cannot hold U+0000, not even as a reference: that is no document at all.
      const isRead = hostile[index] !== 'X-A\0'
      t.equal(response.status, method === 'OPTIONS' && !isRead ? 503 : 200, `${method} with ${what}`)
      t.strictSame(response.values('access-control-allow-origin'), isRead ? [origin] : [], what)
      t.notOk(
        response.fields.some(([field]) => /^(access-control-expose-headers|set-cookie|x-b$)/i.test(field)),
        what,
      )
    }
  }
})

t.test('a long name is sent as it is', async t => {
  const long = `X-${'a'.repeat(10_000)}`
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9", credentials: none }\nbuckets: { web: { CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET], ExposeHeaders: ["${long}"] }] } }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  t.strictSame((await ask(proxy, 'OPTIONS', '/web/k')).values('access-control-expose-headers'), [long])
})
