import t from 'tap'
import { main } from '../../../src/cli/main.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'
import { errorAnswer, httpAnswer, type SeenRequest, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'
import { recordTerminal } from '../../fixtures/terminal.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
const listOf = (...names: readonly string[]) =>
  httpAnswer(
    200,
    `<ListAllMyBucketsResult><Buckets>${names.map(name => `<Bucket><Name>${name}</Name></Bucket>`).join('')}</Buckets></ListAllMyBucketsResult>`,
  )
const rules = (origin: string) =>
  httpAnswer(
    200,
    `<CORSConfiguration><CORSRule><ID>a: "b" #c</ID><AllowedOrigin>${origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
  )

const answers: Readonly<Record<string, string>> = {
  '/web-2?cors': rules('https://b.example'),
  '/web-1?cors': rules('https://a.example'),
  '/plain?cors': rules('http://a.example'),
  '/none?cors': errorAnswer(404, 'NoSuchCORSConfiguration'),
  '/lists-1?cors': httpAnswer(200, '<ListBucketResult/>'),
  '/lists-2?cors': httpAnswer(200, '<ListBucketResult/>'),
  '/secret?cors': errorAnswer(403, 'AccessDenied'),
  '/gone?cors': errorAnswer(404, 'NoSuchBucket'),
  '/broken?cors': rules('https://*.*'),
}

const cases: readonly {
  name: string
  list: string
  args?: readonly string[]
  code: 0 | 1
  buckets: readonly string[]
  err: readonly RegExp[]
}[] = [
  { name: 'every bucket has rules', list: listOf('web-2', 'web-1'), code: 0, buckets: ['web-1', 'web-2'], err: [] },
  {
    name: 'a bucket has none',
    list: listOf('web-1', 'none'),
    code: 0,
    buckets: ['web-1'],
    err: [/^none: warning: it has no rules and gets no entry$/],
  },
  {
    name: 'some buckets fail',
    list: listOf('web-1', 'secret', 'gone', 'Old_Name', 'broken'),
    code: 1,
    buckets: ['web-1'],
    err: [
      /^Old_Name: a configuration cannot have this name; allowed: /,
      /^broken: warning: stored rule 1 \(ID "a: \\"b\\" #c"\): .*; the rule matches nothing/,
      /^broken: warning: its rules match nothing: it gets no entry/,
      /^gone: the endpoint has no such bucket$/,
      /^secret: auth: 403 AccessDenied: /,
    ],
  },
  {
    name: 'a bucket has rules that a person regrets',
    list: listOf('web-1', 'plain'),
    code: 0,
    buckets: ['plain', 'web-1'],
    err: [/^plain: warning: CORSRules\[0\]\.AllowedOrigins\[0\]: .* the pages of an http:\/\/ origin; allowed: /],
  },
  {
    name: 'the endpoint keeps no rules, which is said once',
    list: listOf('lists-1', 'lists-2'),
    code: 0,
    buckets: [],
    err: [
      /^127\.0\.0\.1:\d+: warning: this endpoint keeps no rules \(GET \?cors is answered 200 ListBucketResult\): CORSRules or CORSFile$/,
    ],
  },
  { name: 'there is no bucket', list: listOf(), code: 0, buckets: [], err: [] },
  {
    name: 'one bucket is named',
    list: errorAnswer(500, 'InternalError'),
    args: ['--bucket', 'web-1'],
    code: 0,
    buckets: ['web-1'],
    err: [],
  },
]
for (const { name, list, args = [], code, buckets, err } of cases) {
  t.test(`${name}: exit code ${code}, and what was had is a configuration`, async t => {
    const answer = ({ target }: SeenRequest) => (target === '/' ? list : (answers[target] ?? errorAnswer(500, 'X')))
    const server = await startScriptedEndpoint([(request, socket) => socket.write(answer(request))])
    t.teardown(() => server.close())
    const terminal = recordTerminal(keys)
    const url = `http://127.0.0.1:${server.port}`
    t.equal(await main(['import', '--from-upstream', '--upstream-url', url, ...args], terminal), code)
    const said = terminal.written.err.split('\n').slice(0, -1)
    t.equal(said.length, err.length)
    t.match(said, err)
    const { configuration } = parseText(upstreamLine + terminal.written.out)
    t.strictSame(
      configuration?.buckets.map(({ name }) => name),
      buckets,
    )
    for (const { header } of server.seen) t.match(header('authorization'), /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\//)
  })
}

t.test('a list that is refused is a failure: exit code 1, and nothing is written', async t => {
  const server = await startScriptedEndpoint([errorAnswer(403, 'AccessDenied')])
  t.teardown(() => server.close())
  const directory = t.testdir({ 'a.yaml': `upstream: { url: "http://127.0.0.1:${server.port}" }\n` })
  const terminal = recordTerminal()
  t.equal(await main(['import', '--from-upstream', '--config', `${directory}/a.yaml`], terminal), 1)
  t.equal(terminal.written.out, '')
  t.match(terminal.written.err, /^127\.0\.0\.1:\d+: ListBuckets: auth: 403 AccessDenied: .*; or --bucket BUCKET\n$/)
})

const faults: readonly { name: string; args: readonly string[]; err: RegExp }[] = [
  { name: 'a setting', args: ['--upstream-url', 'ftp://a'], err: /^--upstream-url: upstream\.url: .*\n$/ },
  {
    name: 'a file that TLS needs',
    args: ['--upstream-url', 'https://a', '--upstream-ca-file', 'none.pem'],
    err: /^upstream\.caFile: none\.pem cannot be read \(ENOENT\)\n$/,
  },
]
for (const { name, args, err } of faults) {
  t.test(`a fault of ${name}: exit code 64`, async t => {
    const terminal = recordTerminal()
    t.equal(await main(['import', '--from-upstream', ...args], terminal), 64)
    t.equal(terminal.written.out, '')
    t.match(terminal.written.err, err)
  })
}
