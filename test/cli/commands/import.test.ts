import t from 'tap'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'
import { runCli, runCommand } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

const json =
  '{"CORSRules": [{"ID": "a", "AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 5}]}'
const xml =
  '<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*</AllowedOrigin><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>'
const files = {
  'my-media.json': json,
  'archive.xml': xml,
  'Other Name.json': json,
  'guide.json': '{"CORSRules": [{\n "AllowedHeaders": ["header1", etc.]}]}',
  'refused.json': '[{"AllowedOrigins": ["*"],\n "AllowedMethods": ["OPTIONS"]}]',
  'slash.json': '[{"AllowedOrigins": ["https://a.example/"],\n "AllowedMethods": ["GET"]}]',
  sub: { 'my-media.xml': xml },
}

t.test('JSON and XML become entries that a configuration takes', async t => {
  const { code, out, err } = await runCli(['import', 'my-media.json', 'archive.xml'], {}, t.testdir(files))
  t.strictSame([code, err], [0, ''])
  t.equal(
    out,
    `buckets:
  "my-media":
    CORSRules:
      - ID: "a"
        AllowedOrigins: ["https://a.example"]
        AllowedMethods: ["GET"]
        MaxAgeSeconds: 5
  "archive":
    CORSRules:
      - AllowedOrigins: ["*"]
        AllowedMethods: ["PUT"]
        AllowedHeaders: ["*"]
        ExposeHeaders: ["ETag"]
`,
  )
  t.strictSame(
    parseText(upstreamLine + out).configuration?.buckets.map(bucket => bucket.name),
    ['my-media', 'archive'],
  )
})

t.test('--bucket names the bucket', async t => {
  const { code, out } = await runCommand(['import', 'Other Name.json', '--bucket', 'other'], {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, /^buckets:\n {2}"other":\n/)
})

t.test('warnings are told beside the result', async t => {
  const { code, out, err } = await runCommand(['import', 'slash.json'], {}, t.testdir(files))
  t.equal(code, 0)
  t.match(out, /^buckets:\n/)
  t.match(err, /^slash\.json:1:22: warning: CORSRules\[0\]\.AllowedOrigins\[0\]: /)
})

const inputs: readonly {
  name: string
  args: readonly string[]
  input: string
  code: number
  out: RegExp
  err: RegExp
}[] = [
  {
    name: 'rules',
    args: ['-', '--bucket', 'my-media'],
    input: json,
    code: 0,
    out: /^buckets:\n {2}"my-media":\n/,
    err: /^$/,
  },
  {
    name: 'rules under its path',
    args: ['/dev/stdin', '--bucket', 'b-1'],
    input: xml,
    code: 0,
    out: /^buckets:\n {2}"b-1":\n/,
    err: /^$/,
  },
  {
    name: 'the input of put-bucket-cors, which names its bucket',
    args: ['-'],
    input: `{"Bucket": "my-media", "CORSConfiguration": ${json}}`,
    code: 0,
    out: /^buckets:\n {2}"my-media":\n/,
    err: /^$/,
  },
  {
    name: 'rules without a name for the bucket',
    args: ['-'],
    input: json,
    code: 64,
    out: /^$/,
    err: /^standard input: it has no name that could be the name of the bucket; allowed: --bucket BUCKET\n$/,
  },
  {
    name: 'a fault',
    args: ['-', '--bucket', 'b-1'],
    input: '[]',
    code: 64,
    out: /^$/,
    err: /^standard input:1:1: CORSRules: there are no rules; allowed: one rule or more\n$/,
  },
  {
    name: 'too much',
    args: ['-', '--bucket', 'b-1'],
    input: ' '.repeat(3_000_000),
    code: 64,
    out: /^$/,
    err: /^standard input:1:1: the file has \d+ bytes; allowed: at most 1048576 bytes\n$/,
  },
  {
    name: 'nothing',
    args: ['-', '--bucket', 'b-1'],
    input: '',
    code: 64,
    out: /^$/,
    err: /^standard input:1:1: the file is empty; /,
  },
]
for (const { name, args, input, code, out, err } of inputs) {
  t.test(`standard input may be the file: ${name}`, async t => {
    const result =
      input === undefined
        ? await runCommand(['import', ...args])
        : await runCli(['import', ...args], {}, undefined, input)
    t.equal(result.code, code)
    t.match(result.out, out)
    t.match(result.err, err)
  })
}

const refused: readonly { args: readonly string[]; err: RegExp }[] = [
  { args: [], err: /^FILE is missing; allowed: one file or more, or --from-upstream\n$/ },
  { args: ['my-media.json', '--from-upstream'], err: /^--from-upstream and FILE cannot be combined; / },
  {
    args: ['my-media.json', '--config', 'a.yaml'],
    err: /^--config: is about the endpoint; allowed: together with --from-upstream\n$/,
  },
  { args: ['my-media.json', '--upstream-url', 'http://a'], err: /^--upstream-url: is about the endpoint; / },
  { args: ['--from-upstream'], err: /^no configuration; / },
  { args: ['none.json'], err: /^none\.json: the file does not exist; / },
  { args: ['guide.json'], err: /^guide\.json:2:32: "etc\." is a placeholder, not JSON; / },
  {
    args: ['refused.json'],
    err: /^refused\.json:2:21: CORSRules\[0\]\.AllowedMethods\[0\]: Found unsupported HTTP method in CORS config\. Unsupported method is OPTIONS/,
  },
  {
    args: ['Other Name.json'],
    err: /^Other Name\.json: "Other Name" is not a bucket name; allowed: --bucket BUCKET\n$/,
  },
  { args: ['my-media.json', '--bucket', 'No'], err: /^my-media\.json: "No" is not a bucket name; allowed: 3 to 63/ },
  {
    args: ['my-media.json', 'archive.xml', '--bucket', 'one'],
    err: /^--bucket and several FILEs cannot be combined; /,
  },
  { args: ['my-media.json', 'sub/my-media.xml'], err: /^sub\/my-media\.xml: bucket "my-media" is named twice; / },
  {
    args: ['file://my-media.json'],
    err: /^file:\/\/my-media\.json: this is no path; allowed: the path alone \(file:\/\/ is for the AWS CLI\): my-media\.json\n$/,
  },
  { args: ['fileb:///a/b.json'], err: /^fileb:\/\/\/a\/b\.json: this is no path; .*: \/a\/b\.json\n$/ },
  { args: ['my-media.json', 'guide.json'], err: /^guide\.json:2:32: / },
]
for (const { args, err } of refused) {
  t.test(`"import ${args.join(' ')}" is refused and writes nothing`, async t => {
    const result = await runCommand(['import', ...args], {}, t.testdir(files))
    t.strictSame([result.code, result.out], [64, ''])
    t.match(result.err, err)
  })
}
