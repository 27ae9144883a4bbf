import t from 'tap'
import { runCli, runCommand } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

const files = {
  'a.yaml': `upstream: { url: "http://127.0.0.1:9000" }
buckets:
  my-media:
    CORSRules:
      - ID: web
        AllowedOrigins: [https://my-app.xyz]
        AllowedMethods: [GET, HEAD]
        AllowedHeaders: [Authorization, x-amz-*]
        ExposeHeaders: [ETag]
  scratch: { from: none }
`,
  'bad.yaml': 'upstream: { url: 1 }\n',
}
const explain = ['explain', '--config', 'a.yaml']

t.test('an allowed preflight is explained with what is sent', async t => {
  const args = [
    ...explain,
    '--bucket',
    'my-media',
    '--origin',
    'https://my-app.xyz',
    '--header',
    'x-amz-date',
    '--header',
    'Authorization',
  ]
  const { code, out, err } = await runCli(args, {}, t.testdir(files))
  t.strictSame([code, err], [0, ''])
  t.match(out, /Method: {2}GET\nHeaders: x-amz-date, authorization\n\nALLOWED \(matched\)/)
  t.match(out, /Access-Control-Allow-Origin: https:\/\/my-app\.xyz\n/)
})

t.test('a denied request is explained with the smallest change', async t => {
  const args = [...explain, '--bucket', 'my-media', '--origin', 'https://other.xyz', '--method', 'PUT', '--actual']
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, /DENIED \(origin\): no rule lists this origin/)
  t.match(
    out,
    /in rule 1[^\n]* of bucket "my-media" \(\S+\.yaml:\d+\):\nadd to [^\n]*, and keep everything else in the rule\.\n/,
  )
  t.match(out, /AllowedOrigins:\n {4}- "https:\/\/other\.xyz"\n/)
})

t.test('--json is the same as data', async t => {
  const args = [...explain, '--bucket', 'scratch', '--origin', 'https://my-app.xyz', '--json']
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 0)
  t.match(JSON.parse(out), { bucket: 'scratch', allowed: false, reason: 'no_rules', change: { kind: 'new-entry' } })
})

t.test('an origin beyond ASCII and a hostile one drive no terminal', async t => {
  const args = [...explain, '--bucket', 'my-media', '--origin', 'https://é.example\u001b[31m']
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, /^[\n -~]*$/)
})

t.test('the URL of an object stands for the bucket, and an address for the origin', async t => {
  const args = [
    ...explain,
    '--url-of-object',
    'http://127.0.0.1:8080/my-media/a.jpg',
    '--origin',
    'my-app.xyz/page',
    '--actual',
  ]
  const { code, out } = await runCommand(args, {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, 'Note: a browser sends "https://my-app.xyz", not "my-app.xyz/page"; that is allowed.\n')
  t.match(out, "The client gets the endpoint's answer with CORS fields: the page may read it.\n")
  t.match(out, /The page may read: .*ETag\nand not: Accept-Ranges, Content-Range, /)
})

const refused: readonly { args: readonly string[]; err: RegExp }[] = [
  { args: [...explain], err: /^--bucket: the value is missing\n--origin: the value is missing\n$/ },
  { args: ['explain', '--bucket', 'a', '--origin', 'b'], err: /^no configuration; / },
  {
    args: ['explain', '--config', 'bad.yaml', '--bucket', 'a', '--origin', 'b'],
    err: /^bad\.yaml:1:18: upstream\.url: 1 is a number; /,
  },
  {
    args: [...explain, '--bucket', 'a', '--url-of-object', 'https://b/c', '--origin', 'b'],
    err: /^--bucket and --url-of-object cannot be combined; allowed: one of them\n$/,
  },
  {
    args: [...explain, '--bucket', 'a', '--origin', 'b', '--heder', 'x'],
    err: /^--heder: unknown option, did you mean --header\?/,
  },
]
for (const { args, err } of refused) {
  t.test(`"${args.join(' ')}" is refused`, async t => {
    const result = await runCommand(args, {}, t.testdir(files))
    t.strictSame([result.code, result.out], [64, ''])
    t.match(result.err, err)
  })
}
