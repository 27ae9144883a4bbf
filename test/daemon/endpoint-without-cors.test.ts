// An endpoint that does not know `?cors` and takes it for something else, through the whole process.

import t from 'tap'
import { askAdmin, sendHttp } from '../clients/http-request.ts'
import { until } from '../fixtures/patience.ts'
import type { ProxyProcess } from '../fixtures/proxy-process.ts'
import { adminBuckets } from './managed-setup.ts'
import { answerOf, type CorsReply, codeOf, errorOf, page, preflight, rulesFor, setUp } from './upstream-setup.ts'

t.setTimeout(120_000)

const listing = answerOf(200, '<?xml version="1.0"?><ListBucketResult><Name>media</Name></ListBucketResult>')

for (const workers of [1, 2]) {
  t.test(`from: upstream, with ${workers === 1 ? 'one process' : 'workers'}`, async t => {
    const { proxy } = await setUp(t, {
      cors: () => listing,
      buckets: '  media: { from: upstream }\n',
      more: `workers: ${workers}\n`,
    })
    await t.test('a preflight is refused as one of a bucket without rules', async t => {
      const answer = await preflight(proxy, 'media')
      t.strictSame([answer.status, codeOf(answer)], [403, 'AccessForbidden'])
      t.match(String(answer.body), /CORS is not enabled for this bucket/)
    })
    await t.test('/buckets says that the endpoint keeps no rules', async t => {
      t.match((await adminBuckets(proxy))[0], {
        state: 'none',
        lastResult: 'unsupported: 200 ListBucketResult',
        notes: [/^this endpoint keeps no rules \(GET \?cors is answered 200 ListBucketResult\): CORSRules or CORSFile/],
      })
    })
    await t.test('/explain leads to the configuration, not to PutBucketCors', async t => {
      const { body } = await askAdmin({
        url: `${proxy.adminUrl}/explain?bucket=media&origin=${encodeURIComponent(page)}`,
      })
      t.match(JSON.parse(String(body)), {
        reason: 'no_rules',
        summary: /^this endpoint keeps no rules .*: CORSRules or CORSFile$/,
        change: { kind: 'new-entry', where: /^under buckets, in place of the entry/ },
      })
      t.notMatch(String(body), /PutBucketCors/)
    })
  })
}

/** Sends a write of rules, as it is. */
const write = (proxy: ProxyProcess, method: string, target: string) =>
  sendHttp({ url: `${proxy.url}${target}`, method, body: method === 'PUT' ? rulesFor(page) : '' })

const buckets = `  own: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }] }
  off: { from: none }
  live: { from: upstream }
  "*": { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }] }
`
const eventsOf = (proxy: ProxyProcess, event: string) =>
  proxy
    .logs()
    .split('\n')
    .filter(line => line.includes(`"${event}"`))

/** The first such line, once it has come. */
async function firstEvent(proxy: ProxyProcess, event: string): Promise<unknown> {
  await until(() => eventsOf(proxy, event).length > 0, `${event} in the log`)
  return JSON.parse(eventsOf(proxy, event)[0] ?? '')
}

for (const workers of [1, 2]) {
  t.test(`writes of rules, with ${workers === 1 ? 'one process' : 'workers'}`, async t => {
    const { proxy, upstream } = await setUp(t, { cors: () => listing, buckets, more: `workers: ${workers}\n` })
    const writes = () => upstream.requests.filter(({ method }) => method === 'PUT' || method === 'DELETE')
    for (const bucket of ['own', 'off', 'live', 'unnamed'])
      for (const target of ['?cors', '/?cors=', '?%63ors', '?cors&x=1', '?cors&x-id=PutBucketCors'])
        for (const method of ['PUT', 'DELETE'])
          await t.test(`${method} /${bucket}${target} is answered 501 and does not go up`, async t => {
            const answer = await write(proxy, method, `/${bucket}${target}`)
            t.strictSame([answer.status, codeOf(answer)], [501, 'NotImplemented'])
            t.equal(writes().length, 0)
          })
    t.equal((await write(proxy, 'PUT', '/own/key?cors')).status, 200, 'an object is one')
    t.equal((await write(proxy, 'PUT', '/own?acl')).status, 200, 'another subresource is one')
    await t.test('it is told in the log and in /buckets, and nothing is called a write without effect', async t => {
      t.match(await firstEvent(proxy, 'cors_write_refused'), {
        level: 'warn',
        todo: /^CORSRules or CORSFile/,
      })
      t.strictSame(eventsOf(proxy, 'cors_write_without_effect'), [])
      for (const { bucket, notes } of await adminBuckets(proxy))
        if (bucket !== 'unnamed')
          t.match(notes, [/^this endpoint keeps no rules .*; PUT and DELETE \?cors get 501 from this proxy$/], bucket)
    })
  })
}

t.test('a write under a Host that is not configured is asked about, too', async t => {
  for (const { answer, expected, writes } of [
    { answer: listing, expected: 501, writes: 0 },
    { answer: errorOf(404, 'NoSuchBucket'), expected: 404, writes: 0 },
    { answer: errorOf(404, 'NoSuchCORSConfiguration'), expected: 200, writes: 1 },
  ]) {
    const { proxy, upstream } = await setUp(t, { cors: () => answer, buckets })
    for (const [host, target] of [
      ['files.elsewhere.example', '/own?cors'],
      ['files.elsewhere.example', '/own/?x-id=PutBucketCors&cors'],
      ['own.elsewhere.example', '/?cors'],
      ['own', '/?cors'],
    ] as const) {
      const before = upstream.requests.filter(({ method }) => method === 'PUT').length
      const { status } = await sendHttp({
        url: `${proxy.url}${target}`,
        method: 'PUT',
        headers: { host },
        body: rulesFor(page),
      })
      t.equal(status, expected, `${host}${target}`)
      t.equal(upstream.requests.filter(({ method }) => method === 'PUT').length - before, writes)
    }
  }
})

t.test('a write to a bucket that is not there creates none', async t => {
  const { proxy, upstream } = await setUp(t, { cors: () => errorOf(404, 'NoSuchBucket'), buckets })
  const answer = await write(proxy, 'PUT', '/own?cors')
  t.strictSame([answer.status, codeOf(answer)], [404, 'NoSuchBucket'])
  t.equal(upstream.requests.filter(({ method }) => method === 'PUT').length, 0)
})

t.test('an endpoint that was seen to know ?cors gets the write, which has no effect here', async t => {
  const { proxy, upstream } = await setUp(t, { cors: () => errorOf(404, 'NoSuchCORSConfiguration'), buckets })
  t.equal((await write(proxy, 'PUT', '/own?cors')).status, 200)
  t.equal(upstream.requests.filter(({ method }) => method === 'PUT').length, 1)
  t.match(await firstEvent(proxy, 'cors_write_without_effect'), { bucket: 'own' })
  t.match((await adminBuckets(proxy))[0]?.notes, [/^rules were written to the endpoint at .*, without effect/])
})

t.test('where the endpoint cannot be asked, a write goes up and is not called one without effect', async t => {
  let asked: CorsReply = () => errorOf(403, 'AccessDenied')
  const { proxy } = await setUp(t, {
    cors: (request, connection) => asked(request, connection),
    buckets,
    environment: {},
  })
  t.equal((await write(proxy, 'DELETE', '/own?cors')).status, 200)
  t.match(await firstEvent(proxy, 'cors_write_unclear'), { bucket: 'own', method: 'DELETE' })
  t.strictSame(eventsOf(proxy, 'cors_write_without_effect'), [])
  await t.test("until a client's own GET shows that it does not know ?cors", async t => {
    asked = ({ head }) => (head.includes('AWS4-HMAC') ? listing : errorOf(403, 'AccessDenied'))
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=x' }
    t.equal((await sendHttp({ url: `${proxy.url}/own?cors`, headers })).status, 200)
    t.equal((await write(proxy, 'DELETE', '/own?cors')).status, 501)
  })
})

t.test('a bucket that no entry names gets no write either, once the endpoint has shown what it is', async t => {
  const own = `  own: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }] }\n`
  const { proxy, upstream } = await setUp(t, { cors: () => listing, buckets: own })
  t.equal((await write(proxy, 'PUT', '/unnamed?cors')).status, 200, 'nothing is known before')
  t.equal((await write(proxy, 'PUT', '/own?cors')).status, 501)
  for (const method of ['PUT', 'DELETE']) t.equal((await write(proxy, method, '/unnamed?cors')).status, 501)
  const writes = upstream.requests.filter(({ method }) => method === 'PUT' || method === 'DELETE')
  t.strictSame(writes.length, 1, 'but for the first none goes up')
})

for (const from of ['{ from: upstream }', '{ from: none }'])
  t.test(`of a hundred writes at once none goes up, under "*": ${from}`, async t => {
    const { proxy, upstream } = await setUp(t, { cors: () => listing, buckets: `  "*": ${from}\n`, timeoutSeconds: 30 })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => write(proxy, 'DELETE', `/bucket-${index}?cors`)),
    )
    t.strictSame([...new Set(answers.map(({ status }) => status))], [501])
    t.equal(upstream.requests.filter(({ method }) => method === 'DELETE').length, 0)
  })
