import t from 'tap'
import { readCorsFile } from '../../../src/config/cors-files/cors-file.ts'
import { contentOf } from '../../fixtures/parsed-text.ts'

// `{` after `$` by itself: the linter takes the two in a text for a template.
const brace = '{'
const plain = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null')
const rules = [{ AllowedOrigins: ['https://a.example'], AllowedMethods: ['GET'] }]
const xml =
  '<CORSConfiguration>\n <CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>\n</CORSConfiguration>'

const forms: readonly { name: string; text: string; second: string }[] = [
  { name: 'AWS CLI JSON', text: JSON.stringify({ CORSRules: rules }, null, 1), second: '8:5' },
  { name: 'the JSON list of the S3 console', text: JSON.stringify(rules, null, 1), second: '7:4' },
  { name: 'S3 XML', text: xml, second: '2:60' },
  {
    name: 'YAML',
    text: '# mine\nCORSRules:\n  - AllowedOrigins: [https://a.example]\n    AllowedMethods:\n      - GET\n',
    second: '5:9',
  },
  {
    name: "CloudFormation's YAML",
    text: 'CorsConfiguration:\n  CorsRules:\n  - AllowedOrigins: [https://a.example]\n    AllowedMethods: [GET]\n',
    second: '4:22',
  },
  {
    name: 'a template of CloudFormation that calls functions before, beside and after the rules',
    text: `Resources:
  Key: !GetAtt Other.Arn
  B:
    Properties:
      BucketName: !Sub "$${brace}Name}-media"
      CorsConfiguration: { CorsRules: [{ AllowedOrigins: [https://a.example], AllowedMethods: [GET] }] }
      Tags: !If [Has, [], [a]]
`,
    second: '6:96',
  },
  {
    name: 'YAML with anchors, aliases and numbers of other things',
    text: 'my:\n  bucket:\n    a: &a 010\n    CORSRules:\n    - AllowedOrigins: [https://a.example]\n      AllowedMethods: [GET]\n    b: *a\n',
    second: '6:24',
  },
  {
    name: "Crossplane's object",
    text: 'kind: BucketCorsConfiguration\nspec:\n  forProvider:\n    corsRule:\n    - allowedOrigins: [https://a.example]\n      allowedMethods: [GET]\n',
    second: '6:24',
  },
  {
    name: "Terraform's language",
    text: 'resource "aws_s3_bucket_cors_configuration" "a" {\n cors_rule {\n  allowed_origins = ["https://a.example"]\n  allowed_methods = ["GET"]\n }\n}\n',
    second: '4:22',
  },
  {
    name: "Azure's lists in texts",
    text: '[{"AllowedOrigins": "https://a.example", "AllowedMethods": "GET", "Service": "blob"}]',
    second: '1:60',
  },
]
for (const { name, text, second } of forms) {
  t.test(`${name} gives the rules, and where they stand`, async t => {
    const read = readCorsFile(contentOf(text))
    t.strictSame(read.faults, [])
    t.strictSame(plain(read.value), rules)
    const place = read.locate([0, 'AllowedMethods', 0], 'value')
    t.equal(`${place?.line}:${place?.column}`, second)
  })
}

const faulty: readonly { name: string; text: string; fault: string }[] = [
  { name: 'an empty file', text: ' \n', fault: '1:1 the file is empty' },
  { name: 'prose', text: 'The rules follow.\n', fault: '1:1 the file is neither JSON, XML nor YAML' },
  ...(
    [
      ['{{ cors_rules | to_json }}', '1:1'],
      ['{% for o in origins %}\n{"CORSRules": []}\n{% endfor %}', '1:1'],
      ['[{% for o in origins %}{"AllowedOrigins": ["{{ o }}"]}{% endfor %}]', '1:2'],
      ['<%= rules.to_json %>', '1:1'],
      [`$${brace}CORS_RULES}`, '1:1'],
      ['#{rules}', '1:1'],
      ['@@RULES@@\n', '1:1'],
      ['\n$RULES\n', '2:1'],
      ['__RULES__', '1:1'],
      ['%CORS%', '1:1'],
      ['{"CORSRules": {{ rules }}}', '1:15'],
      [`{"CORSRules": $${brace}RULES}}`, '1:15'],
      ['{"CORSRules": [{"AllowedOrigins": {{ origins | tojson }}}]}', '1:35'],
      ['<CORSConfiguration>{{ rules }}</CORSConfiguration>', '1:20'],
      ['<CORSConfiguration>\n<CORSRule>\n  <%= rule %>\n</CORSRule></CORSConfiguration>', '3:3'],
      ['<CORSConfiguration><CORSRule></CORSRule>\n@@MORE@@</CORSConfiguration>', '2:1'],
      ['CORSRules: {{ rules }}\n', '1:13'],
      ['- AllowedOrigins: [{% for o in origins %}]\n', '1:21'],
      [`- AllowedOrigins: [$${brace}ORIGINS}]\n`, '1:21'],
    ] as const
  ).map(([text, place]) => ({ name: text, text, fault: `${place} a template that is not filled in stands here` })),
  {
    name: 'two brackets before the first key',
    text: '{{"CORSRules": []}}',
    fault: '1:2 "{" stands here',
  },
  {
    name: 'XML at fault beside a value that is a template',
    text: '<CORSConfiguration><CORSRule><AllowedOrigin>{{ origin }}</AllowedOrigin></CORSRule>',
    fault: '1:84 Missing end tag',
  },
  {
    name: 'a function of CloudFormation in a rule',
    text: 'A: !Ref B\nCorsRules:\n- AllowedOrigins: [!Sub x]\n  AllowedMethods: [GET]\n',
    fault: '3:20 !Sub is a function of CloudFormation, which is not known here',
  },
  {
    name: 'a function of CloudFormation that makes the list',
    text: 'CorsRules: !If\n- A\n- - AllowedOrigins: [https://a.example]\n    AllowedMethods: [GET]\n- []\n',
    fault: '1:12 !If is a function of CloudFormation, which is not known here',
  },
  {
    name: 'an alias in a rule',
    text: 'CORSRules:\n- AllowedOrigins: [https://a.example]\n  AllowedMethods: *a\n',
    fault: '3:19 "*a" is a YAML alias',
  },
  {
    name: 'the text of Python',
    text: "cors = {\n  'CORSRules': []\n}\n",
    fault: '1:1 this is the text of a program',
  },
  {
    name: 'an error of an endpoint',
    text: '<?xml version="1.0"?>\n<Error><Code>NoSuchCORSConfiguration</Code></Error>',
    fault: '1:1 this is an error of the endpoint, and no rules',
  },
  {
    name: 'text of the AWS CLI',
    text: 'CORSRULES\t3000\nALLOWEDMETHODS\tGET\n',
    fault: '1:1 the AWS CLI printed this as text or as a table',
  },
  {
    name: 'a table of the AWS CLI',
    text: '-------------------\n|  GetBucketCors  |\n+-----------------+\n',
    fault: '1:1 the AWS CLI printed this as text or as a table',
  },
  {
    name: 'a list of PowerShell',
    text: 'AllowedHeaders : {*}\nAllowedMethods : {GET}\n',
    fault: '1:1 PowerShell printed this as a list',
  },
  {
    name: "Traefik's middleware",
    text: 'http:\n  middlewares:\n    cors:\n      headers:\n        accessControlAllowMethods: [GET]\n',
    fault: "5:9 this is another server's own setting of CORS",
  },
  {
    name: 'annotations of ingress-nginx',
    text: 'annotations:\n  nginx.ingress.kubernetes.io/enable-cors: "true"\n',
    fault: "2:3 this is another server's own setting of CORS",
  },
  {
    name: "Rack's middleware",
    text: "use Rack::Cors do\n  allow { origins '*' }\nend\n",
    fault: "1:5 this is another server's own setting of CORS",
  },
  { name: 'an unknown key', text: '{\n "corsRules": []}', fault: '2:2 unknown key "corsRules"' },
  { name: 'another key beside', text: '{"CORSRules": [], "Bucket": "b"}', fault: '1:19 unknown key "Bucket"' },
  { name: 'no rules at all', text: '{}', fault: '1:1 "CORSRules" is missing' },
  {
    name: "the user guide's first example",
    text: '{"CORSRules": [{\n "AllowedHeaders": ["header1", etc.]}]}',
    fault: '2:32 "etc." is a placeholder, not JSON',
  },
  { name: 'truncated XML', text: '<CORSConfiguration>\n<CORSRule>', fault: '2:11 ' },
  { name: 'another XML document', text: '<html/>', fault: '1:1 the document is <html>' },
  { name: 'a byte order mark', text: '\ufeff{}', fault: '1:1 the file starts with a byte order mark' },
]
for (const { name, text, fault } of faulty) {
  t.test(`${name} is a fault with its place`, async t => {
    const read = readCorsFile(contentOf(text))
    t.equal(read.value, undefined)
    t.equal(read.faults.length, 1)
    const [found] = read.faults
    t.ok(
      `${found?.line}:${found?.column} ${found?.message}`.startsWith(fault),
      `${found?.line}:${found?.column} ${found?.message}`,
    )
    t.not(found?.allowed, '')
  })
}

const strictXml: readonly { name: string; inside: string; fault: string; allowed: string }[] = [
  {
    name: 'an element of the configuration that S3 does not know',
    inside: '<CORSRules/>',
    fault: '2:1 <CORSRules> is not known here',
    allowed: '<CORSRule>',
  },
  {
    name: "JSON's name of an element",
    inside: '<CORSRule>\n <AllowedOrigins>*</AllowedOrigins></CORSRule>',
    fault: '3:2 <AllowedOrigins> is not known here',
    allowed: 'AllowedOrigin, AllowedMethod, AllowedHeader, ExposeHeader, ID or MaxAgeSeconds',
  },
  {
    name: 'an ID twice',
    inside: '<CORSRule><ID>a</ID><ID>b</ID></CORSRule>',
    fault: '2:21 ID stands twice in one CORSRule',
    allowed: 'one at most',
  },
  {
    name: 'text beside the elements',
    inside: '<CORSRule>GET</CORSRule>',
    fault: '2:1 CORSRule holds text beside its elements',
    allowed: 'elements only',
  },
]
for (const { name, inside, fault, allowed } of strictXml) {
  t.test(`${name} is a fault of an XML file, as S3 has it`, async t => {
    const read = readCorsFile(contentOf(`<CORSConfiguration>\r\n${inside}</CORSConfiguration>`))
    t.equal(read.value, undefined)
    const [found] = read.faults
    t.equal(`${found?.line}:${found?.column} ${found?.message}`, fault)
    t.equal(found?.allowed, allowed)
  })
}

t.test('an issue of a rule in XML has the place of its element, or of what is nearest', async t => {
  const { locate } = readCorsFile(
    contentOf('<CORSConfiguration>\n<CORSRule>\n <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'),
  )
  t.strictSame(locate([0, 'AllowedMethods', 0], 'value'), { line: 3, column: 2, exact: true })
  t.strictSame(locate([0, 'AllowedOrigins'], 'value'), { line: 2, column: 1, exact: false })
})

t.test('a near key is named', async t => {
  t.match(readCorsFile(contentOf('{"CORSRule": []}')).faults[0]?.allowed, /did you mean "CORSRules"/)
})

t.test('JSON without its outer brackets is told as that, and YAML with a key in quotes by its own fault', async t => {
  const brackets = '"CORSRules" stands here without brackets around it'
  const told = (text: string) => readCorsFile(contentOf(text)).faults.map(({ message }) => message)
  for (const text of [
    '"CORSRules": [{"AllowedOrigins": ["*"],}],\n"b": 1,\n',
    ' "CORSRules": [\n  { "AllowedOrigins": ["*"] "b": -1.5e3 }\n]\n}\n',
  ])
    t.strictSame(told(text), [brackets], text)
  for (const text of [
    '"CORSRules":\n  - AllowedOrigins: [*]\n',
    '"CORSRules": [*]\n',
    '"CORSRules": [{AllowedOrigins: ["*"] }, # mine\n  {AllowedMethods: GET b}]]\n',
    '"CORSRules": 1\n  "b": 2\n',
  ]) {
    t.not(told(text).length, 0, text)
    t.notOk(told(text).includes(brackets), text)
  }
})

t.test('of rules under a misspelt key, every misspelt key is told', async t => {
  const read = readCorsFile(
    contentOf('{"CORSRule": [{"AllowedOrigin": ["*"], "AllowedMethod": ["GET"], "ExposeHeader": []}]}'),
  )
  t.strictSame(
    read.faults.map(({ message, allowed }) => `${message}: ${allowed}`),
    [
      'unknown key "CORSRule": "CORSRules" alone, did you mean "CORSRules"?',
      'unknown key "AllowedOrigin": AllowedOrigins',
      'unknown key "AllowedMethod": AllowedMethods',
      'unknown key "ExposeHeader": ExposeHeaders',
    ],
  )
})
