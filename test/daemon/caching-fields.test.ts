import t, { type Test } from 'tap'
import { corsFields, readResponse } from '../fixtures/client-responses.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { goodOrigin, startTestProxy, type TestProxy, webBucket } from '../fixtures/test-proxy.ts'

// What every answer tells a cache in front: how it varies, and whether it may be kept. The endpoint asks for all to be kept for a
// year, in the words of every kind of cache.

const three = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
const good = `Origin: ${goodOrigin}\r\n`
const evil = 'Origin: https://evil.example\r\n'
const asks = 'Access-Control-Request-Method: PUT\r\n'
const year =
  'Cache-Control: public, max-age=31536000\r\nX-Accel-Expires: 31536000\r\nSurrogate-Control: max-age=31536000\r\n'
const endpointFields = `${year}ETag: "e"\r\nVary: Accept-Encoding\r\nVary: Origin\r\nAccess-Control-Allow-Origin: *\r\n`

interface Case {
  readonly name: string
  readonly host?: string
  readonly method?: string
  readonly target: string
  readonly fields?: string
  readonly status: number
  /** The endpoint's own name comes first, where the endpoint answered. */
  readonly vary: readonly string[]
  readonly isKept: boolean
  readonly allowed?: boolean
}

/** A Host that the configuration does not know. */
const elsewhere = 'files.example'
const relayed = [`Accept-Encoding, ${three}`]
const local = [three]

const cases: readonly Case[] = [
  { name: 'an allowed page', target: '/web/k', fields: good, status: 200, vary: relayed, isKept: true, allowed: true },
  { name: 'a denied page', target: '/web/k', fields: evil, status: 200, vary: relayed, isKept: true },
  { name: 'no page', target: '/web/k', status: 200, vary: relayed, isKept: true },
  {
    name: 'an allowed page whose script says that it means another method',
    target: '/web/k',
    fields: `${good}Access-Control-Request-Method: PURGE\r\n`,
    status: 200,
    vary: relayed,
    isKept: true,
  },
  {
    name: 'an allowed page whose script asks for more header fields than S3 reads',
    target: '/web/k',
    fields: `${good}Access-Control-Request-Headers: ${'a,'.repeat(200)}\r\n`,
    status: 400,
    vary: local,
    isKept: false,
  },
  { name: 'HEAD', method: 'HEAD', target: '/web/k', fields: evil, status: 200, vary: relayed, isKept: true },
  {
    name: 'a range',
    target: '/web/k',
    fields: `${evil}Range: bytes=0-0\r\n`,
    status: 206,
    vary: relayed,
    isKept: true,
  },
  {
    name: 'a 304 for an allowed page',
    target: '/web/k',
    fields: `${good}If-None-Match: "e"\r\n`,
    status: 304,
    vary: relayed,
    isKept: true,
    allowed: true,
  },
  {
    name: 'a 304 for no page',
    target: '/web/k',
    fields: 'If-None-Match: "e"\r\n',
    status: 304,
    vary: relayed,
    isKept: true,
  },
  {
    name: 'no 304 for a denied page: a cache would go on with the fields of an earlier rule',
    target: '/web/k',
    fields: `${evil}If-None-Match: "e"\r\n`,
    status: 200,
    vary: relayed,
    isKept: true,
  },
  { name: 'a missing key', target: '/web/missing', fields: evil, status: 404, vary: relayed, isKept: true },
  { name: 'an endpoint that breaks off', target: '/web/gone', fields: evil, status: 502, vary: local, isKept: false },
  {
    name: 'an endpoint that breaks off, for an allowed page',
    target: '/web/gone',
    fields: good,
    status: 502,
    vary: local,
    isKept: false,
    allowed: true,
  },
  { name: 'block', target: '/strict/k', fields: evil, status: 403, vary: local, isKept: false },
  {
    name: 'an allowed preflight',
    method: 'OPTIONS',
    target: '/web/k',
    fields: good + asks,
    status: 200,
    vary: local,
    isKept: true,
    allowed: true,
  },
  {
    name: 'a denied preflight',
    method: 'OPTIONS',
    target: '/web/k',
    fields: evil + asks,
    status: 403,
    vary: local,
    isKept: false,
  },
  { name: 'OPTIONS of no page', method: 'OPTIONS', target: '/web/k', status: 400, vary: local, isKept: false },
  { name: 'a bucket without rules', target: '/bare/k', fields: good, status: 200, vary: relayed, isKept: true },
  { name: 'unknown rules', target: '/live/k', fields: good, status: 200, vary: relayed, isKept: false },
  {
    name: 'unknown rules, and a question that is none',
    target: '/live/k',
    fields: `${good}Access-Control-Request-Method: PURGE\r\n`,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  {
    name: 'unknown rules, no 304',
    target: '/live/k',
    fields: `${good}If-None-Match: "e"\r\n`,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  { name: 'unknown rules, no page', target: '/live/k', status: 200, vary: relayed, isKept: true },
  { name: 'unknown rules, block', target: '/live-strict/k', fields: good, status: 503, vary: local, isKept: false },
  {
    name: 'unknown rules, a preflight',
    method: 'OPTIONS',
    target: '/live/k',
    fields: good + asks,
    status: 503,
    vary: local,
    isKept: false,
  },
  // A cache may leave the Host out of its key, as nginx does unless it is told: what a stranger's Host brings is kept for all.
  {
    name: 'an unknown Host, a page',
    host: elsewhere,
    target: '/web/k',
    fields: good,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  {
    name: 'an unknown Host, a page with a condition',
    host: elsewhere,
    target: '/web/k',
    fields: `${good}If-None-Match: "e"\r\n`,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  { name: 'an unknown Host, no page', host: elsewhere, target: '/web/k', status: 200, vary: relayed, isKept: true },
  {
    name: 'an unknown Host, what block allows',
    host: elsewhere,
    target: '/strict/k',
    fields: good,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  {
    name: 'an unknown Host, unknown rules',
    host: elsewhere,
    target: '/live/k',
    fields: good,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  {
    name: 'an unknown Host, an endpoint that breaks off',
    host: elsewhere,
    target: '/web/gone',
    fields: good,
    status: 502,
    vary: local,
    isKept: false,
  },
  {
    name: 'an unknown Host, a preflight',
    host: elsewhere,
    method: 'OPTIONS',
    target: '/web/k',
    fields: good + asks,
    status: 403,
    vary: local,
    isKept: false,
  },
  {
    name: 'an unknown Host, a bucket of no entry',
    host: elsewhere,
    target: '/other/k',
    fields: good,
    status: 200,
    vary: ['Accept-Encoding', 'Origin'],
    isKept: true,
  },
  {
    name: 'a Host and a path of two buckets, both denied, one by rules that are unknown',
    host: 'web.minio',
    target: '/live/k',
    fields: evil,
    status: 200,
    vary: relayed,
    isKept: false,
  },
  { name: 'a method of none', method: 'PATCH', target: '/web/k', fields: good, status: 405, vary: [], isKept: false },
  {
    name: 'a bucket of no entry',
    target: '/other/k',
    fields: good,
    status: 200,
    vary: ['Accept-Encoding', 'Origin'],
    isKept: true,
  },
]

t.test('with vary: always every answer of a governed bucket varies in one and the same way', async t => {
  const { upstream, proxy } = await start(t, 'always')
  for (const testCase of cases) {
    await t.test(testCase.name, async t => {
      const response = await ask(t, proxy, testCase)
      t.equal(response.status, testCase.status)
      t.strictSame(response.values('vary'), testCase.vary, 'one line')
      t.equal(corsFields(response).length > 0, testCase.allowed === true, 'CORS fields')
      checkFreshness(t, response, testCase.isKept)
    })
  }
  await upstream.close()
})

t.test('with vary: matched no more is said than S3 says, but for what S3 has not', async t => {
  const { proxy } = await start(t, 'matched')
  for (const testCase of cases) {
    const isConditional = testCase.fields?.includes(`${evil}If-None-Match`) === true
    await t.test(testCase.name, async t => {
      const response = await ask(t, proxy, testCase)
      t.equal(response.status, isConditional ? 304 : testCase.status)
      const isRelayed = testCase.vary[0]?.startsWith('Accept-Encoding') === true
      const matched = testCase.allowed === true || testCase.target.startsWith('/other')
      t.strictSame(response.values('vary'), matched ? testCase.vary : isRelayed ? ['Accept-Encoding'] : [])
      checkFreshness(t, response, testCase.isKept || (!isRelayed && testCase.status < 500))
    })
  }
})

function checkFreshness(t: Test, response: ReturnType<typeof readResponse>, isKept: boolean): void {
  const names = ['cache-control', 'x-accel-expires', 'surrogate-control']
  const told = names.flatMap(name => response.values(name).map(value => `${name}: ${value}`))
  if (!isKept) t.strictSame(told, ['cache-control: no-store'])
  else if (told.length > 0) t.equal(told.length, 3, 'as the endpoint says')
}

async function start(t: Test, vary: string): Promise<{ upstream: RecordingUpstream; proxy: TestProxy }> {
  const upstream = await startRecordingUpstream(t, {
    answer: ({ method, target, fields }, { socket }) => {
      if (target.endsWith('/gone') || target.includes('?')) return void socket.destroy()
      const names = fields.map(([name]) => name.toLowerCase())
      if (names.includes('if-none-match')) return `HTTP/1.1 304 Not Modified\r\n${endpointFields}\r\n`
      const status = target.endsWith('/missing') ? '404 N' : names.includes('range') ? '206 P' : '200 OK'
      return `HTTP/1.1 ${status}\r\n${endpointFields}Content-Length: 1\r\n\r\n${method === 'HEAD' ? '' : 'k'}`
    },
  })
  const { CORSRules } = webBucket.web
  const proxy = await startTestProxy(t, upstream.url, {
    vary,
    rules: { timeoutSeconds: 0.3 },
    buckets: {
      ...webBucket,
      strict: { CORSRules, enforcement: 'block' },
      bare: { from: 'none' },
      live: { from: 'upstream' },
      'live-strict': { from: 'upstream', enforcement: 'block' },
    },
  })
  return { upstream, proxy }
}

async function ask(t: Test, proxy: TestProxy, { method = 'GET', host = 'localhost', target, fields = '' }: Case) {
  const text = await proxy.send(
    t,
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`,
  )
  return readResponse(text, method)
}
