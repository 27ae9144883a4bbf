// Rules from outside, with several workers: one process asks, all obey.

import t from 'tap'
import { askAdmin, sendHttp } from '../../clients/http-request.ts'
import { samplesOf, scrape, sumOf } from '../../fixtures/exposition.ts'
import { until } from '../../fixtures/patience.ts'
import { setUp as setUpManaged } from '../managed-setup.ts'
import { answerOf, errorOf, rulesFor, setUp } from '../upstream-setup.ts'
import { askEach, page, preflight } from './worker-setup.ts'

t.setTimeout(300_000)

const two = 'workers: 2\n'
/** Calls are counted here: none may be made again because the machine is slow. */
const timeoutSeconds = 20

t.test('many first requests over all workers are one call per bucket', async t => {
  const { proxy, asked } = await setUp(t, {
    buckets: '  "*": { from: upstream }\n',
    more: two,
    timeoutSeconds,
    cors: async () => {
      await new Promise(resolve => setTimeout(resolve, 200))
      return answerOf(200, rulesFor(page))
    },
  })
  const answers = await Promise.all(Array.from({ length: 200 }, () => preflight(proxy, 'uploads')))
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.equal(asked('uploads').length, 1)
  await askEach(2, () => preflight(proxy, 'uploads'))
  t.equal(asked('uploads').length, 1, 'and each worker knows them')
  const samples = await scrape(proxy.adminUrl)
  t.equal(sumOf(samples, 's3cors_rules_fetches_total', { result: 'rules' }), 1)
  t.equal(samplesOf(samples, 's3cors_rules_age_seconds').length, 1)
})

t.test('a flood of names no bucket has costs as many calls as with one process', async t => {
  const { proxy, asked } = await setUp(t, {
    buckets: '  "*": { from: upstream }\n',
    more: two,
    timeoutSeconds,
    cors: () => errorOf(404, 'NoSuchBucket'),
  })
  const startedAt = performance.now()
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => preflight(proxy, `name-${round}-${i}`)))
  }
  const seconds = (performance.now() - startedAt) / 1000
  t.ok(asked().length <= 20 + 20 * (seconds + 1), `${asked().length} calls in ${seconds.toFixed(1)} s`)
  t.ok(asked().length > 0)
})

t.test('a named bucket is asked about once per period, whatever the number of workers', async t => {
  const { proxy, asked } = await setUp(t, {
    buckets: '  uploads: { from: upstream }\n',
    more: 'workers: 3\n',
    timeoutSeconds,
    cors: () => answerOf(200, rulesFor(page)),
  })
  for (const answers of (await askEach(3, () => preflight(proxy, 'uploads'))).values()) {
    t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  }
  t.equal(asked('uploads').length, 1)
})

t.test('a refresh by the admin port, and a write through one worker, hold for all', async t => {
  let origin = page
  const { proxy, asked } = await setUp(t, {
    buckets: '  uploads: { from: upstream }\n',
    more: two,
    timeoutSeconds,
    async cors() {
      const answer = answerOf(200, rulesFor(origin))
      // Long enough for a second question about the same write to find the first call under way.
      await new Promise(resolve => setTimeout(resolve, 100))
      return answer
    },
  })
  const statuses = async (from: string) =>
    [...(await askEach(2, () => preflight(proxy, 'uploads', from))).values()].flat().map(({ status }) => status)
  t.strictSame(new Set(await statuses(page)), new Set([200]))

  origin = 'https://second.example'
  const headers = { 'content-type': 'application/json', 'content-length': '0' }
  const url = `${proxy.adminUrl}/buckets/uploads/refresh`
  t.equal((await askAdmin({ url, method: 'POST', headers })).status, 200)
  t.strictSame(new Set(await statuses(origin)), new Set([200]), 'refreshed for every worker when the answer comes')
  t.strictSame(new Set(await statuses(page)), new Set([403]))
  t.equal(asked('uploads').length, 2)

  origin = 'https://third.example'
  const written = await sendHttp({ url: `${proxy.url}/uploads?cors`, method: 'PUT', body: 'rules' })
  t.equal(written.status, 200)
  const fetched = () => asked('uploads').filter(({ method }) => method === 'GET').length
  await until(() => fetched() === 3, 'the rules are fetched anew')
  await until(async () => (await statuses(origin)).every(status => status === 200), 'they are in force')
  t.equal(fetched(), 3, 'by one call')
})

t.test('managed rules that one worker was given are obeyed by every other with the next request', async t => {
  const { proxy, call, endpoint } = await setUpManaged(t, ['kept'], two)
  const xml = (origin: string) =>
    `<CORSConfiguration><CORSRule><AllowedOrigin>${origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`
  const statuses = async (origin: string) =>
    [...(await askEach(2, () => preflight(proxy, 'kept', origin))).values()].flat().map(({ status }) => status)
  for (let round = 0; round < 10; round++) {
    const origin = `https://round-${round}.example`
    t.equal((await call({ method: 'PUT', target: '/kept?cors', body: xml(origin) })).status, 200)
    t.strictSame(new Set(await statuses(origin)), new Set([200]))
    if (round > 0) t.strictSame(new Set(await statuses(`https://round-${round - 1}.example`)), new Set([403]))
    t.match((await call({ method: 'GET', target: '/kept?cors' })).body, origin)
  }
  t.equal((await call({ method: 'DELETE', target: '/kept?cors' })).status, 204)
  t.strictSame(new Set(await statuses('https://round-9.example')), new Set([403]))
  t.ok(endpoint.ofCallers().length > 0, 'the endpoint had its say')
})
