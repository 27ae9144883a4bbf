import { readFile } from 'node:fs/promises'
import t from 'tap'
import { maxRules, parseRules } from '../../../src/cors/parsing/parse-rules.ts'
import { malformedXmlMessage } from '../../../src/cors/rules/rule-fault.ts'
import { parseCorsConfigurationXml } from '../../../src/s3/cors-operation/cors-configuration-xml.ts'

const sound = { AllowedOrigins: ['https://a.example'], AllowedMethods: ['GET'] }

t.test('a rule keeps the order and the case of everything', async t => {
  const parsed = parseRules([
    {
      MaxAgeSeconds: 3000,
      ExposeHeaders: ['x-amz-Meta-K', 'ETag', 'x-amz-checksum-crc32'],
      AllowedHeaders: ['X-Amz-*', 'authorization', 'Content-Type', 'amz-SDK-*'],
      AllowedMethods: ['PUT', 'GET', 'POST'],
      AllowedOrigins: ['https://b.example', 'https://a.example:8443'],
      ID: 'web',
    },
    { ...sound, AllowedHeaders: [], ExposeHeaders: [] },
  ])
  t.strictSame(parsed, {
    rules: [
      {
        id: 'web',
        allowedOrigins: ['https://b.example', 'https://a.example:8443'],
        allowedMethods: ['PUT', 'GET', 'POST'],
        allowedHeaders: ['X-Amz-*', 'authorization', 'Content-Type', 'amz-SDK-*'],
        exposeHeaders: ['x-amz-Meta-K', 'ETag', 'x-amz-checksum-crc32'],
        maxAgeSeconds: 3000,
      },
      {
        allowedOrigins: ['https://a.example'],
        allowedMethods: ['GET'],
        allowedHeaders: [],
        exposeHeaders: [],
      },
    ],
    issues: [],
  })
  t.equal(Object.isFrozen(parsed.rules?.[0]?.allowedOrigins), true)
})

t.test('a change of what was parsed changes no rule', async t => {
  const origins = ['https://a.example']
  const { rules } = parseRules([{ ...sound, AllowedOrigins: origins }])
  origins.push('*')
  t.strictSame(rules?.[0]?.allowedOrigins, ['https://a.example'])
})

type Place = readonly (string | number)[]
const faults: { name: string; input: unknown; expected: { path: Place; reason: string; allowed: RegExp }[] }[] = [
  ...[undefined, null, 'x', 7, { CORSRules: [sound] }].map(input => ({
    name: `${JSON.stringify(input)} is no list of rules`,
    input,
    expected: [{ path: [], reason: 'not-a-list', allowed: /a list of rules/ }],
  })),
  {
    name: 'an empty list has no rules',
    input: [],
    expected: [{ path: [], reason: 'no-rules', allowed: /one rule or more/ }],
  },
  {
    name: 'a rule is a mapping',
    input: ['GET', null, [sound], 5],
    expected: [0, 1, 2, 3].map(index => ({
      path: [index],
      reason: 'not-a-rule',
      allowed: /a mapping with the keys ID, /,
    })),
  },
  {
    name: 'AllowedOrigins and AllowedMethods must be there',
    input: [{}],
    expected: [
      { path: [0], reason: 'missing-key', allowed: /origins/ },
      { path: [0], reason: 'missing-key', allowed: /GET, PUT, POST, DELETE, HEAD/ },
    ],
  },
  {
    name: 'AllowedOrigins and AllowedMethods must not be empty',
    input: [{ AllowedMethods: [], AllowedOrigins: [] }],
    expected: [
      { path: [0, 'AllowedMethods'], reason: 'empty-list', allowed: /GET/ },
      { path: [0, 'AllowedOrigins'], reason: 'empty-list', allowed: /origins/ },
    ],
  },
  {
    name: 'a misspelt key is one fault, with what was meant',
    input: [{ allowedOrigin: ['x'], AllowedMethod: ['GET'], MaxAge: 5, ExposedHeaders: [], id: 'x' }],
    expected: [
      { path: [0, 'allowedOrigin'], reason: 'unknown-key', allowed: /^AllowedOrigins$/ },
      { path: [0, 'AllowedMethod'], reason: 'unknown-key', allowed: /^AllowedMethods$/ },
      { path: [0, 'MaxAge'], reason: 'unknown-key', allowed: /^MaxAgeSeconds$/ },
      { path: [0, 'ExposedHeaders'], reason: 'unknown-key', allowed: /^ExposeHeaders$/ },
      { path: [0, 'id'], reason: 'unknown-key', allowed: /^ID$/ },
    ],
  },
  {
    name: 'an unknown key is told the known ones',
    input: [
      { ...sound, AllowCredentials: true },
      JSON.parse(`{"__proto__":1,"AllowedOrigins":["*"],"AllowedMethods":["GET"]}`),
    ],
    expected: [
      { path: [0, 'AllowCredentials'], reason: 'unknown-key', allowed: /^one of ID, AllowedOrigins/ },
      { path: [1, '__proto__'], reason: 'unknown-key', allowed: /^one of/ },
    ],
  },
  {
    name: 'lists are lists of strings',
    input: [
      {
        AllowedOrigins: '*',
        AllowedMethods: { GET: true },
        AllowedHeaders: null,
        ExposeHeaders: [1, ['x'], null, true],
      },
    ],
    expected: [
      { path: [0, 'AllowedOrigins'], reason: 'wrong-type', allowed: /a list of origins/ },
      { path: [0, 'AllowedMethods'], reason: 'wrong-type', allowed: /a list of methods/ },
      { path: [0, 'AllowedHeaders'], reason: 'wrong-type', allowed: /a list of field names/ },
      ...[0, 1, 2, 3].map(position => ({
        path: [0, 'ExposeHeaders', position],
        reason: 'wrong-type',
        allowed: /strings only/,
      })),
    ],
  },
  {
    name: 'an ID is a string',
    input: [
      { ...sound, ID: 5 },
      { ...sound, ID: null },
      { ...sound, ID: 'x'.repeat(256) },
    ],
    expected: [
      { path: [0, 'ID'], reason: 'wrong-type', allowed: /quotes/ },
      { path: [1, 'ID'], reason: 'wrong-type', allowed: /quotes/ },
      { path: [2, 'ID'], reason: 'id-too-long', allowed: /at most 255/ },
    ],
  },
  {
    name: 'MaxAgeSeconds is an integer',
    input: [
      { ...sound, MaxAgeSeconds: '3000' },
      { ...sound, MaxAgeSeconds: 0.5 },
    ],
    expected: [
      { path: [0, 'MaxAgeSeconds'], reason: 'not-an-integer', allowed: /unquoted/ },
      { path: [1, 'MaxAgeSeconds'], reason: 'not-an-integer', allowed: /whole number/ },
    ],
  },
  {
    name: '101 rules are too many, which is told before anything else',
    input: [
      {},
      ...Array.from({ length: 100 }, (_, index) => ({ ...sound, AllowedOrigins: [`https://${index}.example`] })),
    ],
    expected: [
      { path: [], reason: 'too-many-rules', allowed: /at most 100 rules; this bucket has 101/ },
      { path: [0], reason: 'missing-key', allowed: /origins/ },
      { path: [0], reason: 'missing-key', allowed: /GET/ },
    ],
  },
]

for (const { name, input, expected } of faults) {
  t.test(name, async t => {
    const { rules, issues } = parseRules(input)
    t.equal(rules, undefined)
    t.strictSame(
      issues.map(({ severity, path, reason }) => ({ severity, path, reason })),
      expected.map(({ path, reason }) => ({ severity: 'fault', path, reason })),
    )
    for (const [position, { allowed }] of expected.entries()) t.match(issues[position]?.allowed, allowed)
    for (const issue of issues) {
      t.ok(issue.s3Code, 'S3 has a code for it')
      t.ok(issue.message.length > 0)
    }
  })
}

t.test('every fault and every warning comes, in document order', async t => {
  const { rules, issues } = parseRules([
    { AllowedMethods: ['GET', 'get', 'PATCH'], MaxAgeSeconds: 'x', AllowedOrigins: ['https://ok', 'a*b*c', '\n'] },
    {
      ID: 'a',
      AllowedMethods: ['PUT'],
      AllowedOrigins: ['http://b.example', 'null'],
      MaxAgeSeconds: 9000,
      AllowedHeaders: ['*'],
    },
    'x',
    { ID: 'a', AllowedMethods: ['GET'], ExposeHeaders: ['ETag', '*'], AllowedOrigins: ['*'] },
    { ID: 'a', AllowedMethods: ['GET'], AllowedOrigins: ['*', 'https://c.example/'] },
  ])
  t.equal(rules, undefined)
  t.strictSame(
    issues.map(({ severity, path, reason }) => `${severity} ${path.join('.')} ${reason}`),
    [
      'fault 0.AllowedMethods.1 unsupported-method',
      'fault 0.AllowedMethods.2 unsupported-method',
      'fault 0.MaxAgeSeconds not-an-integer',
      'fault 0.AllowedOrigins.1 too-many-wildcards',
      'fault 0.AllowedOrigins.2 unsendable-character',
      'warning 1 etag-not-exposed',
      'warning 1.AllowedOrigins.0 insecure-origin',
      'warning 1.AllowedOrigins.1 null-origin',
      'warning 1.MaxAgeSeconds long-max-age',
      'fault 2 not-a-rule',
      'fault 3.ExposeHeaders.1 wildcard-not-supported',
      'warning 4.ID duplicate-id',
      'warning 4.AllowedOrigins.0 wildcard-beside-exact',
      'warning 4.AllowedOrigins.1 trailing-slash',
    ],
  )
})

t.test('100 rules are accepted', async t => {
  t.equal(maxRules, 100)
  t.equal(parseRules(Array(100).fill(sound)).rules?.length, 100)
})

interface PutCase {
  id: string
  body: string
  expect: { status: number; error_code: string | null; error_message: string | null }
}
const puts: PutCase[] = JSON.parse(
  await readFile(new URL('../../fixtures/put-bucket-cors.json', import.meta.url), 'utf8'),
)
// The size of the document is not a matter of its rules.
const putsOfRules = puts.filter(({ id }) => id !== 'put-64k')
t.equal(putsOfRules.length, 30)

for (const { id, body, expect } of putsOfRules) {
  t.test(`PutBucketCors ${id} is answered ${expect.error_code ?? 'with success'}`, async t => {
    const read = parseCorsConfigurationXml(body)
    if (read.rules === undefined) {
      t.strictSame([expect.error_code, expect.error_message], ['MalformedXML', malformedXmlMessage])
      return
    }
    const { rules, issues } = parseRules(read.rules)
    t.equal(rules !== undefined, expect.status === 200)
    const first = issues.find(issue => issue.severity === 'fault')
    t.equal(first?.s3Code ?? null, expect.error_code)
    if (expect.error_message !== null) t.equal(first?.s3Message, expect.error_message)
  })
}

t.test('a template in place of a rule or a list is called one', async t => {
  const messagesOf = (input: unknown) => parseRules(input).issues.map(({ message }) => message)
  t.strictSame(messagesOf('{{ cors_rules }}'), ['CORSRules is a template that is not filled in'])
  t.strictSame(messagesOf(['{{ rule }}', { AllowedOrigins: '<%= origins %>', AllowedMethods: '@@METHODS@@' }]), [
    'a rule is a template that is not filled in',
    'AllowedOrigins is a template that is not filled in',
    'AllowedMethods is a template that is not filled in',
  ])
})
