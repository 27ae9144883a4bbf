import t, { type Test } from 'tap'
import { startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

// What each enforcement makes of each kind of request, and what `vary` adds: every Access-Control-* and Vary line of each
// answer, none left out. The endpoint behaves like MinIO: it reflects everything, with credentials.

const origin = 'https://app.example'
const evil = 'https://evil.example'
const threeNames = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
const allowed = [
  `Access-Control-Allow-Origin: ${origin}`,
  'Access-Control-Allow-Methods: GET',
  'Access-Control-Allow-Credentials: true',
]
const reflected = (from: string) => [
  `Access-Control-Allow-Origin: ${from}`,
  'Access-Control-Allow-Credentials: true',
  'Vary: Origin',
  'Vary: Accept-Encoding',
]

interface Case {
  readonly name: string
  readonly bucket: 'plain' | 'blocked' | 'reported' | 'bare' | 'nobodys' | ''
  readonly method?: 'GET' | 'PUT' | 'OPTIONS' | 'HEAD'
  readonly origin?: string
  readonly requestMethod?: string
  /** Status and every CORS line, with `vary: always`; with `matched` where that differs. */
  readonly status: number
  readonly always: readonly string[]
  readonly matched?: readonly string[]
  readonly reachesEndpoint: boolean
}

const cases: readonly Case[] = [
  {
    name: 'headers: an allowed preflight gets S3’s 200',
    bucket: 'plain',
    method: 'OPTIONS',
    origin,
    requestMethod: 'GET',
    status: 200,
    always: [...allowed, `Vary: ${threeNames}`],
    reachesEndpoint: false,
  },
  {
    name: 'headers: a denied preflight gets S3’s 403 and nothing of CORS',
    bucket: 'plain',
    method: 'OPTIONS',
    origin: evil,
    requestMethod: 'GET',
    status: 403,
    always: [`Vary: ${threeNames}`],
    matched: [],
    reachesEndpoint: false,
  },
  {
    name: 'headers: an OPTIONS without Origin gets S3’s 400',
    bucket: 'plain',
    method: 'OPTIONS',
    status: 400,
    always: [`Vary: ${threeNames}`],
    matched: [],
    reachesEndpoint: false,
  },
  {
    name: 'headers: an allowed request gets S3’s fields instead of the endpoint’s',
    bucket: 'plain',
    origin,
    status: 200,
    always: [...allowed, `Vary: Accept-Encoding, ${threeNames}`],
    reachesEndpoint: true,
  },
  {
    name: 'headers: a denied request is served without CORS',
    bucket: 'plain',
    origin: evil,
    status: 200,
    always: [`Vary: Accept-Encoding, ${threeNames}`],
    matched: ['Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'headers: a request whose method no rule lists is served without CORS',
    bucket: 'plain',
    method: 'PUT',
    origin,
    status: 200,
    always: [`Vary: Accept-Encoding, ${threeNames}`],
    matched: ['Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'headers: a request without Origin is served without CORS, and no cache may mix it up',
    bucket: 'plain',
    status: 200,
    always: [`Vary: Accept-Encoding, ${threeNames}`],
    matched: ['Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'block: a denied request gets 403 and never reaches the endpoint',
    bucket: 'blocked',
    origin: evil,
    status: 403,
    always: [`Vary: ${threeNames}`],
    matched: [],
    reachesEndpoint: false,
  },
  {
    name: 'block: an allowed request is served',
    bucket: 'blocked',
    origin,
    status: 200,
    always: [...allowed, `Vary: Accept-Encoding, ${threeNames}`],
    reachesEndpoint: true,
  },
  {
    name: 'block: a request without Origin is served',
    bucket: 'blocked',
    method: 'PUT',
    status: 200,
    always: [`Vary: Accept-Encoding, ${threeNames}`],
    matched: ['Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'block: a request from the proxy’s own origin is served',
    bucket: 'blocked',
    method: 'PUT',
    origin: 'http://127.0.0.1:PORT',
    status: 200,
    always: [`Vary: Accept-Encoding, ${threeNames}`],
    matched: ['Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'report: a preflight is the endpoint’s business',
    bucket: 'reported',
    method: 'OPTIONS',
    origin: evil,
    requestMethod: 'GET',
    status: 200,
    always: reflected(evil),
    reachesEndpoint: true,
  },
  {
    name: 'report: a denied request passes with the endpoint’s CORS',
    bucket: 'reported',
    origin: evil,
    status: 200,
    always: reflected(evil),
    reachesEndpoint: true,
  },
  {
    name: 'a bucket with an entry and no rules answers no preflight',
    bucket: 'bare',
    method: 'OPTIONS',
    origin,
    requestMethod: 'GET',
    status: 403,
    always: [`Vary: ${threeNames}`],
    matched: [],
    reachesEndpoint: false,
  },
  {
    name: 'a bucket of no entry answers no preflight',
    bucket: 'nobodys',
    method: 'OPTIONS',
    origin,
    requestMethod: 'GET',
    status: 403,
    always: [],
    reachesEndpoint: false,
  },
  {
    name: 'a bucket of no entry loses the endpoint’s CORS and keeps its Vary',
    bucket: 'nobodys',
    origin,
    status: 200,
    always: ['Vary: Origin', 'Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'the list of buckets has no CORS',
    bucket: '',
    origin,
    status: 200,
    always: ['Vary: Origin', 'Vary: Accept-Encoding'],
    reachesEndpoint: true,
  },
  {
    name: 'a preflight for the list of buckets is refused',
    bucket: '',
    method: 'OPTIONS',
    origin,
    requestMethod: 'GET',
    status: 403,
    always: [],
    reachesEndpoint: false,
  },
]

function configuration(upstream: RecordingUpstream, vary: string): string {
  const rules = `[{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET] }]`
  return `
upstream: { url: "${upstream.url}" }
vary: ${vary}
buckets:
  plain: { CORSRules: ${rules} }
  blocked: { CORSRules: ${rules}, enforcement: block }
  reported: { CORSRules: ${rules}, enforcement: report }
  bare: { from: none }
`
}

for (const vary of ['always', 'matched'] as const) {
  t.test(`vary: ${vary}`, async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: request => {
        const from = request.fields.find(([name]) => name.toLowerCase() === 'origin')?.[1] ?? '*'
        const fields = reflected(from).join('\r\n')
        return `HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 2\r\n\r\n${request.method === 'HEAD' ? '' : 'ok'}`
      },
    })
    const proxy = await startProxy(configuration(upstream, vary))
    t.teardown(() => proxy.stop('SIGINT'))
    for (const testCase of cases) {
      t.test(testCase.name, t => check(t, testCase, vary, proxy.port, upstream))
    }
    t.test('the log says which bucket is not protected', async t => {
      t.match(proxy.logs(), /"event":"not_protected","bucket":"reported"/)
    })
  })
}

async function check(t: Test, testCase: Case, vary: string, port: number, upstream: RecordingUpstream): Promise<void> {
  const { method = 'GET', bucket } = testCase
  const before = upstream.requests.length
  const lines = [
    `${method} /${bucket}${bucket === '' ? '' : '/key'} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: close',
    ...(testCase.origin === undefined ? [] : [`Origin: ${testCase.origin.replace('PORT', String(port))}`]),
    ...(testCase.requestMethod === undefined ? [] : [`Access-Control-Request-Method: ${testCase.requestMethod}`]),
    ...(method === 'PUT' ? ['Content-Length: 2', '', 'ok'] : ['', '']),
  ]
  const { text, end } = await raw(port, lines.join('\r\n'), 5000)
  const head = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  t.equal(Number(head[0]?.split(' ')[1]), testCase.status, 'status')
  const expected = vary === 'matched' ? (testCase.matched ?? testCase.always) : testCase.always
  t.strictSame(
    head.filter(line => /^(?:access-control-|vary)/i.test(line)),
    expected,
    'every Access-Control and Vary line',
  )
  t.equal(end, 'fin', 'the connection ends in order')
  t.equal(upstream.requests.length - before, testCase.reachesEndpoint ? 1 : 0, 'requests at the endpoint')
}

t.test('enforcement: report as a whole changes nothing, of no bucket and of no entry either', async t => {
  const upstream = await startRecordingUpstream(t, {
    answer: request => {
      const from = request.fields.find(([name]) => name.toLowerCase() === 'origin')?.[1] ?? '*'
      return `HTTP/1.1 200 OK\r\n${reflected(from).join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`
    },
  })
  const proxy = await startProxy(
    `upstream: { url: "${upstream.url}" }\nenforcement: report\nbuckets: { bare: { from: none } }`,
  )
  t.teardown(() => proxy.stop('SIGINT'))
  for (const bucket of ['bare', 'nobodys', ''] as const) {
    for (const method of ['GET', 'OPTIONS'] as const) {
      const expected: Case = {
        name: `${method} /${bucket}`,
        bucket,
        method,
        origin: evil,
        requestMethod: 'GET',
        status: 200,
        always: reflected(evil),
        reachesEndpoint: true,
      }
      t.test(expected.name, t => check(t, expected, 'always', proxy.port, upstream))
    }
  }
})
