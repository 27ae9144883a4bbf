import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { routes } from '../../src/admin/routes.ts'
import { type Reply, startAdmin } from './sources.ts'

t.setTimeout(300_000)

const json = { 'content-type': 'application/json' }
const token = { authorization: 'Bearer s3cret-token-of-tests' }
/** What a request of a browser that was led to 127.0.0.1 by another name looks like. */
const rebound = { host: 'evil.example:9464' }

/** Sends bytes as they are; answers everything that comes back. */
function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text))
    let answer = ''
    socket.setEncoding('latin1').on('data', part => {
      answer += part
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

/** No field of an answer lets a page of another origin read it, or says more than it must. */
function checkFields(t: Test, { fields }: Reply): void {
  const known = [
    ...['content-type', 'content-length', 'cache-control', 'x-content-type-options', 'x-frame-options', 'connection'],
    ...['referrer-policy', 'cross-origin-resource-policy', 'cross-origin-opener-policy', 'content-security-policy'],
    ...['date', 'keep-alive', 'allow', 'www-authenticate', 'retry-after'],
  ]
  t.strictSame(
    Object.keys(fields).filter(name => !known.includes(name)),
    [],
    'no other fields',
  )
  t.equal(fields['cache-control'], 'no-store')
  t.equal(fields['x-content-type-options'], 'nosniff')
  t.match(fields['content-security-policy'], /^default-src 'none';.*frame-ancestors 'none'$/)
}

type Ask = [method: string, path: string, headers?: Record<string, string | string[]>, body?: string]

const cases: { name: string; ask: Ask; status: number; body?: RegExp; fields?: Record<string, string> }[] = [
  { name: 'liveness', ask: ['GET', '/livez'], status: 200, body: /^ok\n$/ },
  { name: 'readiness', ask: ['GET', '/readyz'], status: 200, body: /"ready": true/ },
  {
    name: 'what runs',
    ask: ['GET', '/status'],
    status: 200,
    body: /"endpoint": "http:\/\/minio\.example:9000".*"inForceSince": "2026-01-02T02:54:05\.000Z"/s,
  },
  {
    name: 'metrics',
    ask: ['GET', '/metrics'],
    status: 200,
    body: /^up 1\n$/,
    fields: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  },
  {
    name: 'an explanation',
    ask: ['GET', '/explain?bucket=media&origin=https://x.example'],
    status: 200,
    body: /"reason": "origin"/,
  },
  { name: 'a question that cannot be asked', ask: ['GET', '/explain'], status: 400, body: /bucket is missing/ },
  { name: 'buckets', ask: ['GET', '/buckets'], status: 200, body: /"nextTryAt": "2026-01-02T03:04:35.000Z"/ },
  {
    name: 'names that are not configured',
    ask: ['GET', '/buckets'],
    status: 200,
    body: /"notConfigured".*"medai".*"s3\.example"/s,
  },
  {
    name: 'the last refusals',
    ask: ['GET', '/origins'],
    status: 200,
    body: /"lastRefusals": \[.*"firstSeen": "2026-01-02T03:04:02\.000Z"/s,
  },
  {
    name: 'the suggestion of a bucket',
    ask: ['GET', '/buckets/media/suggestion?decision=denied'],
    status: 200,
    body: /"media":\n {4}CORSRules:\n {6}- AllowedOrigins:\n {10}- "https:\/\/dev\.example"/,
    fields: { 'content-type': 'text/plain; charset=utf-8' },
  },
  { name: 'the suggestion of nothing', ask: ['GET', '/buckets/docs/suggestion'], status: 404 },
  { name: 'a suggestion that cannot be asked', ask: ['GET', '/buckets/media/suggestion?decision=x'], status: 400 },
  { name: 'origins', ask: ['GET', '/origins'], status: 200, body: /"firstSeen": "2026-01-02T03:03:05.000Z"/ },
  { name: 'the page', ask: ['GET', '/'], status: 200, body: /^<!doctype html>/ },
  { name: 'its style', ask: ['GET', '/page.css'], status: 200, fields: { 'content-type': 'text/css; charset=utf-8' } },
  {
    name: 'its script',
    ask: ['GET', '/page.js'],
    status: 200,
    fields: { 'content-type': 'text/javascript; charset=utf-8' },
  },
  { name: 'a reload', ask: ['POST', '/reload', json], status: 200, body: /"result": "applied"/ },
  {
    name: 'a refresh',
    ask: ['POST', '/buckets/uploads/refresh', json, '{}'],
    status: 200,
    body: /"lastResult": "none"/,
  },
  { name: 'a refresh of an encoded name', ask: ['POST', '/buckets/up%6Coads/refresh', json], status: 200 },
  { name: 'a refresh of nothing', ask: ['POST', '/buckets/media/refresh', json], status: 404 },
  { name: 'a refresh of a name that is no UTF-8', ask: ['POST', '/buckets/%ff/refresh', json], status: 400 },
  { name: 'HEAD', ask: ['HEAD', '/metrics'], status: 200, body: /^$/, fields: { 'content-length': '5' } },
  { name: 'an unknown path', ask: ['GET', '/debug/pprof'], status: 404 },
  { name: 'a path above', ask: ['GET', '/../metrics'], status: 404 },
  { name: 'another method', ask: ['DELETE', '/buckets'], status: 405, fields: { allow: 'GET, HEAD' } },
  { name: 'GET for what changes something', ask: ['GET', '/reload'], status: 405, fields: { allow: 'POST' } },
  { name: 'HEAD for what changes something', ask: ['HEAD', '/reload'], status: 405, fields: { allow: 'POST' } },
  {
    name: 'a preflight',
    ask: ['OPTIONS', '/reload', { 'access-control-request-method': 'POST' }],
    status: 405,
    fields: { allow: 'POST' },
  },
  { name: 'a form', ask: ['POST', '/reload', { 'content-type': 'text/plain' }, '{}'], status: 415 },
  {
    name: 'a type that only starts like JSON',
    ask: ['POST', '/reload', { 'content-type': 'application/jsonp' }],
    status: 415,
  },
  { name: 'no type', ask: ['POST', '/reload', {}, '{}'], status: 415 },
  {
    name: 'a type with a parameter',
    ask: ['POST', '/reload', { 'content-type': 'application/json; charset=utf-8' }],
    status: 200,
  },
  { name: 'a long body', ask: ['POST', '/reload', json, 'x'.repeat(100_000)], status: 413 },
  { name: 'a foreign Origin on metrics', ask: ['GET', '/metrics', { origin: 'https://evil.example' }], status: 403 },
  { name: 'a foreign Origin on liveness', ask: ['GET', '/livez', { origin: 'null' }], status: 403 },
  {
    name: 'a foreign Origin with the token',
    ask: ['GET', '/origins', { ...token, origin: 'https://evil.example' }],
    status: 403,
  },
  { name: 'a cross-site fetch', ask: ['GET', '/buckets', { 'sec-fetch-site': 'cross-site' }], status: 403 },
  { name: 'a cross-site POST', ask: ['POST', '/reload', { ...json, origin: 'https://evil.example' }], status: 403 },
  { name: 'a rebound name on the page', ask: ['GET', '/', rebound], status: 403 },
  { name: 'a rebound name on metrics', ask: ['GET', '/metrics', rebound], status: 403 },
  {
    name: 'a rebound name as a browser sends it',
    ask: [
      'POST',
      '/reload',
      { ...json, ...rebound, origin: 'http://evil.example:9464', 'sec-fetch-site': 'same-origin' },
    ],
    status: 403,
  },
  { name: 'an address that is not loopback', ask: ['GET', '/buckets', { host: '192.0.2.1:9464' }], status: 403 },
  { name: 'metrics by that address', ask: ['GET', '/metrics', { host: '192.0.2.1:9464' }], status: 200 },
  { name: 'metrics by a name without a dot', ask: ['GET', '/metrics', { host: 'proxy:9464' }], status: 200 },
  { name: 'a proxy on this machine', ask: ['GET', '/buckets', { 'x-forwarded-for': '192.0.2.1' }], status: 403 },
  { name: 'a proxy that says close', ask: ['GET', '/buckets', { connection: 'close' }], status: 403 },
  { name: 'metrics for a proxy on this machine', ask: ['GET', '/metrics', { connection: 'close' }], status: 200 },
  { name: 'loopback without a port', ask: ['GET', '/buckets', { host: 'localhost' }], status: 403 },
  { name: 'a token where none is set', ask: ['GET', '/buckets', { ...token, host: 'proxy:9464' }], status: 403 },
  { name: 'two Origins', ask: ['GET', '/metrics', { origin: ['http://a', 'http://b'] }], status: 400 },
]

const wrongToken = { authorization: 'Bearer s3cret-token-of-testt' }
const challenge = {
  'www-authenticate': 'Bearer, Basic realm="s3-cors-proxy: the admin token is the password", charset="UTF-8"',
}

const tokenCases: typeof cases = [
  { name: 'the token', ask: ['GET', '/buckets', token], status: 200 },
  {
    name: 'the token as the password of a browser',
    ask: ['GET', '/', { authorization: `Basic ${Buffer.from('admin:s3cret-token-of-tests').toString('base64')}` }],
    status: 200,
  },
  { name: 'the token with a reload', ask: ['POST', '/reload', { ...json, ...token }], status: 200 },
  { name: 'any name with the token', ask: ['GET', '/buckets', { ...rebound, ...token }], status: 200 },
  {
    name: 'a proxy that has the token',
    ask: ['GET', '/buckets', { ...token, 'x-forwarded-for': '192.0.2.1' }],
    status: 200,
  },
  { name: 'this machine without the token', ask: ['GET', '/buckets'], status: 401, fields: challenge },
  {
    name: 'a reload from this machine without the token',
    ask: ['POST', '/reload', json],
    status: 401,
    fields: challenge,
  },
  {
    name: 'the page for a browser without the token: the form for it, and no dialog of the browser',
    ask: ['GET', '/?search=media', { accept: 'text/html,application/xhtml+xml' }],
    status: 401,
    body: /<form id="sign-in" hidden>/,
    fields: { 'www-authenticate': 'Bearer', 'content-type': 'text/html; charset=utf-8' },
  },
  { name: 'the page for a program without the token', ask: ['GET', '/'], status: 401, fields: challenge },
  {
    name: 'the page with a wrong token',
    ask: ['GET', '/', { accept: 'text/html', ...wrongToken }],
    status: 401,
    fields: challenge,
  },
  { name: 'a list for a browser', ask: ['GET', '/origins', { accept: 'text/html' }], status: 401, fields: challenge },
  { name: 'the style of the form', ask: ['GET', '/page.css'], status: 200 },
  { name: 'the script of the form', ask: ['GET', '/page.js'], status: 200 },
  { name: 'the form under a rebound name', ask: ['GET', '/', { ...rebound, accept: 'text/html' }], status: 403 },
  {
    name: 'the form for a foreign page',
    ask: ['GET', '/', { 'sec-fetch-site': 'cross-site', accept: 'text/html' }],
    status: 403,
  },
  { name: 'probes without the token', ask: ['GET', '/readyz'], status: 200 },
  { name: 'metrics without the token', ask: ['GET', '/metrics'], status: 200 },
  { name: 'metrics with a wrong token', ask: ['GET', '/metrics', wrongToken], status: 200 },
  { name: 'a wrong token', ask: ['GET', '/buckets', wrongToken], status: 401, fields: challenge },
  { name: 'a wrong token under another name', ask: ['GET', '/metrics', { ...rebound, ...wrongToken }], status: 401 },
  { name: 'a rebound name', ask: ['GET', '/metrics', rebound], status: 403 },
  { name: 'a foreign page', ask: ['GET', '/buckets', { ...token, origin: 'https://evil.example' }], status: 403 },
  {
    name: 'two tokens',
    ask: ['GET', '/buckets', { authorization: [token.authorization, token.authorization] }],
    status: 400,
  },
]

t.test('who gets what', async t => {
  const refused: unknown[] = []
  const servers = [
    { start: await startAdmin(), cases },
    {
      start: await startAdmin({ token: 's3cret-token-of-tests', tokenRefused: peer => refused.push(peer) }),
      cases: tokenCases,
    },
  ]
  for (const { start, cases } of servers) {
    t.teardown(start.stop)
    for (const { name, ask: asked, status, body, fields } of cases) {
      await t.test(`${name}: ${status}`, async t => {
        const reply = await start.ask(...asked)
        t.equal(reply.status, status, reply.body.slice(0, 200))
        if (body !== undefined) t.match(reply.body, body)
        if (fields !== undefined) t.match(reply.fields, fields)
        checkFields(t, reply)
      })
    }
  }
  t.strictSame(refused, ['127.0.0.1', '127.0.0.1', '127.0.0.1'], 'each wrong token is told of')
})

t.test('guesses are slowed, and the right token is not', async t => {
  let refused = 0
  const { ask, stop } = await startAdmin({ token: 's3cret-token-of-tests', tokenRefused: () => refused++ })
  t.teardown(stop)
  const started = performance.now()
  const tookMs: number[] = []
  const guesses = Array.from({ length: 100 }, async () => {
    const reply = await ask('GET', '/buckets', wrongToken)
    if (reply.status === 401) tookMs.push(performance.now() - started)
    return reply
  })
  const first = await Promise.race(guesses)
  t.match(first, { status: 429, fields: { 'retry-after': '1', connection: 'close' } }, 'too many wait already')
  t.equal((await ask('GET', '/buckets', token)).status, 200)
  // Where this machine took longer than the guesses have to wait, there is nothing to see.
  if (performance.now() - started < 900) t.equal(tookMs.length, 0, 'while all guesses wait')
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  t.equal(statuses.filter(status => status === 401).length, 64)
  t.equal(statuses.filter(status => status === 429).length, 36)
  t.ok(tookMs.every(ms => ms >= 990))
  t.equal(refused, 100)
})

t.test('the page its own POST is taken', async t => {
  const { ask, stop, port } = await startAdmin()
  t.teardown(stop)
  const origin = `http://127.0.0.1:${port}`
  const reply = await ask('POST', '/reload', { ...json, origin, 'sec-fetch-site': 'same-origin' })
  t.equal(reply.status, 200)
})

t.test('what is not ready is named', async t => {
  const { ask, stop } = await startAdmin({ notReady: () => ['listening', 'rules of media'] })
  t.teardown(stop)
  const reply = await ask('GET', '/readyz')
  t.equal(reply.status, 503)
  t.strictSame(JSON.parse(reply.body), { ready: false, notReady: ['listening', 'rules of media'] })
})

t.test('a configuration that is refused is a 422 with its faults', async t => {
  const { ask, stop } = await startAdmin({ reload: async () => ({ kind: 'refused', issues: ['a.yaml:1:2: no'] }) })
  t.teardown(stop)
  const reply = await ask('POST', '/reload', json)
  t.equal(reply.status, 422)
  t.strictSame(JSON.parse(reply.body), { result: 'refused', issues: ['a.yaml:1:2: no'] })
})

t.test('a bucket says how often each of its rules matched, and since when that is counted', async t => {
  const { ask, stop } = await startAdmin()
  t.teardown(stop)
  t.match(JSON.parse((await ask('GET', '/buckets?bucket=media')).body), {
    countingSince: '2026-01-02T02:04:05.000Z',
    buckets: [{ bucket: 'media', matches: [{ rule: 'web', count: 4, lastMatched: '2026-01-02T03:04:03.000Z' }] }],
  })
})

t.test('of very many rules those of the first buckets are listed, and of one bucket all', async t => {
  const status = { source: 'yaml', enforcement: 'headers', state: 'rules', rules: 100 } as const
  const names = Array.from({ length: 30 }, (_, index) => `bucket-${index}`)
  const { ask, stop } = await startAdmin({
    buckets: () => names.map(bucket => ({ bucket, ...status })),
    ruleUses: () =>
      Array.from({ length: 100 }, (_, index) => ({ index, id: undefined, count: 0, lastMatchedMs: undefined })),
  })
  t.teardown(stop)
  const { buckets } = JSON.parse((await ask('GET', '/buckets')).body)
  t.equal(buckets.filter((line: object) => 'matches' in line).length, 20)
  t.equal(JSON.parse((await ask('GET', '/buckets?bucket=bucket-29')).body).buckets[0].matches.length, 100)
})

t.test('origins are grouped by bucket', async t => {
  const { ask, stop } = await startAdmin()
  t.teardown(stop)
  t.strictSame(JSON.parse((await ask('GET', '/origins')).body), {
    buckets: [
      {
        bucket: 'media',
        denied: {
          origins: [
            {
              origin: 'https://dev.example',
              reason: 'origin',
              count: 3,
              lastBucket: 'media',
              preflights: 2,
              otherRequests: 1,
              method: 'PUT',
              headers: ['content-type'],
              preflight: true,
              enforcement: 'headers',
              actual: 1,
              requests: [
                {
                  bucket: 'media',
                  method: 'PUT',
                  headers: ['content-type'],
                  preflights: 2,
                  actual: 0,
                  firstSeen: '2026-01-02T03:03:05.000Z',
                  lastSeen: '2026-01-02T03:04:04.000Z',
                },
              ],
              firstSeen: '2026-01-02T03:03:05.000Z',
              lastSeen: '2026-01-02T03:04:04.000Z',
            },
          ],
          rest: [],
        },
        allowed: { origins: [], rest: [] },
      },
      {
        bucket: 'other',
        denied: { origins: [], rest: [{ origin: 'invalid', reason: 'bad_request', count: 7 }] },
        allowed: { origins: [], rest: [] },
      },
    ],
    overflow: 0,
    lastRefusals: [
      {
        origin: 'https://dev.example',
        bucket: 'media',
        reason: 'origin',
        method: 'PUT',
        headers: ['content-type'],
        preflight: true,
        count: 2,
        firstSeen: '2026-01-02T03:04:02.000Z',
        lastSeen: '2026-01-02T03:04:04.000Z',
      },
    ],
  })
})

t.test('what fails inside is logged, and the client learns nothing of it', async t => {
  const errors: unknown[] = []
  const { ask, stop } = await startAdmin({
    metrics: async () => {
      throw new Error('secret detail')
    },
    failed: error => errors.push(error),
  })
  t.teardown(stop)
  const reply = await ask('GET', '/metrics')
  t.equal(reply.status, 500)
  t.notMatch(reply.body, 'secret')
  t.match(errors, [{ message: 'secret detail' }])
})

const raw: { name: string; text: string; status: number }[] = [
  { name: 'no Host', text: 'GET /livez HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'two Hosts', text: 'GET /buckets HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n', status: 400 },
  { name: 'an absolute target', text: 'GET http://localhost/buckets HTTP/1.1\r\nHost: localhost\r\n\r\n', status: 400 },
  { name: 'an asterisk', text: 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', status: 400 },
  {
    name: '20 KiB of fields',
    text: `GET / HTTP/1.1\r\nHost: localhost\r\nA: ${'a'.repeat(20_480)}\r\n\r\n`,
    status: 431,
  },
  { name: 'no HTTP', text: '\u0016\u0003\u0001\r\n\r\n', status: 400 },
]
t.test('bytes that are no proper request', async t => {
  const { port, stop } = await startAdmin()
  t.teardown(stop)
  for (const { name, text, status } of raw) {
    await t.test(`${name}: ${status}`, async t => {
      const answer = await sendRaw(port, text)
      t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      t.notMatch(answer, /access-control/i)
    })
  }
  await t.test('CONNECT gets no tunnel', async t => {
    t.notMatch(await sendRaw(port, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), / 200 /)
  })
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find(address => address?.family === 'IPv4' && !address.internal)?.address

t.test(
  'another address of this machine is no loopback peer',
  { skip: outside === undefined && 'no other address' },
  async t => {
    const { ask, stop } = await startAdmin({ token: 's3cret-token-of-tests' }, '0.0.0.0')
    t.teardown(stop)
    for (const { method, path, who } of routes) {
      if (method === 'POST') continue
      const reply = await ask('GET', path, { host: 'localhost' }, undefined, outside)
      t.equal(reply.status, who === 'all' ? 200 : 401, path)
    }
    t.equal((await ask('GET', '/buckets', token, undefined, outside)).status, 200)
    t.equal((await ask('GET', '/metrics', { host: 'proxy.example.com' }, undefined, outside)).status, 200)
  },
)

t.test('a caller that asks for much at once and reads nothing is ended, and probes are answered', async t => {
  let rendered = 0
  const { server, port, ask, stop } = await startAdmin({
    metrics: async () => {
      rendered++
      return 'x'.repeat(1024 * 1024)
    },
  })
  t.teardown(stop)
  const crowd = Array.from({ length: 300 }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))
    return socket
  })
  t.teardown(() => crowd.map(socket => socket.destroy()))
  await Promise.all(crowd.map(socket => once(socket, 'ready').catch(() => {})))
  for (let i = 0; i < 5; i++) t.equal((await ask('GET', '/livez')).status, 200)
  const open = await new Promise<number>(resolve => server.getConnections((_, count) => resolve(count)))
  t.ok(open <= 257, `${open} connections`)
  t.ok(rendered <= 4 * 300, `${rendered} texts for 15,000 questions`)
})

t.test('time is bounded', async t => {
  const { server, stop } = await startAdmin()
  t.teardown(stop)
  t.ok(server.headersTimeout <= 10_000)
  t.ok(server.requestTimeout <= 30_000)
  t.ok(server.timeout > 0)
})
