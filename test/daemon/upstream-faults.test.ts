// `from: upstream` through the whole process, in front of an endpoint that fails in every way (reliability: rows K).

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { askAdmin, sendHttp } from '../clients/http-request.ts'
import { type RecordedConnection, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { adminBuckets } from './managed-setup.ts'
import {
  answerOf,
  type CorsReply,
  codeOf,
  errorOf,
  metrics,
  never,
  page,
  preflight,
  rulesFor,
  secret,
  setUp,
  timed,
} from './upstream-setup.ts'

t.setTimeout(300_000)

t.test('rules that are unknown: 503 with Retry-After, after at most timeoutSeconds', async t => {
  const { proxy, upstream } = await setUp(t, {
    cors: never,
    buckets:
      '  media: { from: upstream }\n  guarded: { from: upstream, enforcement: block }\n  "*": { from: upstream }\n',
  })
  for (const bucket of ['media', 'guarded', 'cold']) {
    const { result, ms } = await timed(preflight(proxy, bucket))
    t.strictSame([result.status, codeOf(result)], [503, 'ServiceUnavailable'], bucket)
    t.equal(result.headers['retry-after'], '1')
    t.equal(result.headers['access-control-allow-origin'], undefined)
    t.ok(ms < 1000, `waited ${ms.toFixed(0)} ms`)
  }
  const get = (bucket: string, headers: Record<string, string>) =>
    sendHttp({ url: `${proxy.url}/${bucket}/key`, headers })
  const served = await get('media', { Origin: page })
  t.strictSame([served.status, served.headers['access-control-allow-origin']], [200, undefined], 'served without CORS')
  const before = upstream.requests.filter(({ target }) => target === '/guarded/key').length
  const blocked = await get('guarded', { Origin: page })
  t.strictSame([blocked.status, blocked.headers['retry-after']], [503, '1'], 'block refuses it')
  t.equal(upstream.requests.filter(({ target }) => target === '/guarded/key').length, before, 'and does not forward it')
  t.equal((await get('guarded', {})).status, 200, 'without an Origin it is served')
  t.match(await metrics(proxy), /s3cors_decisions_total\{[^}]*reason="rules_unavailable"[^}]*\} [1-9]/)
})

/** Each bucket meets one fault, for good. */
const faults: readonly {
  readonly id: string
  readonly cors: CorsReply
  readonly status: number
  readonly lastResult: RegExp
}[] = [
  { id: 'k173-rules', cors: () => answerOf(200, rulesFor(page)), status: 200, lastResult: /^rules$/ },
  { id: 'k174-none', cors: () => errorOf(404, 'NoSuchCORSConfiguration'), status: 403, lastResult: /^none$/ },
  { id: 'k174-garage', cors: () => 'HTTP/1.1 204 N\r\n\r\n', status: 403, lastResult: /^none$/ },
  {
    id: 'k175-501',
    cors: () => errorOf(501, 'NotImplemented'),
    status: 403,
    lastResult: /^unsupported: 501 NotImplemented$/,
  },
  {
    id: 'k175-405',
    cors: () => errorOf(405, 'MethodNotAllowed'),
    status: 403,
    lastResult: /^unsupported: 405 MethodNotAllowed$/,
  },
  {
    id: 'k175-list',
    cors: () => answerOf(200, '<ListBucketResult/>'),
    status: 403,
    lastResult: /^unsupported: 200 ListBucketResult$/,
  },
  {
    id: 'k175-400',
    cors: () => errorOf(400, 'InvalidRequest'),
    status: 403,
    lastResult: /^unsupported: 400 InvalidRequest$/,
  },
  { id: 'k176-empty', cors: () => answerOf(200, '<CORSConfiguration/>'), status: 403, lastResult: /^none$/ },
  { id: 'k176-html', cors: () => answerOf(200, '<html><p>hello</html>'), status: 503, lastResult: /^malformed/ },
  {
    id: 'k177-auth',
    cors: () => errorOf(403, 'SignatureDoesNotMatch'),
    status: 503,
    lastResult: /^auth: 403 SignatureDoesNotMatch/,
  },
  { id: 'k178-bucket', cors: () => errorOf(404, 'NoSuchBucket'), status: 403, lastResult: /^no-such-bucket$/ },
  { id: 'k179-500', cors: () => errorOf(500, 'InternalError'), status: 503, lastResult: /^server: 500/ },
  {
    id: 'k179-slow-down',
    cors: () => errorOf(503, 'SlowDown', 'Retry-After: 60\r\n'),
    status: 503,
    lastResult: /^throttled/,
  },
  { id: 'k180-silent', cors: never, status: 503, lastResult: /^timeout/ },
  { id: 'k180-reset', cors: (_, { socket }) => void socket.resetAndDestroy(), status: 503, lastResult: /^network/ },
  { id: 'k180-drip', cors: (_, { socket }) => drip(socket), status: 503, lastResult: /^timeout/ },
  { id: 'k182-endless', cors: (_, { socket }) => flood(socket), status: 503, lastResult: /^(oversized|timeout)/ },
  {
    id: 'k182-gzip',
    cors: () => answerOf(200, 'x', 'Content-Encoding: gzip\r\n'),
    status: 503,
    lastResult: /^malformed/,
  },
  { id: 'k183-cut', cors: () => answerOf(200, rulesFor(page).slice(0, -30)), status: 503, lastResult: /^malformed/ },
  {
    id: 'k183-short',
    cors: (_, { socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<CORS'),
    status: 503,
    lastResult: /^(malformed|network)/,
  },
  {
    id: 'k184-doctype',
    cors: () => answerOf(200, `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${rulesFor('&e;')}`),
    status: 503,
    lastResult: /^malformed/,
  },
  {
    id: 'k185-crlf',
    cors: () => answerOf(200, rulesFor(`${page}&#13;&#10;Set-Cookie: x`)),
    status: 403,
    lastResult: /^rules-with-faults: stored rule 1: AllowedOrigin .* contains invalid character; ignored/s,
  },
]

function drip(socket: RecordedConnection['socket']): undefined {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n')
  const timer = setInterval(() => socket.write('<'), 100)
  socket.once('close', () => clearInterval(timer))
}

function flood(socket: RecordedConnection['socket']): undefined {
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  const more = () => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

t.test('what an endpoint may answer, and what becomes of it', async t => {
  const replyOf = new Map(faults.map(({ id, cors }) => [`/${id}?cors`, cors]))
  const elsewhere = await startRecordingUpstream(t)
  const redirect: CorsReply = () => errorOf(307, 'TemporaryRedirect', `Location: ${elsewhere.url}/media?cors\r\n`)
  const { proxy, asked } = await setUp(t, {
    cors: (request, connection) => (replyOf.get(request.target) ?? redirect)(request, connection),
    buckets: [...faults.map(({ id }) => id), 'k181-redirect'].map(id => `  ${id}: { from: upstream }\n`).join(''),
  })
  for (const { id, status, lastResult } of [...faults, { id: 'k181-redirect', status: 503, lastResult: /^redirect/ }]) {
    await t.test(`${id}: a preflight is answered ${status}`, async t => {
      t.equal((await preflight(proxy, id)).status, status)
      const line = (await adminBuckets(proxy)).find(({ bucket }) => bucket === id)
      t.match(line?.lastResult, lastResult)
    })
  }
  t.equal(elsewhere.requests.length, 0, 'a redirect is not followed')
  await t.test('nothing is asked in a hot loop', async t => {
    for (const id of ['k174-none', 'k175-501', 'k177-auth', 'k178-bucket', 'k179-slow-down', 'k181-redirect']) {
      const before = asked(id).length
      for (let count = 0; count < 50; count++) await preflight(proxy, id)
      t.ok(asked(id).length - before <= 1, `${id}: ${asked(id).length} calls in all`)
    }
  })
  t.notMatch(proxy.logs(), secret)
})

t.test('rules are used while the endpoint fails, until they are too old, and come back', async t => {
  const { proxy, endpoint, asked } = await setUp(t, {
    cors: () => answerOf(200, rulesFor(page)),
    buckets: '  media: { from: upstream }\n',
    rules: 'freshSeconds: 0.4\n  staleSeconds: 2.5',
  })
  const from = performance.now()
  t.equal((await preflight(proxy, 'media')).status, 200)
  endpoint.cors = never
  const before = asked('media').length
  let unknownAt = 0
  /** Answered while one and the same call to the endpoint was under way. */
  let beside = 0
  while (unknownAt === 0) {
    const calls = asked('media').length
    const { status } = await preflight(proxy, 'media')
    if (status === 200 && calls > before && asked('media').length === calls) beside++
    else if (status === 503) unknownAt = performance.now() - from
    await sleep(20)
  }
  t.ok(unknownAt > 2400, `unknown after ${unknownAt.toFixed(0)} ms, not before staleSeconds`)
  t.ok(beside > 2, `${beside} preflights were answered meanwhile, and did not wait for the endpoint`)
  t.ok(asked('media').length > before, 'which was asked')
  endpoint.cors = () => answerOf(200, rulesFor(page))
  const headers = { 'Content-Type': 'application/json' }
  await askAdmin({ url: `${proxy.adminUrl}/buckets/media/refresh`, method: 'POST', headers })
  t.equal((await preflight(proxy, 'media')).status, 200, 'known again')
})
