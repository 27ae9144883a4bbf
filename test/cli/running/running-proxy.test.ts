import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { adminUrl, askRunningProxy, failureText } from '../../../src/cli/running/running-proxy.ts'
import { recordTerminal } from '../../fixtures/terminal.ts'

const explanation = { bucket: 'b', allowed: false, reason: 'no_rules', summary: '', rules: [], responseFields: [] }

/** An admin port that answers as told. */
async function startAdmin(t: { teardown(end: () => void): void }, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('the question goes to /explain, with the token from the environment', async t => {
  let asked: readonly (string | undefined)[] = []
  const url = await startAdmin(t, (request, response) => {
    asked = [request.method, request.url, request.headers.authorization, request.headers.origin]
    response.end(JSON.stringify(explanation))
  })
  const terminal = recordTerminal({ S3CORS_ADMIN_TOKEN: 't0ken-of-16-chars' })
  t.strictSame(
    await askRunningProxy(url, new URLSearchParams({ bucket: 'b', origin: 'https://a' }), terminal),
    explanation,
  )
  t.strictSame(asked, ['GET', '/explain?bucket=b&origin=https%3A%2F%2Fa', 'Bearer t0ken-of-16-chars', undefined])
})

const answers: readonly { name: string; status: number; body: string; err: RegExp }[] = [
  { name: 'a fault', status: 400, body: '{"error":"bucket is missing"}', err: /answered 400: "bucket is missing"\n$/ },
  {
    name: 'no permission',
    status: 403,
    body: '{}',
    err: /answered 403\nallowed: the proxy's token in S3CORS_ADMIN_TOKEN; a proxy without a token answers only root/,
  },
  { name: 'a page', status: 200, body: '<html>', err: /answered 200\n$/ },
  { name: 'other JSON', status: 200, body: '{"a":1}', err: /expected an explanation, got another answer/ },
  { name: 'a redirect', status: 302, body: '', err: /answered 302\n$/ },
  {
    name: 'a fault that would steer the terminal',
    status: 400,
    body: JSON.stringify({ error: '\u009b2J\u202eb' }),
    err: /answered 400: "\\\\u009b2J\\\\u202eb"\n$/,
  },
  {
    name: 'a list of something else',
    status: 200,
    body: JSON.stringify({ ...explanation, rules: [null] }),
    err: /expected an explanation, got another answer/,
  },
  {
    name: 'names of something else',
    status: 200,
    body: JSON.stringify({ ...explanation, request: { origin: 1, method: 'GET', headerNames: [] } }),
    err: /expected an explanation, got another answer/,
  },
  {
    name: 'an answer without end',
    status: 200,
    body: ' '.repeat(65 * 1024 * 1024),
    err: /expected at most 67108864 bytes, got more\n$/,
  },
]
for (const { name, status, body, err } of answers) {
  t.test(`${name} instead of an explanation is told`, async t => {
    const url = await startAdmin(t, (_request, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body),
    )
    const terminal = recordTerminal()
    t.equal(await askRunningProxy(url, new URLSearchParams(), terminal), 1)
    t.match(terminal.written.err, err)
  })
}

t.test('no text of an explanation steers the terminal', async t => {
  const url = await startAdmin(t, (_request, response) =>
    response.end(JSON.stringify({ ...explanation, summary: '\u001b[2J\u009b1m', notes: ['\u202eb'] })),
  )
  const answer = await askRunningProxy(url, new URLSearchParams(), recordTerminal())
  t.match(answer, { summary: '\\u001b[2J\\u009b1m', notes: ['\\u202eb'] })
})

t.test('no proxy there is told', async t => {
  const terminal = recordTerminal()
  t.equal(await askRunningProxy('http://127.0.0.1:1', new URLSearchParams(), terminal), 1)
  t.match(terminal.written.err, /^http:\/\/127\.0\.0\.1:1: fetch failed/)
})

t.test('a wrong URL or a wrong token is a fault of the arguments', async t => {
  const terminal = recordTerminal({ S3CORS_ADMIN_TOKEN: '' })
  t.equal(await askRunningProxy('localhost', new URLSearchParams(), terminal), 64)
  t.equal(await askRunningProxy('http://127.0.0.1:1', new URLSearchParams(), terminal), 64)
  t.match(terminal.written.err, /^--url: "localhost" is not valid; .*\nS3CORS_ADMIN_TOKEN: the value is empty/)
})

const urls: readonly { url: string; expected: string | undefined }[] = [
  { url: 'http://127.0.0.1:9464', expected: 'http://127.0.0.1:9464/readyz' },
  { url: 'https://a/readyz', expected: 'https://a/readyz' },
  { url: 'http://a/other', expected: undefined },
  { url: 'http://a/?b', expected: undefined },
  { url: 'http://u:p@a', expected: undefined },
  { url: 'file:///etc/passwd', expected: undefined },
  { url: '127.0.0.1:9464', expected: undefined },
  { url: '', expected: undefined },
]
for (const { url, expected } of urls) {
  t.test(`"${url}" is ${expected ?? 'refused'}`, async t => t.equal(adminUrl(url, '/readyz')?.href, expected))
}

t.test('a failed fetch says why', async t => {
  t.equal(
    failureText(Object.assign(new Error('a'), { cause: Object.assign(new Error('b'), { code: 'ECONNRESET' }) })),
    'a (ECONNRESET)',
  )
  t.equal(failureText(new Error('a', { cause: new Error('b') })), 'a (b)')
  t.equal(failureText(new Error('a')), 'a')
  t.equal(failureText('a'), 'a')
  t.equal(failureText(new DOMException('a', 'TimeoutError')), 'no answer in time')
})
