import t from 'tap'
import { parse } from 'yaml'
import type { CorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { type Change, findSmallestChange, type RulePlace } from '../../../src/cors/explain/smallest-change.ts'
import { parseRules } from '../../../src/cors/parsing/parse-rules.ts'
import { policyOf, preflightOf, type WrittenRule } from '../../fixtures/cors-policy.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

const a = 'https://a.example'
const b = 'https://b.example'

interface Case {
  name: string
  rules: WrittenRule[]
  request: CorsRequest
  place?: RulePlace
  kind: Change['kind']
  where: string
  how?: string
  yaml: string[]
  risks?: string[]
}

const cases: Case[] = [
  {
    name: 'an origin for the only rule',
    rules: [{ ID: 'web', AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(b),
    kind: 'add',
    where: 'in rule 1 (ID "web") of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://b.example"'],
  },
  {
    name: 'a method',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(a, 'PUT'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedMethods:', '  - "PUT"'],
  },
  {
    name: 'the field names that the rule does not allow, each once',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'], AllowedHeaders: ['x-amz-*'] }],
    request: preflightOf(a, 'GET', 'content-type,x-amz-date,Content-Type,range'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedHeaders:', '  - "content-type"', '  - "range"'],
  },
  {
    name: 'all three for one rule',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(b, 'PUT', 'x'),
    kind: 'add',
    where: 'in rule 1 of bucket "media" (proxy.yaml:7)',
    how: 'add to AllowedOrigins, AllowedMethods and AllowedHeaders, and keep everything else in the rule',
    place: { entry: 'named', source: 'yaml', place: { file: 'proxy.yaml', line: 5, ruleLines: [7] } },
    yaml: ['AllowedOrigins:', '  - "https://b.example"', 'AllowedMethods:', '  - "PUT"', 'AllowedHeaders:', '  - "x"'],
  },
  {
    name: 'the rule that needs the fewest values, though another is nearer',
    rules: [
      { AllowedOrigins: [a], AllowedMethods: ['PUT'] },
      { AllowedOrigins: [b], AllowedMethods: ['PUT'], AllowedHeaders: ['*'] },
    ],
    request: preflightOf(a, 'PUT', 'x,y'),
    kind: 'add',
    where: 'in rule 2 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://a.example"'],
  },
  {
    name: 'of equal changes not the one that every origin would get',
    rules: [
      { AllowedOrigins: ['*'], AllowedMethods: ['GET'] },
      { AllowedOrigins: [a], AllowedMethods: ['HEAD'] },
    ],
    request: preflightOf(a, 'PUT'),
    kind: 'add',
    where: 'in rule 2 of bucket "media"',
    yaml: ['AllowedMethods:', '  - "PUT"'],
  },
  {
    name: 'of equal changes the one in the rule that got furthest',
    rules: [
      { AllowedOrigins: [b], AllowedMethods: ['PUT'] },
      { AllowedOrigins: [a], AllowedMethods: ['HEAD'] },
    ],
    request: preflightOf(a, 'PUT'),
    kind: 'add',
    where: 'in rule 2 of bucket "media"',
    yaml: ['AllowedMethods:', '  - "PUT"'],
  },
  {
    name: 'of equal changes in equal rules the first',
    rules: [
      { AllowedOrigins: [b], AllowedMethods: ['GET'] },
      { AllowedOrigins: ['https://c.example'], AllowedMethods: ['GET'] },
    ],
    request: preflightOf(a),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://a.example"'],
  },
  {
    name: 'a rule for every origin gets more only with a warning',
    rules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }],
    request: preflightOf(a, 'DELETE'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedMethods:', '  - "DELETE"'],
    risks: ['any-origin'],
  },
  {
    name: 'an http:// origin has a risk',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf('http://b.example:8080'),
    kind: 'new-rule',
    where: 'as a further rule of bucket "media" (proxy.yaml:5)',
    how: 'add to CORSRules, and keep the rules that are there',
    place: { entry: 'named', source: 'yaml', place: { file: 'proxy.yaml', line: 5, ruleLines: [7] } },
    yaml: [
      'CORSRules:',
      '  - AllowedOrigins:',
      '      - "http://b.example:8080"',
      '    AllowedMethods:',
      '      - "GET"',
    ],
    risks: ['insecure-origin'],
  },
  {
    name: 'a rule for origins of another scheme is passed over, one with an origin of the same domain comes first',
    rules: [
      { AllowedOrigins: ['http://localhost:3000'], AllowedMethods: ['GET'] },
      { AllowedOrigins: ['https://partner.example'], AllowedMethods: ['GET'] },
      { AllowedOrigins: ['https://www.my-app.xyz'], AllowedMethods: ['GET'] },
    ],
    request: preflightOf('https://my-app.xyz'),
    kind: 'add',
    where: 'in rule 3 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://my-app.xyz"'],
  },
  {
    name: 'a pattern without a scheme is of every scheme',
    rules: [{ AllowedOrigins: ['*.example.com'], AllowedMethods: ['GET'] }],
    request: preflightOf('https://b.example'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://b.example"'],
  },
  {
    name: 'the rule of a bucket under "*" is one of that entry',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf('https://b.example'),
    place: { entry: 'default', source: 'yaml' },
    kind: 'add',
    where: 'in rule 1 of the entry "*", under which the bucket is',
    yaml: ['AllowedOrigins:', '  - "https://b.example"'],
  },
  {
    name: 'the origin null has a risk',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf('null'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "null"'],
    risks: ['null-origin'],
  },
  {
    name: 'an origin * would be a wildcard',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf('*'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "*"'],
    risks: ['wildcard'],
  },
  {
    name: 'an origin that holds * would be a wildcard, and a public one',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf('https://*.com'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedOrigins:', '  - "https://*.com"'],
    risks: ['public-wildcard', 'wildcard'],
  },
  {
    name: 'a field name * would be a wildcard',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(a, 'GET', '*'),
    kind: 'add',
    where: 'in rule 1 of bucket "media"',
    yaml: ['AllowedHeaders:', '  - "*"'],
    risks: ['wildcard'],
  },
  {
    name: 'a bucket without an entry gets one',
    rules: [],
    request: preflightOf(a, 'PUT', 'x,x'),
    kind: 'new-entry',
    where: 'under buckets',
    how: 'add the entry, and keep the others',
    yaml: [
      '"media":',
      '  CORSRules:',
      '    - AllowedOrigins:',
      '        - "https://a.example"',
      '      AllowedMethods:',
      '        - "PUT"',
      '      AllowedHeaders:',
      '        - "x"',
    ],
  },
  {
    name: 'a bucket that "*" stands for gets an entry of its own',
    rules: [],
    request: preflightOf(a),
    place: { entry: 'default', source: 'none' },
    kind: 'new-entry',
    where: 'under buckets',
    yaml: [
      '"media":',
      '  CORSRules:',
      '    - AllowedOrigins:',
      '        - "https://a.example"',
      '      AllowedMethods:',
      '        - "GET"',
    ],
  },
  {
    name: 'an entry with from: none is replaced',
    rules: [],
    request: preflightOf(a),
    place: { entry: 'named', source: 'none', place: { file: 'proxy.yaml', line: 9 } },
    kind: 'new-entry',
    where: 'under buckets, in place of the entry of this name (proxy.yaml:9)',
    how: 'replace that entry, and keep the others',
    yaml: [
      '"media":',
      '  CORSRules:',
      '    - AllowedOrigins:',
      '        - "https://a.example"',
      '      AllowedMethods:',
      '        - "GET"',
    ],
  },
  {
    name: 'a bucket whose endpoint has no rules gets the first there',
    rules: [],
    request: preflightOf(a),
    place: { entry: 'default', source: 'upstream' },
    kind: 'new-rule',
    where: 'as the first rule of bucket "media", at the endpoint, with PutBucketCors, which takes all rules at once',
    how: 'it is the only rule',
    yaml: ['CORSRules:', '  - AllowedOrigins:', '      - "https://a.example"', '    AllowedMethods:', '      - "GET"'],
  },
  {
    name: 'rules in a file are changed there',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(b),
    place: {
      entry: 'named',
      source: 'file',
      place: { file: 'proxy.yaml', line: 5, rulesFile: 'rules/media.json', ruleLines: [3] },
    },
    kind: 'add',
    where: 'in rule 1 of bucket "media", in its CORSFile (rules/media.json:3)',
    how: 'add to AllowedOrigins, and keep everything else in the rule',
    yaml: ['AllowedOrigins:', '  - "https://b.example"'],
  },
  {
    name: 'managed rules are changed with PutBucketCors',
    rules: [{ AllowedOrigins: [a], AllowedMethods: ['GET'] }],
    request: preflightOf(b),
    place: { entry: 'named', source: 'managed' },
    kind: 'add',
    where: 'in rule 1 of bucket "media", with PutBucketCors through this proxy, which takes all rules at once',
    yaml: ['AllowedOrigins:', '  - "https://b.example"'],
  },
]

for (const { name, rules, request, place = {}, kind, where, how, yaml, risks = [] } of cases) {
  t.test(name, async t => {
    const found = findSmallestChange(rules.length === 0 ? undefined : policyOf(...rules), request, 'media', place)
    if (found.change === undefined) throw new Error(found.why)
    const { change } = found
    t.equal(change.kind, kind)
    t.equal(change.where, where)
    if (how !== undefined) t.equal(change.how, how)
    t.equal(change.yaml, yaml.join('\n'))
    t.strictSame(
      change.risks.map(({ reason }) => reason),
      risks,
    )
    t.strictSame(change.rule, kind === 'add' ? Number(/rule (\d+)/.exec(where)?.[1]) - 1 : undefined)
    t.equal(decide(apply(rules, change), request).allowed, true, 'and the request is allowed by it')
  })
}

const impossible: { name: string; request: CorsRequest; bucket?: string; why: RegExp }[] = [
  {
    name: 'OPTIONS cannot be listed',
    request: { origin: a, method: 'OPTIONS', headerNames: [] },
    why: /no rule can list OPTIONS/,
  },
  { name: 'PATCH cannot be listed', request: { origin: a, method: 'PATCH', headerNames: [] }, why: /S3 knows GET/ },
  ...['**', 'a\tb', '\u0085', 'https://\u00e4\u00b8\u00ad', 'https://\u00ff', `https://${'a'.repeat(15_000)}`].map(
    origin => ({
      name: `the origin ${JSON.stringify(origin).slice(0, 30)} cannot be listed`,
      request: preflightOf(origin),
      why: /no rule can list this origin/,
    }),
  ),
  {
    name: 'a hostile origin is escaped and sent by no browser',
    request: preflightOf('"]}<script>alert(1)</script>#: &x'),
    why: /^no browser sends the origin "\\"\]\}\\x3cscript\\x3ealert\(1\)\\x3c\/script\\x3e#: \\x26x"$/,
  },
  ...[
    ['https://ex\u00c3\u00a4mple.com', 'https://xn--exmple-cua.com'],
    ['https://a.example/', 'https://a.example'],
    ['https://A.example:443', 'https://a.example'],
    ['a.example', 'https://a.example'],
  ].map(([origin = '', sent]) => ({
    name: `the origin ${JSON.stringify(origin)} is sent by no browser`,
    request: preflightOf(origin),
    why: new RegExp(`^no browser sends the origin .*: it sends "${sent}"$`),
  })),
  {
    name: 'a field name with two * cannot be listed',
    request: preflightOf(b, 'GET', 'a**'),
    why: /the field name "a\*\*"/,
  },
  {
    name: 'a bucket cannot have such a name',
    request: preflightOf(b),
    bucket: 'x'.repeat(256),
    why: /longer than any bucket name/,
  },
]

for (const { name, request, bucket = 'media', why } of impossible) {
  t.test(`${name}, so there is no change`, async t => {
    const rules = policyOf({ AllowedOrigins: [b], AllowedMethods: ['GET'] })
    const found = findSmallestChange(rules, request, bucket, {})
    t.equal(found.change, undefined)
    if (found.change === undefined) t.match(found.why, why)
  })
}

t.test('an origin that no rule can list is no matter where * is listed', async t => {
  const rules = policyOf({ AllowedOrigins: ['*'], AllowedMethods: ['GET'] })
  const found = findSmallestChange(rules, preflightOf('a\tb', 'PUT'), 'media', {})
  t.strictSame(found.change?.additions, { AllowedMethods: ['PUT'] })
})

const seed = 4711
t.test(`whatever is asked, the change allows it, and no smaller one does (seed ${seed})`, async t => {
  const random = new SeededRandom(seed)
  const origins = [a, b, 'null', 'https://c.example', 'app://MyApp', '*', 'http://x*y']
  const methods = ['GET', 'PUT', 'POST']
  const names = ['x-a', 'x-b', 'range', '*']
  const some = <T>(choices: readonly T[], least: number) =>
    Array.from({ length: least + random.below(3) }, () => random.pick(choices))
  let changes = 0
  for (let i = 0; i < 2000; i++) {
    const rules = Array.from({ length: random.below(4) }, () => ({
      AllowedOrigins: some(origins, 1),
      AllowedMethods: some(methods, 1),
      AllowedHeaders: some(names, 0),
    }))
    const policy = rules.length === 0 ? undefined : policyOf(...rules)
    const request = preflightOf(random.pick(origins), random.pick(methods), some(names, 0).join(','))
    if (decide(policy, request).allowed) continue
    const { change } = findSmallestChange(policy, request, 'media', {})
    if (change === undefined) throw new Error(JSON.stringify({ rules, request }))
    changes++
    if (!decide(apply(rules, change), request).allowed) t.fail(JSON.stringify({ rules, request, change }))
    for (const key of ['AllowedOrigins', 'AllowedMethods', 'AllowedHeaders'] as const) {
      const { [key]: values = [], ...rest } = change.additions
      for (const value of change.kind === 'add' ? values : []) {
        const less = { ...rest, ...(values.length > 1 ? { [key]: values.filter(other => other !== value) } : {}) }
        const smaller = apply(rules, { ...change, additions: less })
        if (decide(smaller, request).allowed) t.fail(JSON.stringify({ rules, request, change, value }))
      }
    }
  }
  t.ok(changes > 500, `${changes} changes were tried`)
})

/** The policy with the change made, once from its values and once from its YAML, which must mean the same. */
function apply(rules: readonly WrittenRule[], change: Change) {
  const pasted: unknown = parse(change.yaml)
  const { rule: changed, additions } = change
  if (changed === undefined) {
    const entry = (change.kind === 'new-entry' ? (pasted as Record<string, unknown>).media : pasted) as {
      CORSRules: WrittenRule[]
    }
    return policyOf(...entry.CORSRules)
  }
  const written = rules.map((rule, index) => {
    if (index !== changed) return rule
    const { AllowedOrigins = [], AllowedMethods = [], AllowedHeaders = [] } = additions
    return {
      ...rule,
      AllowedOrigins: [...rule.AllowedOrigins, ...AllowedOrigins],
      AllowedMethods: [...rule.AllowedMethods, ...AllowedMethods],
      AllowedHeaders: [...(rule.AllowedHeaders ?? []), ...AllowedHeaders],
    }
  })
  const parsed = parseRules(written)
  if (parsed.rules === undefined) throw new Error(JSON.stringify(parsed.issues))
  return compilePolicy(parsed.rules)
}
