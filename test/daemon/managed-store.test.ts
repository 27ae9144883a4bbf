// Managed rules in a directory, through the whole process: who changed them, a store that fails, a restart.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { sendHttp } from '../clients/http-request.ts'
import { callManaged, ruleFor } from '../fixtures/managed-caller.ts'
import { startMinioEndpoint } from '../fixtures/minio-endpoint.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { adminBuckets, environment, setUp } from './managed-setup.ts'

t.setTimeout(180_000)

t.test('/buckets and the log say who changed what and when, and no secret', async t => {
  const { call, proxy } = await setUp(t, ['media'])
  await call({ method: 'PUT', target: '/media?cors', body: ruleFor('https://a.example') })
  const [set] = await adminBuckets(proxy)
  t.match(set, { bucket: 'media', source: 'managed', state: 'rules', rules: 1 })
  t.match(set?.notes?.join(), /^rules set by AKIACALLER at \d{4}-\d\d-\d\dT[\d:.]+Z$/)
  await call({ method: 'DELETE', target: '/media?cors' })
  t.match((await adminBuckets(proxy))[0], { state: 'none', notes: [/^rules removed by AKIACALLER at /] })
  t.match(proxy.logs(), /"rules_managed".*AKIACALLER|AKIACALLER.*"rules_managed"/)
  for (const secret of ['caller-secret', 'proxy-secret', 'Signature=']) {
    t.notMatch(proxy.logs(), secret)
  }
})

t.test('a store that cannot be read leaves rules unknown, readiness alone, and mends itself', async t => {
  const endpoint = await startMinioEndpoint(t, 'media')
  const proxy = await startProxy(
    `upstream:\n  url: ${endpoint.url}\nmanaged:\n  store:\n    directory: rules\nrules:\n  freshSeconds: 1\nbuckets:\n  media: { from: managed }\n`,
    { env: environment, files: { rules: 'a file, where a directory should be' } },
  )
  t.teardown(() => proxy.stop('SIGINT'))
  const preflight = () =>
    sendHttp({
      url: `${proxy.url}/media/key`,
      method: 'OPTIONS',
      headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' },
    })
  const unknown = await preflight()
  t.strictSame([unknown.status, unknown.headers['retry-after']], [503, '1'])
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    const body = method === 'PUT' ? ruleFor('https://a.example') : ''
    const answer = await callManaged(proxy.url, { method, target: '/media?cors', body })
    t.strictSame([answer.status, answer.code], [503, 'ServiceUnavailable'], method)
  }
  t.equal((await sendHttp({ url: `${proxy.adminUrl}/readyz` })).status, 200)
  rmSync(join(dirname(proxy.configFile), 'rules'))
  const put = await callManaged(proxy.url, { method: 'PUT', target: '/media?cors', body: ruleFor('https://a.example') })
  t.equal(put.status, 200)
  t.equal((await preflight()).status, 200)
})

t.test('rules stored before a restart are in force after it', async t => {
  const endpoint = await startMinioEndpoint(t, 'media')
  const directory = mkdtempSync(join(tmpdir(), 's3-cors-proxy-rules-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const text = `upstream:\n  url: ${endpoint.url}\nmanaged:\n  store:\n    directory: ${directory}\nbuckets:\n  media: { from: managed }\n`
  const first = await startProxy(text, { env: environment })
  t.equal(
    (await callManaged(first.url, { method: 'PUT', target: '/media?cors', body: ruleFor('https://a.example') })).status,
    200,
  )
  await first.stop('SIGKILL')
  const second = await startProxy(text, { env: environment })
  t.teardown(() => second.stop('SIGINT'))
  const answer = await sendHttp({ url: `${second.url}/media/key`, headers: { Origin: 'https://a.example' } })
  t.equal(answer.headers['access-control-allow-origin'], 'https://a.example')
})
