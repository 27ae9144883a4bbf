import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { askHttp2, openHttp2 } from '../fixtures/http2-client.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { openRaw, openRawTls } from '../fixtures/raw-client.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

// Every recorded and inferred answer of S3, asked of the whole process over a socket, plain and over TLS: `source` and
// `confidence` of each case say where it comes from. The endpoint behind does all it can to spoil the answer.

interface Answer {
  /** Null: whatever the endpoint answers. */
  readonly status: number | null
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly absent_headers?: readonly string[] | undefined
  readonly error_code?: string | null | undefined
  readonly error_message?: string | null | undefined
  readonly error_fields?: Readonly<Record<string, string>> | undefined
  readonly absent_error_fields?: readonly string[] | undefined
  readonly body_empty?: boolean | undefined
}

interface Case {
  readonly id: string
  readonly cors_rules: readonly unknown[] | null
  readonly bucket_exists: boolean
  readonly upstream_status?: number | null | undefined
  readonly request: {
    readonly method: string
    readonly path_kind: 'bucket' | 'object' | 'root'
    readonly headers: Readonly<Record<string, string>>
    readonly query?: string | undefined
  }
  readonly expect: Answer
  /** `alternatives[N]` where that counts rather than `expect`. */
  readonly recommended?: string | undefined
  readonly alternatives?: readonly Answer[] | undefined
}

const file = new URL('../fixtures/cors.json', import.meta.url)
const cases = (JSON.parse(readFileSync(file, 'utf8')) as readonly Case[]).map((testCase, index) => ({
  ...testCase,
  bucket: `case-${String(index).padStart(3, '0')}`,
}))

const noSuchBucket = '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>'

const hostileFields =
  'Access-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Allow-Credentials: true\r\n' +
  'access-control-expose-headers: *\r\n'
// Dropped for governed buckets; of no bucket, the endpoint's Vary is its own business.
const hostileVary = 'Vary: Origin\r\n'

const files = { 'tls.crt': localhostCertificate, 'tls.key': localhostKey }
const tlsOptions = 'tls: { certFile: tls.crt, keyFile: tls.key }\n'

/** Requests of clients: the proxy itself asks how names are read, and before a write of rules whether ?cors is known. */
function heard({ requests }: RecordingUpstream): number {
  const isOwn = ({ method, target, fields }: RecordingUpstream['requests'][number]) =>
    target.startsWith('/s3-cors-proxy-') ||
    (method === 'GET' && target.endsWith('?cors') && fields.every(([field]) => field.toLowerCase() !== 'origin'))
  return requests.filter(request => !isOwn(request)).length
}

/** TLS is on both sides or on none. */
const transports = [
  { name: 'over a socket', tls: false, further: '', http2: false },
  { name: 'over TLS', tls: true, further: '', http2: false },
  { name: 'of two workers over TLS', tls: true, further: 'workers: 2\n', http2: false },
  { name: 'by responses of Node’s own class', tls: false, further: 'nodeResponses: true\n', http2: false },
  { name: 'over HTTP/2', tls: true, further: '', http2: true },
  { name: 'of two workers over HTTP/2', tls: true, further: 'workers: 2\n', http2: true },
] as const
for (const { name, tls, further, http2 } of transports) {
  t.test(`S3 conformance ${name}`, async t => {
    const upstream = await startEndpoint(t, tls)
    const url = tls ? `https://localhost:${upstream.port}` : upstream.url
    const proxy = await startProxy(`${tls ? tlsOptions : ''}${further}${configuration(url, tls)}`, { files })
    t.teardown(() => proxy.stop('SIGINT'))
    const session = http2 ? await openHttp2(t, proxy.port) : undefined

    for (const testCase of cases) {
      t.test(testCase.id, async t => {
        const { method, headers, query, path_kind } = testCase.request
        const target = { root: '/', bucket: `/${testCase.bucket}`, object: `/${testCase.bucket}/key` }[path_kind]
        const before = heard(upstream)
        const withQuery = `${target}${query === undefined ? '' : `?${query}`}`
        if (session !== undefined) {
          const answer = await askHttp2(session, {
            method,
            target: withQuery,
            authority: `127.0.0.1:${proxy.port}`,
            // Around a value, HTTP/1.1 has whitespace that is none of it; HTTP/2 has none.
            fields: Object.entries(headers).map(([name, value]) => [name, value.trim()] as const),
          })
          check(t, answer, answerOf(testCase), method, statusOf(testCase))
          t.equal(heard(upstream) - before, method === 'OPTIONS' ? 0 : 1, 'requests at the endpoint')
          return
        }
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        const client = await (tls ? openRawTls(proxy.port, localhostCertificate) : openRaw(proxy.port))
        await client.write(
          `${method} ${withQuery} HTTP/1.1\r\nHost: 127.0.0.1:${proxy.port}\r\nConnection: close\r\n` +
            `${needsLength(method, headers) ? 'Content-Length: 0\r\n' : ''}${lines.join('')}\r\n`,
        )
        const { text } = await client.collect(20_000)
        check(t, read(text), answerOf(testCase), method, statusOf(testCase))
        t.equal(heard(upstream) - before, method === 'OPTIONS' ? 0 : 1, 'requests at the endpoint')
      })
    }
  })
}

t.test('the table is whole', async t => {
  t.equal(cases.length, 202)
  t.equal(cases.filter(testCase => testCase.bucket_exists).length, 197)
})

function startEndpoint(t: Test, tls: boolean): Promise<RecordingUpstream> {
  const secret = { cert: localhostCertificate, key: localhostKey }
  return startRecordingUpstream(t, {
    ...(tls ? { createServer: onSocket => createTlsServer(secret, onSocket) } : {}),
    answer: request => {
      const testCase = cases.find(({ bucket }) => request.target.startsWith(`/${bucket}`))
      // The proxy's own question: no case of such a bucket has this query.
      if (testCase?.bucket_exists === false && request.target.endsWith('?cors'))
        return `HTTP/1.1 404 N\r\nContent-Length: ${noSuchBucket.length}\r\n\r\n${noSuchBucket}`
      const status = statusOf(testCase)
      const body = request.method === 'HEAD' || status === 204 || status === 304 ? '' : 'endpoint'
      const length = status === 204 || status === 304 ? '' : 'Content-Length: 8\r\n'
      return `HTTP/1.1 ${status} Answer\r\n${hostileFields}${testCase === undefined ? '' : hostileVary}${length}\r\n${body}`
    },
  })
}

function needsLength(method: string, headers: Readonly<Record<string, string>>): boolean {
  const framed = Object.keys(headers).some(name => name.toLowerCase() === 'content-length')
  return !framed && (method === 'PUT' || method === 'POST')
}

function statusOf(testCase: Case | undefined): number {
  return testCase?.upstream_status ?? 200
}

function answerOf({ expect, recommended, alternatives }: Case): Answer {
  if (recommended === undefined) return expect
  const alternative = alternatives?.[Number(/^alternatives\[(\d+)\]$/.exec(recommended)?.[1])]
  if (alternative === undefined) throw new Error(`no ${recommended}`)
  return { absent_headers: expect.absent_headers, ...alternative }
}

function configuration(url: string, tls: boolean): string {
  const buckets = cases.map(({ bucket, cors_rules, bucket_exists }) => {
    // Only the endpoint knows that a bucket is not there.
    if (!bucket_exists) return `  ${bucket}: { from: upstream }`
    return `  ${bucket}: ${cors_rules === null ? '{ from: none }' : JSON.stringify({ CORSRules: cors_rules })}`
  })
  const ca = tls ? '  caFile: tls.crt\n' : ''
  return `upstream:\n  url: ${url}\n${ca}rules:\n  negativeSeconds: 900\nvary: matched\nbuckets:\n${buckets.join('\n')}\n`
}

interface Response {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

function read(text: string): Response {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  return {
    status: Number(statusLine.split(' ')[1]),
    fields: lines.map(line => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    }),
    body: text.slice(end + 4),
  }
}

const corsFields = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
  'Access-Control-Max-Age',
  'Access-Control-Allow-Credentials',
  'Vary',
]

function check(t: Test, actual: Response, expected: Answer, method: string, upstreamStatus: number): void {
  t.equal(actual.status, expected.status ?? upstreamStatus, 'status')
  const values = (name: string) =>
    actual.fields.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  for (const [name, value] of Object.entries(expected.headers ?? {})) t.strictSame(values(name), [value], name)
  for (const name of expected.absent_headers ?? []) t.strictSame(values(name), [], `no ${name}`)
  const names = actual.fields.map(([name]) => name).filter(name => /^(access-control-.*|vary)$/i.test(name))
  const allowed = Object.keys(expected.headers ?? {}).some(name => corsFields.includes(name))
  if (allowed) {
    // HTTP/2 has names in lower case only.
    const inCase = actual.fields.every(([name]) => name === name.toLowerCase())
      ? corsFields.map(name => name.toLowerCase())
      : corsFields
    t.strictSame(
      names,
      inCase.filter(name => names.includes(name)),
      'once each, in the order and the case of S3, nothing else',
    )
    t.ok(names.includes(inCase[0] ?? ''), 'an origin is allowed')
  } else {
    t.strictSame(names, [], 'no CORS field at all')
  }
  if (expected.error_code != null) checkError(t, actual, expected)
  if (expected.body_empty === true) t.equal(actual.body, '', 'empty body')
  if (method === 'OPTIONS') t.equal(values('Server').length, 0, 'does not claim to be S3 itself')
  else if (method !== 'HEAD' && upstreamStatus !== 204 && upstreamStatus !== 304)
    t.equal(actual.body, 'endpoint', 'body')
}

function checkError(t: Test, actual: Response, expected: Answer): void {
  const elements = [...actual.body.matchAll(/<([A-Za-z]+)>([^<]*)<\/\1>/g)].map(match => [match[1], match[2]] as const)
  const value = (name: string) => elements.find(([other]) => other === name)?.[1]
  t.equal(value('Code'), expected.error_code, 'Code')
  if (expected.error_message != null) t.equal(unescapeXml(value('Message') ?? ''), expected.error_message, 'Message')
  for (const [name, text] of Object.entries(expected.error_fields ?? {})) t.equal(value(name), text, name)
  for (const name of expected.absent_error_fields ?? []) t.equal(value(name), undefined, `no ${name}`)
  const order = ['Code', 'Message', 'Method', 'ResourceType', 'RequestId', 'HostId']
  t.strictSame(
    elements.map(([name]) => name),
    order.filter(name => value(name) !== undefined),
    'order of elements',
  )
  t.strictSame(
    actual.fields.filter(([name]) => name === 'x-amz-request-id').map(([, id]) => id),
    [value('RequestId')],
    'RequestId is x-amz-request-id',
  )
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
