import t from 'tap'
import { type CorsRequestIssue, parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import type { Reason } from '../../../src/cors/decision/decide.ts'
import { corsVary } from '../../../src/cors/decision/response-fields.ts'
import { type ExplainContext, explain } from '../../../src/cors/explain/explain.ts'
import { policyOf, preflightOf } from '../../fixtures/cors-policy.ts'

const a = 'https://a.example'
const policy = policyOf(
  { ID: 'web', AllowedOrigins: [a], AllowedMethods: ['GET'], AllowedHeaders: ['x-*'], MaxAgeSeconds: 60 },
  { AllowedOrigins: ['https://b.example'], AllowedMethods: ['PUT'] },
)

t.test('an allowed request: the rule, and the fields that are sent', async t => {
  t.strictSame(explain(policy, preflightOf(a, 'GET', 'X-A'), 'media'), {
    bucket: 'media',
    request: { origin: a, method: 'GET', headerNames: ['x-a'] },
    allowed: true,
    reason: 'matched',
    summary: 'the first rule that matches origin, method and all requested field names allows it',
    rule: { index: 0, id: 'web' },
    rules: [{ index: 0, id: 'web', failed: undefined, lists: [], deniedHeaders: [] }],
    responseFields: [
      ['Access-Control-Allow-Origin', a],
      ['Access-Control-Allow-Methods', 'GET'],
      ['Access-Control-Allow-Headers', 'x-a'],
      ['Access-Control-Max-Age', '60'],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Vary', corsVary],
    ],
  })
})

t.test('a rule without an ID is named by its index alone', async t => {
  t.strictSame(explain(policy, preflightOf('https://b.example', 'PUT'), 'media').rule, { index: 1 })
})

t.test('a denied request: each rule, the nearest one, and the smallest change', async t => {
  const explanation = explain(policy, preflightOf(a, 'PUT'), 'media', { entry: 'named', source: 'yaml' })
  t.strictSame(explanation, {
    bucket: 'media',
    request: { origin: a, method: 'PUT', headerNames: [] },
    reason: 'method',
    rules: [
      { index: 0, id: 'web', failed: 'method', lists: ['GET'], deniedHeaders: [] },
      { index: 1, failed: 'origin', lists: ['https://b.example'], deniedHeaders: [] },
    ],
    allowed: false,
    summary: 'no rule that lists this origin lists the method as well',
    nearest: { index: 0, id: 'web', failed: 'method', lists: ['GET'], deniedHeaders: [] },
    change: {
      kind: 'add',
      rule: 0,
      where: 'in rule 1 (ID "web") of bucket "media"',
      how: 'add to AllowedMethods, and keep everything else in the rule',
      additions: { AllowedMethods: ['PUT'] },
      yaml: 'AllowedMethods:\n  - "PUT"',
      risks: [],
    },
    responseFields: [],
  })
  t.strictSame(JSON.parse(JSON.stringify(explanation)), explanation, 'plain data')
})

t.test('the nearest rule is the one that a change would be made in, whether or not there can be one', async t => {
  const rules = policyOf(
    { AllowedOrigins: ['http://localhost:3000'], AllowedMethods: ['GET'] },
    { AllowedOrigins: ['https://b.example'], AllowedMethods: ['GET'] },
    { AllowedOrigins: [a], AllowedMethods: ['GET'], AllowedHeaders: ['x-*'] },
    { AllowedOrigins: [a], AllowedMethods: ['PUT'] },
  )
  const nearest = (request: ReturnType<typeof parseCorsRequest>) => explain(rules, request, 'media').nearest?.index
  t.equal(nearest(preflightOf(a, 'PUT', 'x-a,y,y')), 3, 'the one that lacks least')
  t.equal(nearest(preflightOf(a, 'DELETE')), 2, 'of equals the first')
  t.equal(nearest(preflightOf(a, 'GET', 'x-a')), undefined, 'a match has no nearest rule')
  t.equal(nearest(parseCorsRequest('PATCH', 'https://b.example', undefined, undefined)), 1, 'no rule can list PATCH')
  t.equal(nearest(preflightOf('https://1.2.3.256')), 1, 'no browser sends this origin')
  t.equal(nearest(preflightOf('app://MyApp')), undefined, 'no rule is for this scheme')
  t.equal(explain(undefined, preflightOf(a), 'media').nearest, undefined)
})

const denied: {
  name: string
  policy?: typeof policy
  request: ReturnType<typeof parseCorsRequest>
  context?: ExplainContext
  reason: Reason
  summary: RegExp
  issue?: CorsRequestIssue['kind']
  change: string | RegExp
}[] = [
  {
    name: 'an origin that no rule lists',
    policy,
    request: preflightOf('https://x.example'),
    reason: 'origin',
    summary: /no rule lists this origin/,
    change: 'add',
  },
  {
    name: 'a field name that no rule allows',
    policy,
    request: preflightOf(a, 'GET', 'range'),
    reason: 'header',
    summary: /allows all requested field names/,
    change: 'add',
  },
  {
    name: 'a bucket without an entry',
    request: preflightOf(a),
    context: { entry: 'absent', state: 'none' },
    reason: 'no_rules',
    summary: /has no CORS rules/,
    change: 'new-entry',
  },
  {
    name: 'a bucket whose endpoint has no rules',
    request: preflightOf(a),
    context: { entry: 'named', source: 'upstream', state: 'none' },
    reason: 'no_rules',
    summary: /has no CORS rules/,
    change: 'new-rule',
  },
  {
    name: 'a bucket that does not exist',
    request: preflightOf(a),
    context: { entry: 'default', source: 'upstream', state: 'no-such-bucket' },
    reason: 'no_rules',
    summary: /no bucket of this name/,
    change: /created first/,
  },
  {
    name: 'rules that are not known',
    request: preflightOf(a),
    context: { entry: 'default', source: 'upstream', state: 'unknown' },
    reason: 'rules_unavailable',
    summary: /not known at this moment/,
    change: /answer again/,
  },
  {
    name: 'a preflight without Access-Control-Request-Method',
    policy,
    request: parseCorsRequest('OPTIONS', a, undefined, undefined),
    reason: 'method',
    summary: /lists the method/,
    change: /no rule can list OPTIONS/,
  },
  {
    name: 'no Origin',
    policy,
    request: parseCorsRequest('OPTIONS', undefined, 'GET', undefined),
    reason: 'bad_request',
    summary: /no Origin/,
    issue: 'no_origin',
    change: /no rule was tried/,
  },
  {
    name: 'an invalid Access-Control-Request-Method',
    policy,
    request: parseCorsRequest('OPTIONS', a, 'patch\u001b[0m', undefined),
    reason: 'bad_request',
    summary: /^Access-Control-Request-Method "patch\\x1b\[0m" is not one of/,
    issue: 'invalid_method',
    change: /no rule was tried/,
  },
  {
    name: 'an invalid field name',
    policy,
    request: parseCorsRequest('OPTIONS', a, 'GET', ['a b']),
    reason: 'bad_request',
    summary: /^Access-Control-Request-Headers "a b" contains an invalid character$/,
    issue: 'invalid_header',
    change: /no rule was tried/,
  },
  {
    name: 'too many field names',
    policy,
    request: parseCorsRequest('OPTIONS', a, 'GET', ['x,'.repeat(2000)]),
    reason: 'bad_request',
    summary: /over 100 names, 16 empty elements or 4096 bytes/,
    issue: 'too_many_headers',
    change: /no rule was tried/,
  },
]

for (const { name, policy, request, context, reason, summary, issue, change } of denied) {
  t.test(`${name} is explained`, async t => {
    const explanation = explain(policy, request, 'media', context)
    t.equal(explanation.allowed, false)
    t.equal(explanation.reason, reason)
    t.match(explanation.summary, summary)
    t.equal(explanation.issue?.kind, issue)
    t.strictSame(explanation.responseFields, [])
    if (typeof change === 'string') {
      t.equal(explanation.change?.kind, change)
      t.equal(explanation.noChange, undefined)
    } else {
      t.equal(explanation.change, undefined)
      t.match(explanation.noChange, change)
    }
  })
}
