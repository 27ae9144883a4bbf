import t from 'tap'
import { readCorsFile } from '../../../src/config/cors-files/cors-file.ts'
import { contentOf } from '../../fixtures/parsed-text.ts'

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

// `{` after `$` by itself: the linter takes the two in a text for a template.
const brace = '{'

const faulty: readonly { name: string; text: string; fault: string }[] = [
  { name: 'an empty file', text: ' \n', fault: '1:1 the file is empty' },
  { name: 'prose', text: 'The rules follow.\n', fault: '1:1 the file is neither JSON nor XML' },
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
