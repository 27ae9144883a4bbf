import t, { type Test } from 'tap'
import { describeStoredFault } from '../../../src/cors/parsing/stored-rules.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { anonymous } from '../../../src/s3/endpoint/credentials.ts'
import { createTransport } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { type CorsFetchResult, createGetBucketCors } from '../../../src/s3/endpoint/get-bucket-cors.ts'
import { createS3Caller } from '../../../src/s3/endpoint/s3-call.ts'
import { errorAnswer, httpAnswer, type Script, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const now = Date.UTC(2026, 10, 23, 12, 0, 0)

async function fetchFrom(t: Test, script: Script, bucket = 'media') {
  const endpoint = await startScriptedEndpoint([script])
  const transport = createTransport({
    url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
    timeoutMs: 2000,
  })
  t.teardown(async () => {
    await transport.close()
    await endpoint.close()
  })
  const call = createS3Caller({
    transport,
    protocol: 'http:',
    region: 'us-east-1',
    addressing: 'path',
    credentials: async () => ({
      accessKeyId: 'AKIACANARY',
      secretAccessKey: 'canary-secret',
      sessionToken: 'canary-token',
    }),
  })
  const result = await createGetBucketCors(call, () => now)(bucket)
  return { result, endpoint }
}

const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const oneRule =
  '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://a.example</AllowedOrigin></CORSRule>'
const rule = (change: Partial<CorsRule> = {}): CorsRule => ({
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
  ...change,
})
const configuration = (inside: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><CORSConfiguration ${xmlns}>${inside}</CORSConfiguration>`
const ok = (inside: string) => httpAnswer(200, configuration(inside))

const good: readonly { name: string; script: Script; rules: readonly CorsRule[] }[] = [
  { name: 'a single rule', script: ok(oneRule), rules: [rule()] },
  { name: 'a hundred rules', script: ok(oneRule.repeat(100)), rules: Array.from({ length: 100 }, () => rule()) },
  {
    name: 'without a namespace',
    script: httpAnswer(200, `<CORSConfiguration>${oneRule}</CORSConfiguration>`),
    rules: [rule()],
  },
  {
    name: 'with a prefix',
    script: httpAnswer(
      200,
      `<s3:CORSConfiguration xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">${oneRule.replace(/<(\/?)/g, '<$1s3:')}</s3:CORSConfiguration>`,
    ),
    rules: [rule()],
  },
  { name: 'with white space', script: ok(`\n  ${oneRule.replace(/></g, '>\n  <')}\n`), rules: [rule()] },
  {
    name: 'with entities and numbers that look like other things',
    script: ok(
      oneRule.replace('<AllowedMethod>', '<ID>007&amp;1e3</ID><MaxAgeSeconds>10</MaxAgeSeconds><AllowedMethod>'),
    ),
    rules: [rule({ id: '007&1e3', maxAgeSeconds: 10 })],
  },
  {
    name: 'with comments, CDATA and a processing instruction',
    script: ok(`<!-- c --><?pi x?>${oneRule.replace('https://a.example', '<![CDATA[https://a.example]]>')}`),
    rules: [rule()],
  },
]
for (const { name, script, rules } of good) {
  t.test(`${name} is read`, async t => {
    const { result } = await fetchFrom(t, script)
    t.equal(result.kind, 'rules')
    // Absent and undefined members are the same to a rule.
    t.same(result.kind === 'rules' && JSON.parse(JSON.stringify(result.rules)), rules)
  })
}

const known: readonly { name: string; script: Script; result: CorsFetchResult }[] = [
  {
    name: '404 NoSuchCORSConfiguration',
    script: errorAnswer(404, 'NoSuchCORSConfiguration'),
    result: { kind: 'none', unsupported: false },
  },
  {
    name: 'the 204 of Garage',
    script: 'HTTP/1.1 204 No Content\r\n\r\n',
    result: { kind: 'none', unsupported: false },
  },
  {
    name: '501 NotImplemented',
    script: errorAnswer(501, 'NotImplemented'),
    result: { kind: 'none', unsupported: true, said: '501 NotImplemented', endpointWide: true },
  },
  {
    name: '405 MethodNotAllowed',
    script: errorAnswer(405, 'MethodNotAllowed'),
    result: { kind: 'none', unsupported: true, said: '405 MethodNotAllowed', endpointWide: true },
  },
  {
    name: '400 NotImplemented',
    script: errorAnswer(400, 'NotImplemented'),
    result: { kind: 'none', unsupported: true, said: '400 NotImplemented', endpointWide: true },
  },
  ...[
    { name: 'a list of the bucket', body: '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>' },
    {
      name: 'a list with a declaration',
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>media</Name>',
    },
    { name: 'a list with a prefix', body: ' <s3:ListBucketResult xmlns:s3="x"></s3:ListBucketResult>' },
    { name: 'a list after a comment', body: '<!-- a - b --><!----><ListBucketResult/>' },
    {
      name: 'a list with a style sheet',
      body: '<?xml version="1.0"?>\r\n<?xml-stylesheet href="list.xsl"?>\r\n<ListBucketResult/>',
    },
    { name: 'a list with a prefix that is no word', body: '<aws-s3:ListBucketResult xmlns:aws-s3="x"/>' },
    {
      name: 'a list of a thousand keys, 400 KB',
      body: `<ListBucketResult>${'<Contents>'.padEnd(400, 'x').repeat(1000)}`,
    },
  ].map(({ name, body }) => ({
    name,
    script: httpAnswer(200, body),
    result: { kind: 'none', unsupported: true, said: '200 ListBucketResult', endpointWide: true } as const,
  })),
  ...(
    [
      [404, 'NotImplemented'],
      [403, 'NotImplemented'],
      [400, 'MethodNotAllowed'],
      [404, 'MethodNotAllowed'],
      [500, 'NotImplemented'],
      [400, 'UnsupportedOperation'],
    ] as const
  ).map(([status, code]) => ({
    name: `${status} ${code}`,
    script: errorAnswer(status, code),
    result: { kind: 'none', unsupported: true, said: `${status} ${code}`, endpointWide: true } as const,
  })),
  {
    name: '405 without a document, of that bucket alone,',
    script: httpAnswer(405, ''),
    result: { kind: 'none', unsupported: true, said: '405' },
  },
  {
    name: '405 with a code that says nothing of the operation, of that bucket alone,',
    script: errorAnswer(405, 'AccessDenied'),
    result: { kind: 'none', unsupported: true, said: '405 AccessDenied' },
  },
  {
    name: '501 with a page, of that bucket alone,',
    script: httpAnswer(501, '<html/>'),
    result: { kind: 'none', unsupported: true, said: '501' },
  },
  ...[errorAnswer(400, 'InvalidRequest'), httpAnswer(400, 'Bad Request')].map((answer, index) => ({
    name: `a 400 ${index === 0 ? 'of S3' : 'without a document'} where the bucket is there for the same keys`,
    script: ((request, socket) => {
      socket.write(request.target === '/media' ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : answer)
    }) satisfies Script,
    result: { kind: 'none', unsupported: true, said: index === 0 ? '400 InvalidRequest' : '400' } as const,
  })),
  {
    name: 'a configuration of comments',
    script: ok(' <!-- a -->\n<?b c?> '),
    result: { kind: 'none', unsupported: false },
  },
  { name: 'an empty configuration', script: ok(''), result: { kind: 'none', unsupported: false } },
  {
    name: 'an empty configuration without a namespace',
    script: httpAnswer(200, '<CORSConfiguration/>'),
    result: { kind: 'none', unsupported: false },
  },
  { name: '404 NoSuchBucket', script: errorAnswer(404, 'NoSuchBucket'), result: { kind: 'no-such-bucket' } },
]
for (const { name, script, result } of known) {
  t.test(`${name} is known`, async t => t.strictSame((await fetchFrom(t, script)).result, result))
}

/** What S3 would refuse takes no other rule away; cors/parsing/stored-rules.test.ts has every kind of it. */
const faulty: readonly { name: string; inside: string; rules: number; told: RegExp }[] = [
  { name: 'a hundred and one rules', inside: oneRule.repeat(101), rules: 100, told: /there are 101 rules/ },
  {
    name: 'a line break in a value',
    inside:
      oneRule +
      oneRule.replace(
        '<AllowedMethod>',
        '<ID>second</ID><ExposeHeader>a&#13;&#10;Set-Cookie: b</ExposeHeader><AllowedMethod>',
      ),
    rules: 2,
    told: /^stored rule 2 \(ID "second"\): .* ignored/s,
  },
  {
    name: 'a line break in an origin',
    inside: oneRule.replace('a.example', 'a.example&#10;b'),
    rules: 1,
    told: /^stored rule 1: AllowedOrigin/,
  },
  {
    name: 'a method that S3 refuses',
    inside: oneRule.replace('GET', 'PATCH'),
    rules: 1,
    told: /^stored rule 1: .*PATCH/,
  },
  {
    name: 'an ExposeHeader with a wildcard',
    inside: oneRule.replace('<AllowedMethod>', '<ExposeHeader>*</ExposeHeader><AllowedMethod>'),
    rules: 1,
    told: /^stored rule 1: ExposeHeader "\*" contains wildcard/,
  },
  {
    name: 'elements that are no rules, and none that is,',
    inside: '<Rule><AllowedOrigin>*</AllowedOrigin></Rule><b/>',
    rules: 0,
    told: /^the stored rules: there is no <CORSRule>: <Rule> is not known here, and nothing is allowed$/,
  },
  {
    name: 'a rule in other letters, and no other,',
    inside: oneRule.replaceAll('CORSRule', 'CorsRule'),
    rules: 0,
    told: /^the stored rules: there is no <CORSRule>: <CorsRule> is not known here/,
  },
  {
    name: 'text in place of the rules',
    inside: 'AllowedOrigin: *',
    rules: 0,
    told: /^the stored rules: CORSConfiguration holds text beside its elements/,
  },
]
for (const { name, inside, rules, told } of faulty) {
  t.test(`${name} is told beside the rules`, async t => {
    const { result } = await fetchFrom(t, ok(inside))
    if (result.kind !== 'rules') throw new Error(JSON.stringify(result))
    t.equal(result.rules.length, rules)
    t.match(result.faults?.map(describeStoredFault)[0], told)
    t.notMatch(JSON.stringify(result.rules), /Set-Cookie|PATCH|[\r\n]/)
  })
}

const doctype = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;&a;">]>'
const failures: readonly {
  name: string
  script: Script
  reason: string
  detail: RegExp
  retryAfterSeconds?: number
  asked?: number
}[] = [
  {
    name: 'a 404 that is not of S3',
    script: httpAnswer(404, '<html><body>no route</body></html>'),
    reason: 'malformed',
    detail: /404/,
  },
  { name: 'another 404 of S3', script: errorAnswer(404, 'NoSuchKey'), reason: 'server', detail: /404 NoSuchKey/ },
  {
    name: '400 for another reason, which every request of these keys gets',
    script: errorAnswer(400, 'InvalidRequest'),
    reason: 'server',
    detail: /400 InvalidRequest/,
    asked: 2,
  },
  {
    name: 'a list that is not of S3',
    script: httpAnswer(200, '<html><ListBucketResult/></html>'),
    reason: 'malformed',
    detail: /CORS configuration/,
  },
  {
    name: 'an HTML page',
    script: httpAnswer(200, '<html><body>login</body></html>'),
    reason: 'malformed',
    detail: /CORS configuration/,
  },
  { name: 'JSON', script: httpAnswer(200, '{"CORSRules":[]}'), reason: 'malformed', detail: /CORS configuration/ },
  { name: 'no body', script: httpAnswer(200, ''), reason: 'malformed', detail: /CORS configuration/ },
  {
    name: 'an answer that is not UTF-8',
    script: (_, socket) => socket.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe', 'latin1')),
    reason: 'malformed',
    detail: /UTF-8/,
  },
  {
    name: '403 AccessDenied',
    script: errorAnswer(403, 'AccessDenied'),
    reason: 'auth',
    detail: /403 AccessDenied/,
  },
  {
    name: '403 SignatureDoesNotMatch',
    script: errorAnswer(403, 'SignatureDoesNotMatch'),
    reason: 'auth',
    detail: /SignatureDoesNotMatch/,
  },
  {
    name: '403 RequestTimeTooSkewed',
    script: errorAnswer(403, 'RequestTimeTooSkewed'),
    reason: 'auth',
    detail: /RequestTimeTooSkewed/,
  },
  {
    name: '403 InvalidAccessKeyId',
    script: errorAnswer(403, 'InvalidAccessKeyId'),
    reason: 'auth',
    detail: /InvalidAccessKeyId/,
  },
  { name: '400 ExpiredToken', script: errorAnswer(400, 'ExpiredToken'), reason: 'auth', detail: /ExpiredToken/ },
  {
    name: '500 InternalError',
    script: errorAnswer(500, 'InternalError'),
    reason: 'server',
    detail: /500 InternalError/,
  },
  { name: '503 SlowDown', script: errorAnswer(503, 'SlowDown'), reason: 'throttled', detail: /503 SlowDown/ },
  { name: '502 of a load balancer', script: httpAnswer(502, '<html/>'), reason: 'server', detail: /^502$/ },
  {
    name: '429 with Retry-After',
    script: httpAnswer(429, '', { 'Retry-After': '7' }),
    reason: 'throttled',
    detail: /^429$/,
    retryAfterSeconds: 7,
  },
  {
    name: '503 with a Retry-After date',
    script: httpAnswer(503, '', { 'Retry-After': 'Mon, 23 Nov 2026 12:00:30 GMT' }),
    reason: 'server',
    detail: /^503$/,
    retryAfterSeconds: 30,
  },
  {
    name: '301 PermanentRedirect',
    script: errorAnswer(301, 'PermanentRedirect'),
    reason: 'redirect',
    detail: /not followed/,
  },
  {
    name: '307 with a region',
    script: httpAnswer(307, '', { Location: 'http://evil.example/', 'x-amz-bucket-region': 'eu-west-1' }),
    reason: 'redirect',
    detail: /wants region eu-west-1/,
  },
  {
    name: '400 AuthorizationHeaderMalformed with a region',
    script: errorAnswer(400, 'AuthorizationHeaderMalformed', '<Region>gra</Region>'),
    reason: 'auth',
    detail: /wants region gra/,
  },
  { name: 'a document of 300 KB', script: ok(oneRule.repeat(3000)), reason: 'oversized', detail: /262144 bytes/ },
  {
    name: 'XML that is cut off in a complete answer',
    script: httpAnswer(200, configuration(oneRule).slice(0, -20)),
    reason: 'malformed',
    detail: /line 1/,
  },
  {
    name: 'XML that is cut off inside a value',
    script: httpAnswer(200, configuration(oneRule).slice(0, 180)),
    reason: 'malformed',
    detail: /line 1/,
  },
  {
    name: 'a DOCTYPE with entities',
    script: httpAnswer(200, `${doctype}${configuration(oneRule).slice(38)}`),
    reason: 'malformed',
    detail: /./,
  },
  {
    name: 'an undefined entity',
    script: ok(oneRule.replace('https://a.example', '&b;')),
    reason: 'malformed',
    detail: /./,
  },
]
for (const { name, script, reason, detail, retryAfterSeconds, asked = 1 } of failures) {
  t.test(`${name} is a failure`, async t => {
    const { result, endpoint } = await fetchFrom(t, script)
    t.match(result, {
      kind: 'failure',
      reason,
      detail,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
    t.equal(endpoint.seen.length, asked, 'asked once')
    t.notMatch(JSON.stringify(result), /canary|evil/i, 'names no secret and no host')
  })
}

t.test('a failure quotes nothing of what the endpoint echoes', async t => {
  const echo =
    '<AWSAccessKeyId>AKIACANARY</AWSAccessKeyId><StringToSign>canary-token</StringToSign><Region>AKIACANARY canary-secret</Region>'
  const { result } = await fetchFrom(t, errorAnswer(403, 'SignatureDoesNotMatch', echo))
  t.notMatch(JSON.stringify(result), /canary/i)
})

t.test('a name that cannot be a bucket is not sent', async t => {
  const { result, endpoint } = await fetchFrom(t, ok(oneRule), '..')
  t.strictSame(result, { kind: 'no-such-bucket' })
  t.equal(endpoint.seen.length, 0)
})

t.test('a call without credentials of its own carries no others', async t => {
  const endpoint = await startScriptedEndpoint([ok(oneRule)])
  const transport = createTransport({
    url: { protocol: 'http:', hostname: '127.0.0.1', port: endpoint.port },
    timeoutMs: 2000,
  })
  t.teardown(async () => {
    await transport.close()
    await endpoint.close()
  })
  const call = createS3Caller({ transport, protocol: 'http:', region: 'x', addressing: 'path', credentials: anonymous })
  t.match(await createGetBucketCors(call)('media'), { kind: 'rules' })
  t.strictSame(
    endpoint.seen[0]?.head
      .split('\r\n')
      .slice(1)
      .map(line => line.split(':')[0]?.toLowerCase())
      .sort(),
    ['accept-encoding', 'connection', 'host'],
  )
})
