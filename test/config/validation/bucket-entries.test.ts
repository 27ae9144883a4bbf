import t from 'tap'
import { besides } from '../../../src/config/validation/bucket-entries.ts'
import { issueLines, parseText, type Surroundings, upstreamLine } from '../../fixtures/parsed-text.ts'

const files = {
  'config/good.json': '{"CORSRules": [{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}]}',
  'config/good.xml':
    '<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
  'config/bad.json':
    '[\n {"AllowedOrigins": ["https://a.example"],\n  "AllowedMethods": ["GET", "get"],\n  "allowedHeaders": []}\n]',
  'config/bad.xml':
    '<CORSConfiguration>\n<CORSRule>\n<AllowedOrigin>https://*.*</AllowedOrigin>\n<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
  'config/broken.json': '[\n',
}
const rule = { allowedOrigins: ['https://a.example'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }

t.test('a bucket has its rules from the one source it names', async t => {
  const text = `${upstreamLine}buckets:
  yaml: { CORSRules: [{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }] }
  json: { CORSFile: good.json }
  xml-1: { CORSFile: ./good.xml }
  none: { from: none }
`
  const { configuration } = parseText(text, { files })
  t.strictSame(configuration?.buckets, [
    {
      name: 'yaml',
      source: 'yaml',
      rules: [rule],
      place: { file: 'config/proxy.yaml', line: 3, ruleLines: [3] },
      enforcement: 'headers',
    },
    {
      name: 'json',
      source: 'file',
      rules: [rule],
      corsFile: 'config/good.json',
      place: { file: 'config/proxy.yaml', line: 4, rulesFile: 'config/good.json', ruleLines: [1] },
      enforcement: 'headers',
    },
    {
      name: 'xml-1',
      source: 'file',
      rules: [rule],
      corsFile: 'config/good.xml',
      place: { file: 'config/proxy.yaml', line: 5, rulesFile: 'config/good.xml', ruleLines: [1] },
      enforcement: 'headers',
    },
    { name: 'none', source: 'none', rules: [], enforcement: 'headers', place: { file: 'config/proxy.yaml', line: 6 } },
  ])
})

const faulty: readonly { name: string; buckets: string; lines: readonly string[]; around?: Surroundings }[] = [
  {
    name: 'rules in JSON that S3 refuses',
    buckets: 'abc: { CORSFile: bad.json }',
    lines: [
      'config/bad.json:3:29: buckets.abc.CORSRules[0].AllowedMethods[1]: Found unsupported HTTP method in CORS config. Unsupported method is get; allowed: GET, in upper case',
      'config/bad.json:4:3: buckets.abc.CORSRules[0].allowedHeaders: unknown key "allowedHeaders"; allowed: AllowedHeaders',
    ],
  },
  {
    name: 'rules in XML that S3 refuses',
    buckets: 'abc: { CORSFile: bad.xml }',
    lines: [
      'config/bad.xml:3:1: buckets.abc.CORSRules[0].AllowedOrigins[0]: AllowedOrigin "https://*.*" can not have more than one wildcard. Allowed: one * at most; write several entries instead',
    ],
  },
  {
    name: 'a broken file that two buckets name, said once',
    buckets: 'abc: { CORSFile: broken.json }\n  abd: { CORSFile: broken.json }',
    lines: ['config/broken.json:2:1: buckets.abc.CORSRules: the text ends too early; allowed: a value'],
  },
  {
    name: 'a file that does not exist',
    buckets: 'abc: { CORSFile: none.json }',
    lines: [
      'config/proxy.yaml:3:20: buckets.abc.CORSFile: config/none.json: the file does not exist; allowed: the path of a readable file with AWS CLI JSON or S3 XML',
    ],
  },
  {
    name: 'a file by the URL that the AWS CLI takes',
    buckets: 'abc: { CORSFile: "file://good.json" }\n  abd: { CORSFile: "fileb:///etc/good.json" }',
    lines: [
      'config/proxy.yaml:3:20: buckets.abc.CORSFile: this is no path; allowed: the path alone (file:// is for the AWS CLI): good.json',
      'config/proxy.yaml:4:20: buckets.abd.CORSFile: this is no path; allowed: the path alone (file:// is for the AWS CLI): /etc/good.json',
    ],
  },
  {
    name: 'keys without values',
    buckets:
      'abc: { CORSRules: [{ ID: null, AllowedOrigins: null, AllowedMethods: [GET], AllowedHeaders: null, MaxAgeSeconds: null }] }',
    lines: [
      'config/proxy.yaml:3:28: buckets.abc.CORSRules[0].ID: ID is nothing; allowed: a string; put it in quotes, or leave the key out',
      'config/proxy.yaml:3:50: buckets.abc.CORSRules[0].AllowedOrigins: AllowedOrigins is nothing; allowed: a list of origins, such as [https://app.example.com]',
      'config/proxy.yaml:3:95: buckets.abc.CORSRules[0].AllowedHeaders: AllowedHeaders is nothing; allowed: a list of field names, such as [Authorization, x-amz-*], or leave the key out',
      'config/proxy.yaml:3:116: buckets.abc.CORSRules[0].MaxAgeSeconds: MaxAgeSeconds is not an integer; allowed: a whole number of seconds, unquoted, such as 3000, or leave the key out',
    ],
  },
  {
    name: 'rules and a file',
    buckets: 'abc: { CORSFile: good.json, CORSRules: [] }',
    lines: [
      'config/proxy.yaml:3:3: buckets.abc: the bucket has CORSRules and CORSFile; allowed: exactly one of CORSRules, CORSFile and from',
      'config/proxy.yaml:3:31: buckets.abc.CORSRules: there are no rules; allowed: one rule or more',
    ],
  },
  {
    name: 'a mapping instead of a list of rules',
    buckets: 'abc: { CORSRules: { AllowedOrigins: ["*"] } }',
    lines: ['config/proxy.yaml:3:10: buckets.abc.CORSRules: '],
  },
  {
    name: 'a line break in an exposed header',
    buckets: 'abc: { CORSRules: [{ AllowedOrigins: ["*"], AllowedMethods: [GET], ExposeHeaders: ["a\\r\\nb"] }] }',
    lines: ['config/proxy.yaml:3:86: buckets.abc.CORSRules[0].ExposeHeaders[0]: '],
  },
]
for (const { name, buckets, lines } of faulty) {
  t.test(`${name}: the fault names the file that has it`, async t => {
    const parsed = parseText(`${upstreamLine}buckets:\n  ${buckets}\n`, { files })
    t.equal(parsed.configuration, undefined)
    const said = issueLines(parsed)
    t.equal(said.length, lines.length, said.join('\n'))
    for (const [index, line] of lines.entries()) t.ok(said[index]?.startsWith(line), line)
  })
}

const names: readonly { name: string; valid: boolean }[] = [
  { name: '"*"', valid: true },
  { name: 'my.bucket-1', valid: true },
  { name: 'ab', valid: false },
  { name: 'My-Bucket', valid: false },
  { name: '192.168.0.1', valid: false },
  { name: '"*.example"', valid: false },
  { name: 'a/b', valid: false },
  { name: '""', valid: false },
]
for (const { name, valid } of names) {
  t.test(`${name} is ${valid ? 'a' : 'no'} bucket name`, async t => {
    const parsed = parseText(`${upstreamLine}buckets:\n  ${name}: { from: none }\n`)
    t.equal(parsed.configuration !== undefined, valid)
    if (!valid) t.match(issueLines(parsed), [/^config\/proxy\.yaml:3:3: .* is not a bucket name; allowed: 3 to 63/])
  })
}

t.test('paths in a file are relative to it', async t => {
  t.equal(besides('config/a.yaml', 'b.json'), 'config/b.json')
  t.equal(besides('a.yaml', '../b.json'), '../b.json')
  t.equal(besides('/etc/a.yaml', '/b.json'), '/b.json')
})
