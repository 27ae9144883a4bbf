import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseRules } from '../../../src/cors/parsing/parse-rules.ts'
import {
  type CorsConfigurationXmlOptions,
  type CorsRuleInput,
  parseCorsConfigurationXml,
  renderCorsConfigurationXml,
} from '../../../src/s3/cors-operation/cors-configuration-xml.ts'

const get: CorsRuleInput = { AllowedOrigins: ['https://a.example'], AllowedMethods: ['GET'] }
const getXml = '<AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>'

/** A configuration of one rule. */
function configuration(rule: string): string {
  return `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule>${rule}</CORSRule></CORSConfiguration>`
}

const read: { name: string; source: string; options?: CorsConfigurationXmlOptions; rules: CorsRuleInput[] }[] = [
  {
    name: 'every element of a rule is read, lists in their order',
    source: configuration(
      '<ID>web</ID><AllowedHeader>Authorization</AllowedHeader><AllowedHeader>x-amz-*</AllowedHeader><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>https://b.example</AllowedOrigin><AllowedOrigin>https://a.example</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>',
    ),
    rules: [
      {
        ID: 'web',
        AllowedHeaders: ['Authorization', 'x-amz-*'],
        AllowedMethods: ['GET', 'HEAD'],
        AllowedOrigins: ['https://b.example', 'https://a.example'],
        ExposeHeaders: ['ETag'],
        MaxAgeSeconds: 3000,
      },
    ],
  },
  {
    name: 'the order of the elements does not matter',
    source: configuration(
      '<MaxAgeSeconds>5</MaxAgeSeconds><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://a.example</AllowedOrigin>',
    ),
    rules: [{ MaxAgeSeconds: 5, AllowedMethods: ['GET'], AllowedOrigins: ['https://a.example'] }],
  },
  {
    name: 'a single rule is a list of one',
    source: configuration(getXml),
    rules: [get],
  },
  {
    name: 'a hundred rules keep their order',
    source: `<CORSConfiguration>${Array.from({ length: 100 }, (_, i) => `<CORSRule><ID>${i}</ID>${getXml}</CORSRule>`).join('')}</CORSConfiguration>`,
    rules: Array.from({ length: 100 }, (_, i) => ({ ID: String(i), ...get })),
  },
  {
    name: 'a configuration without a namespace is the same',
    source: `<CORSConfiguration><CORSRule>${getXml}</CORSRule></CORSConfiguration>`,
    rules: [get],
  },
  {
    name: 'a prefixed configuration is the same',
    source: `<s3:CORSConfiguration xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/"><s3:CORSRule><s3:AllowedOrigin>https://a.example</s3:AllowedOrigin><s3:AllowedMethod>GET</s3:AllowedMethod></s3:CORSRule></s3:CORSConfiguration>`,
    rules: [get],
  },
  {
    name: 'white space, comments and processing instructions between elements are the same',
    source: `<?xml version="1.0" encoding="UTF-8"?>\r\n<CORSConfiguration>\r\n\t<!-- rules -->\r\n\t<CORSRule>\r\n\t\t<AllowedOrigin>https://a.example</AllowedOrigin>\r\n<?x y?> <AllowedMethod>GET</AllowedMethod>\r\n\t</CORSRule>\r\n</CORSConfiguration>\r\n`,
    rules: [get],
  },
  {
    name: 'unknown elements of an endpoint are passed over',
    source: `<CORSConfiguration><Version>2</Version><CORSRule><Note><Deep/>text</Note>${getXml}<Priority>1</Priority></CORSRule></CORSConfiguration>`,
    rules: [get],
  },
  {
    name: 'entities, references and CDATA sections are decoded',
    source: configuration(
      '<AllowedOrigin>https://a.example/?a&amp;b&#x3D;&lt;</AllowedOrigin><AllowedMethod><![CDATA[GET]]></AllowedMethod>',
    ),
    rules: [{ AllowedOrigins: ['https://a.example/?a&b=<'], AllowedMethods: ['GET'] }],
  },
  {
    name: 'escaped line breaks and controls reach the check of values decoded',
    source: configuration('<AllowedOrigin>https://a&#13;&#10;&#9;.example</AllowedOrigin>'),
    rules: [{ AllowedOrigins: ['https://a\r\n\t.example'] }],
  },
  {
    name: 'values are neither trimmed nor coerced',
    source: configuration(
      '<ID>007</ID><AllowedOrigin> x </AllowedOrigin><AllowedMethod></AllowedMethod><ExposeHeader>1e3</ExposeHeader>',
    ),
    rules: [{ ID: '007', AllowedOrigins: [' x '], AllowedMethods: [''], ExposeHeaders: ['1e3'] }],
  },
  {
    name: 'an empty rule is a rule',
    source: '<CORSConfiguration><CORSRule/></CORSConfiguration>',
    options: { strict: true },
    rules: [{}],
  },
  {
    name: 'an empty configuration has no rules',
    source: '<CORSConfiguration/>',
    options: { strict: true },
    rules: [],
  },
  {
    name: 'names of object properties are unknown elements',
    source: configuration(`<constructor/><toString>x</toString>${getXml}`),
    rules: [get],
  },
]
for (const { name, source, options, rules } of read) {
  t.test(name, async t => {
    const parsed = parseCorsConfigurationXml(source, options)
    if (parsed.rules === undefined) throw new Error(parsed.fault.message)
    t.strictSame(parsed.rules, rules)
    t.strictSame(parsed.rules.map(Object.keys), rules.map(Object.keys), 'in document order')
  })
}

const maxAges: { text: string; value: number | string }[] = [
  { text: '0', value: 0 },
  { text: '3000', value: 3000 },
  { text: '-5', value: -5 },
  { text: '0010', value: '0010' },
  { text: '1e3', value: '1e3' },
  { text: '-0', value: '-0' },
  { text: '+5', value: '+5' },
  { text: ' 5', value: ' 5' },
  { text: '5.0', value: '5.0' },
  { text: '', value: '' },
  { text: 'a', value: 'a' },
  { text: '٣', value: '٣' },
  { text: '9007199254740993', value: '9007199254740993' },
]
for (const { text, value } of maxAges) {
  t.test(
    `MaxAgeSeconds '${text}' is ${typeof value === 'number' ? 'an integer' : 'left as text, to be refused'}`,
    async t => {
      const parsed = parseCorsConfigurationXml(configuration(`${getXml}<MaxAgeSeconds>${text}</MaxAgeSeconds>`))
      if (parsed.rules === undefined) throw new Error(parsed.fault.message)
      t.equal(parsed.rules[0]?.MaxAgeSeconds, value)
      t.equal(parseRules(parsed.rules).rules?.[0]?.maxAgeSeconds, typeof value === 'number' ? value : undefined)
    },
  )
}

const faults: {
  name: string
  source: string
  options?: CorsConfigurationXmlOptions
  line?: number
  column?: number
  message: string
}[] = [
  {
    name: 'a document of another kind',
    source: '<html><body>502</body></html>',
    message: 'the document is <html>',
  },
  {
    name: 'an error document',
    source: '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    line: 2,
    message: 'the document is <Error>',
  },
  {
    name: 'a root in another case',
    source: '<corsconfiguration/>',
    message: 'the document is <corsconfiguration>',
  },
  {
    name: 'an endless name',
    source: `<${'a'.repeat(100)}/>`,
    message: `the document is <${'a'.repeat(39)}…>`,
  },
  {
    name: 'a truncated document',
    source: configuration(getXml).slice(0, -8),
    column: 171,
    message: 'Missing end tag for element CORSConfiguration',
  },
  {
    name: 'a second MaxAgeSeconds in a rule',
    source:
      '<CORSConfiguration><CORSRule>\n  <MaxAgeSeconds>5</MaxAgeSeconds>\n  <MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>',
    line: 3,
    column: 3,
    message: 'MaxAgeSeconds stands twice in one CORSRule',
  },
  {
    name: 'a second ID in a rule, even an empty one',
    source: '<CORSConfiguration><CORSRule><ID/><ID>a</ID></CORSRule></CORSConfiguration>',
    column: 35,
    message: 'ID stands twice in one CORSRule',
  },
  {
    name: 'an element within a value',
    source: '<CORSConfiguration><CORSRule><AllowedOrigin>https://<b/>a</AllowedOrigin></CORSRule></CORSConfiguration>',
    column: 30,
    message: 'AllowedOrigin holds another element',
  },
  {
    name: 'text in a rule',
    source: '<CORSConfiguration><CORSRule>GET</CORSRule></CORSConfiguration>',
    column: 20,
    message: 'CORSRule holds text beside its elements',
  },
  {
    name: 'text in the configuration',
    source: '<CORSConfiguration>none</CORSConfiguration>',
    message: 'CORSConfiguration holds text beside its elements',
  },
  {
    name: 'an unknown element of a rule, when strict',
    source:
      '<CORSConfiguration><CORSRule>\n<AllowedOrigns>https://a.example</AllowedOrigns></CORSRule></CORSConfiguration>',
    options: { strict: true },
    line: 2,
    message: '<AllowedOrigns> is not known here',
  },
  {
    name: 'an unknown element of the configuration, when strict',
    source: '<CORSConfiguration>\n <CORSRules/></CORSConfiguration>',
    options: { strict: true },
    line: 2,
    column: 2,
    message: '<CORSRules> is not known here',
  },
  {
    name: 'a document over the limit that was given',
    source: configuration(getXml),
    options: { maxBytes: 100 },
    message: 'the document is too long',
  },
  {
    name: 'a document over 256 KiB',
    source: configuration(`<AllowedOrigin>${'a'.repeat(256 * 1024)}</AllowedOrigin>`),
    message: 'the document is too long',
  },
]
for (const { name, source, options, line = 1, column = 1, message } of faults) {
  t.test(`${name} is a fault`, async t => {
    const parsed = parseCorsConfigurationXml(source, options)
    if (parsed.rules !== undefined) throw new Error('it was read')
    const { allowed, ...fault } = parsed.fault
    t.strictSame(fault, { message, line, column })
    t.not(allowed, '')
  })
}

t.test('every part of the rules has its position, and what is absent that of the nearest part around it', async t => {
  const source = `<CORSConfiguration>
  <CORSRule>
    <AllowedOrigin>a</AllowedOrigin><AllowedOrigin>b</AllowedOrigin>
  </CORSRule>
  <CORSRule><ID>x</ID></CORSRule>
</CORSConfiguration>`
  const parsed = parseCorsConfigurationXml(source)
  if (parsed.rules === undefined) throw new Error(parsed.fault.message)
  const positions: { path: (string | number)[]; line: number; column: number; exact: boolean }[] = [
    { path: [], line: 1, column: 1, exact: true },
    { path: [0], line: 2, column: 3, exact: true },
    { path: [0, 'AllowedOrigins'], line: 3, column: 5, exact: true },
    { path: [0, 'AllowedOrigins', 1], line: 3, column: 37, exact: true },
    { path: [0, 'AllowedOrigins', 2], line: 3, column: 5, exact: false },
    { path: [0, 'AllowedMethods'], line: 2, column: 3, exact: false },
    { path: [1, 'ID'], line: 5, column: 13, exact: true },
    { path: [2], line: 1, column: 1, exact: false },
  ]
  for (const { path, ...position } of positions) t.strictSame(parsed.locate(path), position, `[${path.join(', ')}]`)
})

const putCases: {
  id: string
  body: string
  expect: { status: number; error_code: string | null; error_message: string | null }
}[] = JSON.parse(readFileSync(new URL('../../fixtures/put-bucket-cors.json', import.meta.url), 'utf8'))
for (const { id, body, expect } of putCases) {
  t.test(
    `PutBucketCors case ${id} is ${expect.status === 200 ? 'accepted' : `refused with ${expect.error_code}`}`,
    async t => {
      const parsed = parseCorsConfigurationXml(body, { strict: true, maxBytes: 64 * 1024 })
      if (parsed.rules === undefined) {
        t.equal(expect.error_code, 'MalformedXML', parsed.fault.message)
        return
      }
      const { rules, issues } = parseRules(parsed.rules)
      const fault = rules === undefined ? issues.find(issue => issue.severity === 'fault') : undefined
      t.equal(fault?.s3Code ?? null, expect.error_code)
      if (rules === undefined) return
      const again = parseCorsConfigurationXml(renderCorsConfigurationXml(rules), { strict: true })
      t.strictSame(parseRules(again.rules).rules, rules, 'what is rendered is read back the same')
    },
  )
}

t.test('rules are rendered in the documented order of elements, values escaped', async t => {
  const rendered = renderCorsConfigurationXml([
    {
      id: 'a & b',
      allowedOrigins: ['https://b.example', '<*>', ''],
      allowedMethods: ['PUT', 'GET'],
      allowedHeaders: ['X-Amz-*', 'range'],
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 0,
    },
    { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
  ])
  t.equal(
    rendered,
    '<?xml version="1.0" encoding="UTF-8"?>\n<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      '<CORSRule><AllowedHeader>X-Amz-*</AllowedHeader><AllowedHeader>range</AllowedHeader>' +
      '<AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>' +
      '<AllowedOrigin>https://b.example</AllowedOrigin><AllowedOrigin>&lt;*&gt;</AllowedOrigin><AllowedOrigin></AllowedOrigin>' +
      '<ExposeHeader>ETag</ExposeHeader><ID>a &amp; b</ID><MaxAgeSeconds>0</MaxAgeSeconds></CORSRule>' +
      '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>',
  )
})
