// `from: upstream` through the whole process: how often the endpoint is asked, in whose name, and what a change does.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { askAdmin, sendHttp } from '../clients/http-request.ts'
import type { ProxyProcess } from '../fixtures/proxy-process.ts'
import { fieldValues } from '../fixtures/request-reader.ts'
import { adminBuckets } from './managed-setup.ts'
import { answerOf, env, errorOf, metrics, page, preflight, rulesFor, setUp, timed } from './upstream-setup.ts'

t.setTimeout(300_000)

t.test('a cold bucket that many ask for at once costs one call', async t => {
  const { proxy, asked } = await setUp(t, {
    cors: async () => {
      await sleep(200)
      return answerOf(200, rulesFor(page))
    },
    list: () =>
      answerOf(
        200,
        '<ListAllMyBucketsResult><Buckets><Bucket><Name>cold</Name></Bucket></Buckets></ListAllMyBucketsResult>',
      ),
    buckets: '  "*": { from: upstream }\n',
  })
  const answers = await Promise.all(Array.from({ length: 200 }, () => preflight(proxy, 'cold')))
  t.equal(answers.filter(({ status }) => status === 200).length, 200)
  t.equal(asked('cold').length, 1)
})

const floodSeconds = 4

t.test('a flood of invented names makes no flood of calls, labels or memory', async t => {
  for (const listed of [false, true]) {
    await t.test(listed ? 'where ListBuckets is allowed' : 'where it is not', async t => {
      const list =
        '<ListAllMyBucketsResult><Buckets><Bucket><Name>real</Name></Bucket><Bucket><Name>media</Name></Bucket></Buckets></ListAllMyBucketsResult>'
      const { proxy, asked } = await setUp(t, {
        cors: ({ target }) => {
          const known = target === '/real?cors' || target === '/media?cors'
          return known ? answerOf(200, rulesFor(page)) : errorOf(404, 'NoSuchBucket')
        },
        list: () => (listed ? answerOf(200, list) : errorOf(403, 'AccessDenied')),
        buckets: '  media: { from: upstream }\n  "*": { from: upstream }\n',
        // Little room for garbage: what the process grows by is what it keeps, and keeping much would end it.
        environment: { ...env, NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=64' },
      })
      t.equal((await preflight(proxy, 'real')).status, 200)
      /** After a good part of the flood: what a young process takes for itself is no growth. */
      let sizeBefore: number | undefined
      const from = performance.now()
      const realMs: number[] = []
      let invented = 0
      while (performance.now() - from < floodSeconds * 1000) {
        const names = Array.from({ length: 50 }, () => `invented-${invented++}`)
        const [real, ...others] = await Promise.all([
          timed(preflight(proxy, invented % 100 === 0 ? 'media' : 'real')),
          ...names.map(name => preflight(proxy, name)),
        ])
        realMs.push(real.ms)
        if (real.result.status !== 200) t.fail(`a real bucket is answered ${real.result.status}`)
        const wrong = others.find(({ status }) => status !== 403 && status !== 503)
        if (wrong !== undefined) t.fail(`an invented one is answered ${wrong.status}`)
        if (performance.now() - from > floodSeconds * 500) sizeBefore ??= residentBytes(proxy)
      }
      const seconds = (performance.now() - from) / 1000
      const calls = asked().filter(({ target }) => target.startsWith('/invented-')).length
      // 20 a second, and as many at once at first.
      t.ok(
        listed ? calls === 0 : calls <= 20 * (seconds + 1),
        `${calls} calls for ${invented} names in ${seconds.toFixed(1)} s`,
      )
      const labels = new Set([...(await metrics(proxy)).matchAll(/bucket="([^"]*)"/g)].map(match => match[1]))
      t.strictSame([...labels].sort(), ['media', 'other'], 'labels')
      const lines = await adminBuckets(proxy)
      t.ok(lines.length <= 102, 'lines of /buckets')
      const [cached = ''] = lines.find(({ bucket }) => bucket === '*')?.notes ?? []
      t.ok(Number.parseInt(cached, 10) <= calls + 1, `${cached}: only what was asked about`)
      const grown = (residentBytes(proxy) - (sizeBefore ?? 0)) / 1024 / 1024
      t.ok(grown < 24, `grown by ${grown.toFixed(1)} MiB`)
      t.comment(
        `${invented} names, ${calls} calls, ${grown.toFixed(1)} MiB, real buckets within ${Math.max(...realMs).toFixed(0)} ms`,
      )
    })
  }
})

t.test('rules that are changed through the proxy are in force with the next request', async t => {
  let origin = 'https://old.example'
  const { proxy, endpoint } = await setUp(t, {
    cors: () => answerOf(200, rulesFor(origin)),
    buckets: '  media: { from: upstream }\n',
  })
  t.equal((await preflight(proxy, 'media', 'https://old.example')).status, 200)
  endpoint.cors = async () => {
    await sleep(250)
    return answerOf(200, rulesFor(origin))
  }
  for (const method of ['PUT', 'DELETE']) {
    origin = `https://${method.toLowerCase()}.example`
    t.equal(
      (await sendHttp({ url: `${proxy.url}/media?cors`, method, headers: { 'Content-Length': '0' } })).status,
      200,
    )
    t.equal((await preflight(proxy, 'media', 'https://old.example')).status, 403, `the old rules, after ${method}`)
    t.equal((await preflight(proxy, 'media', origin)).status, 200, `the new rules, after ${method}`)
  }
})

t.test('the proxy asks in its own name, and tells no credentials', async t => {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=AKIACLIENT/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=canaryfieldsignature'
  const get = (proxy: ProxyProcess, bucket: string) =>
    sendHttp({
      url: `${proxy.url}/${bucket}/key?X-Amz-Signature=canaryquerysignature&X-Amz-Security-Token=canarytoken`,
      headers: { Origin: 'https://evil.example', Authorization: authorization, Cookie: 'canarycookie=1' },
    })
  for (const environment of [env, {}]) {
    const own = 'AWS_ACCESS_KEY_ID' in environment
    await t.test(own ? 'with keys' : 'without keys', async t => {
      const { proxy, asked, upstream } = await setUp(t, {
        cors: () => answerOf(200, rulesFor(page)),
        buckets: '  "*": { from: upstream }\n',
        environment,
      })
      t.equal((await get(proxy, 'cold')).status, 200)
      t.equal((await get(proxy, 'cold')).status, 200)
      t.equal(asked('cold').length, 1, 'the client is no part of what is remembered')
      const [question] = asked('cold')
      if (question === undefined) throw new Error('not asked')
      const credential = /Credential=([^/]+)\//.exec(fieldValues(question, 'authorization')[0] ?? '')?.[1]
      t.equal(credential, own ? 'AKIAPROXY' : undefined)
      t.notMatch(question.head, /canary|AKIACLIENT|evil/)
      t.equal(
        upstream.requests.filter(({ head }) => head.includes('AKIACLIENT')).length,
        2,
        'the client’s own requests',
      )
      t.match(proxy.logs(), /cold/, 'the requests are logged')
      t.notMatch(proxy.logs(), /canary/)
      for (const path of ['/metrics', '/buckets', '/origins', '/']) {
        t.notMatch(String((await askAdmin({ url: `${proxy.adminUrl}${path}` })).body), /canary/, path)
      }
    })
  }
})

t.test('a question of /explain is answered from what is known', async t => {
  const { proxy, asked } = await setUp(t, {
    cors: () => answerOf(200, rulesFor(page)),
    buckets: '  media: { from: upstream }\n  "*": { from: upstream }\n',
  })
  const explain = async (bucket: string) => {
    const query = new URLSearchParams({ bucket, origin: page })
    return JSON.parse(String((await askAdmin({ url: `${proxy.adminUrl}/explain?${query}` })).body)) as {
      reason: string
    }
  }
  t.equal((await explain('media')).reason, 'matched')
  t.equal((await explain('cold')).reason, 'rules_unavailable')
  t.equal(asked('cold').length, 0, 'the endpoint was not asked')
  await preflight(proxy, 'cold')
  t.equal((await explain('cold')).reason, 'matched')
})

/** Linux tells; elsewhere 0, which grows by nothing. */
function residentBytes(proxy: ProxyProcess): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return 0
  }
}
