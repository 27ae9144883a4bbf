import t from 'tap'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { explain } from '../../../src/cors/explain/explain.ts'
import { renderExplanation } from '../../../src/cors/explain/explanation-text.ts'
import { policyOf, preflightOf } from '../../fixtures/cors-policy.ts'

const a = 'https://a.example'
const many = Array.from({ length: 12 }, (_, index) => `https://app${index}.example`)
const policy = policyOf(
  { ID: 'web', AllowedOrigins: [a], AllowedMethods: ['GET'] },
  { AllowedOrigins: many, AllowedMethods: ['PUT'], ExposeHeaders: ['ETag'] },
)

const cases: { name: string; text: string; expected: string[] }[] = [
  {
    name: 'a denied origin',
    text: renderExplanation(explain(policy, preflightOf('http://x.example', 'GET'), 'media')),
    expected: [
      'Bucket:  "media"',
      'Origin:  "http://x.example"',
      'Method:  GET',
      '',
      'DENIED (origin): no rule lists this origin',
      '  rule 1 "web": origin fails; it lists "https://a.example"',
      `  rule 2: origin fails; it lists ${many
        .slice(0, 10)
        .map(origin => `"${origin}"`)
        .join(', ')} and 2 more`,
      '',
      'The smallest change that allows it, as a further rule of bucket "media":',
      'add to CORSRules, and keep the rules that are there.',
      '',
      '  CORSRules:',
      '    - AllowedOrigins:',
      '        - "http://x.example"',
      '      AllowedMethods:',
      '        - "GET"',
      '',
      'Risk: every machine on the way can change the pages of an http:// origin.',
      '',
    ],
  },
  {
    name: 'an origin of which one rule is near',
    text: renderExplanation(explain(policy, preflightOf('https://www.app3.example', 'PUT'), 'media')),
    expected: [
      'Bucket:  "media"',
      'Origin:  "https://www.app3.example"',
      'Method:  PUT',
      '',
      'DENIED (origin): no rule lists this origin',
      '  rule 1 "web": origin fails; it lists "https://a.example"',
      `  rule 2 (nearest): origin fails; it lists ${many
        .slice(0, 10)
        .map(origin => `"${origin}"`)
        .join(', ')} and 2 more`,
      '',
      'The smallest change that allows it, in rule 2 of bucket "media":',
      'add to AllowedOrigins, and keep everything else in the rule.',
      '',
      '  AllowedOrigins:',
      '    - "https://www.app3.example"',
      '',
    ],
  },
  {
    name: 'what was typed otherwise, and what a page may read',
    text: renderExplanation({
      ...explain(policy, preflightOf(a), 'media', { isActual: true }),
      notes: ['a browser sends "https://a.example", not "a.example"; that is allowed'],
      answer: { hasCorsFields: true, text: "the endpoint's answer with CORS fields: the page may read it" },
    }),
    expected: [
      'Bucket:  "media"',
      'Origin:  "https://a.example"',
      'Method:  GET',
      '',
      'Note: a browser sends "https://a.example", not "a.example"; that is allowed.',
      '',
      'ALLOWED (matched): the first rule that matches origin, method and all requested field names allows it',
      '  rule 1 "web": matches',
      "The client gets the endpoint's answer with CORS fields: the page may read it.",
      '',
      'Response fields:',
      '  Access-Control-Allow-Origin: https://a.example',
      '  Access-Control-Allow-Methods: GET',
      '  Access-Control-Allow-Credentials: true',
      '  Vary: Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      '',
      'The page may read: Cache-Control, Content-Language, Content-Length, Content-Type, Expires, Last-Modified, Pragma',
      'and not: ETag, Accept-Ranges, Content-Range, Content-Encoding, Content-Disposition, Date, x-amz-request-id, x-amz-version-id, x-amz-checksum-*, x-amz-meta-* (ExposeHeaders lets it)',
      '',
    ],
  },
  {
    name: 'a denied field name',
    text: renderExplanation(explain(policy, preflightOf(a, 'GET', 'x-a,x-b'), 'media')),
    expected: [
      'Bucket:  "media"',
      'Origin:  "https://a.example"',
      'Method:  GET',
      'Headers: x-a, x-b',
      '',
      'DENIED (header): no rule that lists origin and method allows all requested field names',
      '  rule 1 "web" (nearest): header fails: "x-a", "x-b"; it lists none',
      `  rule 2: origin fails; it lists ${many
        .slice(0, 10)
        .map(origin => `"${origin}"`)
        .join(', ')} and 2 more`,
      '',
      'The smallest change that allows it, in rule 1 (ID "web") of bucket "media":',
      'add to AllowedHeaders, and keep everything else in the rule.',
      '',
      '  AllowedHeaders:',
      '    - "x-a"',
      '    - "x-b"',
      '',
    ],
  },
  {
    name: 'an allowed request',
    text: renderExplanation(explain(policy, preflightOf(a), 'media')),
    expected: [
      'Bucket:  "media"',
      'Origin:  "https://a.example"',
      'Method:  GET',
      '',
      'ALLOWED (matched): the first rule that matches origin, method and all requested field names allows it',
      '  rule 1 "web": matches',
      '',
      'Response fields:',
      '  Access-Control-Allow-Origin: https://a.example',
      '  Access-Control-Allow-Methods: GET',
      '  Access-Control-Allow-Credentials: true',
      '  Vary: Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      '',
    ],
  },
  {
    name: 'a request that rules cannot be asked about',
    text: renderExplanation(explain(policy, parseCorsRequest('OPTIONS', a, 'get', undefined), 'media')),
    expected: [
      'Bucket:  "media"',
      '',
      'DENIED (bad_request): Access-Control-Request-Method "get" is not one of GET, PUT, POST, DELETE, HEAD',
      '',
      'No change of the rules allows it: no rule was tried: the client has to send something else.',
      '',
    ],
  },
]

for (const { name, text, expected } of cases) {
  t.test(`${name} as text`, async t => {
    t.strictSame(text.split('\n'), expected)
  })
}

const hostile = [
  '<script>alert(1)</script>',
  'x"\\',
  '\u001b]0;x\u0007\u001b[2J',
  '\u009b2J\u0085',
  '\u00e4\u00ff',
  'a\tb',
  'x'.repeat(15_000),
]

for (const value of hostile) {
  t.test(`the hostile value ${JSON.stringify(value).slice(0, 30)} does nothing to a terminal`, async t => {
    const everywhere = policyOf({
      ID: value.slice(0, 50).replace(/[^\n\t\x20-\uffff]/g, '\u0085'),
      AllowedOrigins: ['*'],
      AllowedMethods: ['GET'],
    })
    const texts = [
      renderExplanation(explain(policy, preflightOf(value), 'media')),
      renderExplanation(explain(everywhere, preflightOf(value), 'media')),
      renderExplanation(explain(everywhere, preflightOf(value, 'PUT'), value)),
      renderExplanation(explain(undefined, preflightOf(value), value)),
      renderExplanation(explain(policy, parseCorsRequest('OPTIONS', a, value, undefined), value)),
      renderExplanation(explain(policy, parseCorsRequest('OPTIONS', a, 'GET', [value]), value)),
      renderExplanation(explain(policy, { origin: value, method: value, headerNames: [value] }, value)),
    ]
    for (const text of texts) {
      t.match(text, /^[\n\x20-\x7e]*$/, 'printable ASCII and line ends alone')
      t.notMatch(text, /[<>]/, 'no markup')
      t.ok(text.length < 4000, 'and not much of it')
    }
  })
}
