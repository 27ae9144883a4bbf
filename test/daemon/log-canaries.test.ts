// Secrets in every place where a client or an operator puts one, in requests that succeed and that fail in every way: none of
// them may turn up in the log at any level, in the metrics, or on the admin port.

import t from 'tap'
import { askAdmin, encodeForm, sendHttp } from '../clients/http-request.ts'
import { type ProxyProcess, startProxy } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import { type Answer, startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

/** In every secret, and in nothing else. */
const canary = 'cAnArY7Qz4'
const page = 'https://app.example'

const environment = {
  AWS_ACCESS_KEY_ID: 'AKIAPROXYOWNKEY00000',
  AWS_SECRET_ACCESS_KEY: `proxy-own-${canary}`,
  AWS_SESSION_TOKEN: `proxy-session-${canary}`,
  S3CORS_ADMIN_TOKEN: `admin-${canary}`,
}

const signature = `AWS4-HMAC-SHA256 Credential=AKIA${canary}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${canary}`

const secretFields: Readonly<Record<string, string>> = {
  Authorization: signature,
  'X-Amz-Security-Token': `FwoGZXIvYXdzE${canary}//////////`,
  'x-amz-server-side-encryption-customer-key': `${canary}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=`,
  'x-amz-server-side-encryption-customer-key-MD5': `${canary}==`,
  'x-amz-copy-source-server-side-encryption-customer-key': `${canary}=`,
  Cookie: `session=${canary}; other="${canary}"`,
  'Proxy-Authorization': `Basic ${canary}`,
}

/** Queries as signers write them, and as an attacker would write them to get past a list of names. */
const secretQueries = [
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA${canary}%2F20260101&X-Amz-Signature=${canary}&X-Amz-Security-Token=${canary}%2F`,
  `x-AMZ-sIgNaTuRe=${canary}&X-AMZ-SECURITY-TOKEN=${canary}`,
  `X%2DAmz%2DSignature=${canary}&x%2damz%2dcredential=AKIA${canary}`,
  `%58-%41mz-%53ignature=${canary}`,
  `AWSAccessKeyId=AKIA${canary}&Expires=1&Signature=${canary}%3D`,
  `response-content-type=text%2Fplain&sig=${canary}&code=${canary}&token=${canary}`,
  `a;X-Amz-Signature=${canary}`,
  `list-type=2&prefix=${canary}&x?X-Amz-Signature=${canary}`,
  `${canary}`,
]

const answer: Answer = ({ target, head }, connection) => {
  if (target.includes('reset')) connection.socket.resetAndDestroy()
  else if (target.includes('truncated')) connection.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
  // An endpoint that shows what it was sent, in the wrong place.
  else if (target.includes('malformed')) return `${head.replaceAll('\r\n', ' ')}\r\n\r\n`
  else if (target.includes('echo'))
    return `HTTP/1.1 403 Forbidden\r\nContent-Length: ${head.length}\r\nSet-Cookie: id=${canary}\r\n\r\n${head}`
  else if (!target.includes('hang')) return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  return undefined
}

function send(url: string, method: string, headers: Readonly<Record<string, string>>, body?: string | Uint8Array) {
  return sendHttp({ url, method, headers, body }).catch(() => undefined)
}

async function sendAll({ url, port }: ProxyProcess): Promise<void> {
  const work: Promise<unknown>[] = []
  for (const key of ['ok', 'reset', 'truncated', 'malformed', 'echo', 'hang']) {
    for (const origin of [page, 'https://evil.example', undefined]) {
      const headers = { ...secretFields, ...(origin === undefined ? {} : { Origin: origin }) }
      work.push(send(`${url}/media/${key}`, 'GET', headers))
      for (const query of secretQueries) work.push(send(`${url}/media/${key}?${query}`, 'GET', headers))
      work.push(send(`${url}/media/${key}?${secretQueries[0]}`, 'PUT', headers, 'content'))
    }
  }
  for (const bucket of ['media', 'blocked', 'live', 'nobody']) {
    for (const query of secretQueries) {
      const asked = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT', Cookie: canary }
      work.push(send(`${url}/${bucket}/ok?${query}`, 'OPTIONS', asked))
      work.push(send(`${url}/${bucket}/ok?${query}`, 'GET', { Origin: `https://user:${canary}@evil.example` }))
    }
  }
  const form = await encodeForm(
    { key: 'a', policy: `eyJleHBpcmF0aW9uIjoi${canary}`, 'x-amz-signature': canary, 'x-amz-credential': canary },
    new Uint8Array(10),
  )
  work.push(send(`${url}/media`, 'POST', { ...form.headers, Origin: page }, form.body))
  // Refused before anything is asked; the faults are found in different places.
  const head = `Host: a\r\nAuthorization: ${signature}\r\nCookie: ${canary}\r\n`
  for (const text of [
    `GET /media/a?${secretQueries[0]} HTTP/1.1\r\n${head}Host: b\r\n\r\n`,
    `GET http://user:${canary}@a/media/a?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}\r\n`,
    `PATCH /media/a?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}\r\n`,
    `PUT /media/a?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}Transfer-Encoding: gzip\r\n\r\n`,
    `GET /media/a HTTP/1.1\r\n${head}Authorization ${canary}\r\n\r\n`,
    `GET /media/a HTTP/1.1\r\n${head}Authorization: ${signature}\r\n\r\n`,
    `GET /media/a%3FX-Amz-Signature=${canary} HTTP/1.1\r\n${head}Host: b\r\n\r\n`,
    `X-Amz-Signature=${canary}\r\n\r\n`,
    `PUT /media/a?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nX-Amz-Signature=${canary}\r\n`,
    `GET /media/${'a'.repeat(9000)}?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}\r\n`,
    `GET /media/a?X-Amz-Signature=${canary} HTTP/1.1\r\n${head}Cookie: ${'a'.repeat(70_000)}\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\n${head}\r\n`,
  ]) {
    work.push(raw(port, text, 2000))
  }
  await Promise.all(work)
}

const events = ['started', 'request', 'cors_denied', 'request_rejected', 'upstream_failed'] as const

for (const { level, access, expected } of [
  { level: 'trace', access: false, expected: events },
  { level: 'debug', access: false, expected: events },
  { level: 'info', access: true, expected: events },
  { level: 'warn', access: false, expected: ['cors_denied', 'request_rejected', 'upstream_failed'] },
  { level: 'error', access: false, expected: [] },
]) {
  t.test(`no secret is told, log.level ${level}${access ? ', log.access' : ''}`, async t => {
    const upstream = await startRecordingUpstream(t, { answer })
    const proxy = await startProxy(
      `upstream: { url: "${upstream.url}", responseSeconds: 1 }
log: { level: ${level}, access: ${access} }
buckets:
  media: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET, PUT, POST] }] }
  blocked: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }], enforcement: block }
  live: { from: upstream }
`,
      { env: environment },
    )
    t.teardown(() => proxy.stop('SIGKILL'))
    await sendAll(proxy)
    t.ok(
      upstream.requests.some(({ head }) => head.includes(signature)),
      'the endpoint did get the signatures',
    )
    t.ok(
      upstream.requests.some(
        ({ target, head }) => target.includes('cors') && head.includes(environment.AWS_ACCESS_KEY_ID),
      ),
      'and the proxy used its own keys',
    )

    const authorization = { Authorization: `Bearer ${environment.S3CORS_ADMIN_TOKEN}` }
    for (const path of ['/metrics', '/origins', '/buckets', '/', '/explain?bucket=media']) {
      const { status, body } = await askAdmin({ url: `${proxy.adminUrl}${path}`, headers: authorization })
      t.equal(status, 200, path)
      t.equal(body.includes(canary), false, `nothing in ${path}`)
    }
    const wrong = { Authorization: `Bearer ${canary}`, Host: 'monitoring.example' }
    await askAdmin({ url: `${proxy.adminUrl}/origins?token=${canary}`, headers: wrong })
    await proxy.stop()

    const lines = proxy.logs().split('\n')
    t.strictSame(
      lines.filter(line => line.toLowerCase().includes(canary.toLowerCase())),
      [],
      `nothing in ${lines.length} lines`,
    )
    for (const event of expected)
      t.ok(
        lines.some(line => line.includes(`"event":"${event}"`)),
        `there are lines ${event}`,
      )
    for (const line of lines.filter(text => text !== '')) {
      const { event, time } = JSON.parse(line) as { event?: unknown; time?: unknown }
      if (typeof event !== 'string' || typeof time !== 'string') t.fail(`no line of the schema: ${line}`)
    }
  })
}

t.test('a trace context passes untouched, and none is made up', async t => {
  const upstream = await startRecordingUpstream(t)
  const proxy = await startProxy(`upstream: { url: "${upstream.url}", credentials: none }\nlog: { level: trace }\n`)
  t.teardown(() => proxy.stop('SIGKILL'))
  // https://www.w3.org/TR/trace-context/#header-name: case is the client's, and a later version may be longer.
  const fields = [
    'TraceParent: 01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-adds',
    'tracestate: rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    'tracestate: third=1',
    'baggage: user=alice',
  ]
  await raw(proxy.port, `GET /media/traced HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields.join('\r\n')}\r\n\r\n`)
  await raw(proxy.port, 'GET /media/plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const [traced, plain] = upstream.requests
  const isTrace = (name: string) => /^(?:trace|baggage)/i.test(name)
  t.strictSame(
    traced?.fields.filter(([name]) => isTrace(name)).map(([name, value]) => `${name}: ${value}`),
    fields,
    'names, values, order and repetition',
  )
  t.strictSame(
    plain?.fields.filter(([name]) => isTrace(name)),
    [],
    'none is added',
  )
})
