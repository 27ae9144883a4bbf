import t from 'tap'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { decide, type Reason, refused } from '../../../src/cors/decision/decide.ts'
import { compilePolicy, Policy } from '../../../src/cors/decision/policy.ts'
import { appendCorsFields } from '../../../src/cors/decision/response-fields.ts'
import { parseRules } from '../../../src/cors/parsing/parse-rules.ts'
import { policyForOrigins, policyOf, preflightOf, type WrittenRule } from '../../fixtures/cors-policy.ts'

t.test('ceph/s3-tests test_cors_origin_response: 33 assertions', async t => {
  const policy = policyOf(
    { AllowedOrigins: ['*suffix'], AllowedMethods: ['GET'] },
    { AllowedOrigins: ['start*end'], AllowedMethods: ['GET'] },
    { AllowedOrigins: ['prefix*'], AllowedMethods: ['GET'] },
    { AllowedOrigins: ['*.put'], AllowedMethods: ['PUT'] },
  )
  const allow = (origin: string, method = 'GET') => ({ origin, methods: method })
  const table: {
    method: string
    origin?: string
    requestMethod?: string
    expected: { origin: string; methods: string } | 'denied' | 'no_origin'
  }[] = [
    { method: 'GET', expected: 'no_origin' },
    { method: 'GET', origin: 'foo.suffix', expected: allow('foo.suffix') },
    { method: 'GET', origin: 'foo.bar', expected: 'denied' },
    { method: 'GET', origin: 'foo.suffix.get', expected: 'denied' },
    { method: 'GET', origin: 'startend', expected: allow('startend') },
    { method: 'GET', origin: 'start1end', expected: allow('start1end') },
    { method: 'GET', origin: 'start12end', expected: allow('start12end') },
    { method: 'GET', origin: '0start12end', expected: 'denied' },
    { method: 'GET', origin: 'prefix', expected: allow('prefix') },
    { method: 'GET', origin: 'prefix.suffix', expected: allow('prefix.suffix') },
    { method: 'GET', origin: 'bla.prefix', expected: 'denied' },
    { method: 'GET', origin: 'foo.suffix', expected: allow('foo.suffix') },
    { method: 'PUT', origin: 'foo.suffix', requestMethod: 'GET', expected: allow('foo.suffix') },
    { method: 'PUT', origin: 'foo.suffix', requestMethod: 'PUT', expected: 'denied' },
    { method: 'PUT', origin: 'foo.suffix', requestMethod: 'DELETE', expected: 'denied' },
    { method: 'PUT', origin: 'foo.suffix', expected: 'denied' },
    { method: 'PUT', origin: 'foo.put', expected: allow('foo.put', 'PUT') },
    { method: 'PUT', origin: 'foo.put', requestMethod: 'PUT', expected: allow('foo.put', 'PUT') },
    { method: 'OPTIONS', expected: 'no_origin' },
    { method: 'OPTIONS', origin: 'foo.suffix', expected: 'denied' },
    { method: 'OPTIONS', origin: 'bla', expected: 'denied' },
    { method: 'OPTIONS', origin: 'foo.suffix', requestMethod: 'GET', expected: allow('foo.suffix') },
    { method: 'OPTIONS', origin: 'foo.bar', requestMethod: 'GET', expected: 'denied' },
    { method: 'OPTIONS', origin: 'foo.suffix.get', requestMethod: 'GET', expected: 'denied' },
    { method: 'OPTIONS', origin: 'startend', requestMethod: 'GET', expected: allow('startend') },
    { method: 'OPTIONS', origin: 'start1end', requestMethod: 'GET', expected: allow('start1end') },
    { method: 'OPTIONS', origin: 'start12end', requestMethod: 'GET', expected: allow('start12end') },
    { method: 'OPTIONS', origin: '0start12end', requestMethod: 'GET', expected: 'denied' },
    { method: 'OPTIONS', origin: 'prefix', requestMethod: 'GET', expected: allow('prefix') },
    { method: 'OPTIONS', origin: 'prefix.suffix', requestMethod: 'GET', expected: allow('prefix.suffix') },
    { method: 'OPTIONS', origin: 'bla.prefix', requestMethod: 'GET', expected: 'denied' },
    { method: 'OPTIONS', origin: 'foo.put', requestMethod: 'GET', expected: 'denied' },
    { method: 'OPTIONS', origin: 'foo.put', requestMethod: 'PUT', expected: allow('foo.put', 'PUT') },
  ]
  t.equal(table.length, 33)
  for (const { method, origin, requestMethod, expected } of table) {
    const request = parseCorsRequest(method, origin, requestMethod, undefined)
    const name = `${method} from ${origin} asking for ${requestMethod}`
    if ('kind' in request) {
      t.equal(request.kind, expected, name)
      continue
    }
    const decision = decide(policy, request)
    if (!decision.allowed) {
      t.equal(expected, 'denied', name)
      continue
    }
    const fields: string[] = []
    appendCorsFields(fields, decision, request)
    t.strictSame({ origin: fields[1], methods: fields[3] }, expected, name)
  }
})

const exact = 'https://example.com'
const special = [
  '_',
  '-',
  '"',
  '{',
  '}',
  '+',
  '^',
  '%60',
  '!',
  '~',
  '`',
  ';',
  '|',
  '&',
  "'",
  '(',
  ')',
  '*',
  ',',
  '$',
  '=',
  '%0b',
]

/** Origins that look like a listed one. Each is asked of a rule set that lists the real one. */
const attacks: { name: string; rules: string[]; denied: string[] }[] = [
  { name: 'an arbitrary origin', rules: [exact], denied: ['https://evil.com'] },
  {
    name: 'the listed origin as a prefix',
    rules: [exact, 'https://*.example.com'],
    denied: ['https://example.com.evil.com', 'https://a.example.com.evil.com'],
  },
  {
    name: 'the listed origin as a suffix',
    rules: [exact, 'https://*.example.com'],
    denied: ['https://evilexample.com', 'https://evil-example.com'],
  },
  {
    name: 'another character for the dot',
    rules: [exact, 'https://www.example.com'],
    denied: ['https://wwwaexample.com', 'https://examplexcom', 'https://www.examplexcom'],
  },
  { name: 'a part of the listed origin', rules: [exact], denied: ['https://example.co', 'https://xample.com'] },
  {
    name: 'special characters before another domain',
    rules: [exact, 'https://*.example.com'],
    denied: special.flatMap(character => [
      `https://example.com${character}.evil.com`,
      `https://a.example.com${character}.evil.com`,
    ]),
  },
  {
    name: 'dots that make another host',
    rules: [exact],
    denied: ['https://example.com.', 'https://example..com', 'https://.example.com'],
  },
  {
    name: 'upper case, which no browser sends',
    rules: [exact],
    denied: ['HTTPS://Example.com', 'https://EXAMPLE.com', 'Https://example.com'],
  },
  {
    name: 'what a URL parser would make the listed origin of',
    rules: [exact],
    denied: [
      'https://example.com\\.evil.com',
      'https://user@example.com',
      'https://ex%61mple.com',
      'https://exa\u00e2\u0080\u008bmple.com',
      'https://exa\tmple.com',
      '\thttps://example.com',
      'https://example.com\t',
      ' https://example.com',
      'https://example.com/',
      'https://example.com:443',
      'https://example.com?',
    ],
  },
  {
    name: 'more than one origin, or a very long one',
    rules: [exact, 'https://other.example'],
    denied: [
      'https://example.com, https://other.example',
      'https://example.com https://other.example',
      'https://example.com,',
      ',https://example.com',
      `https://example.com${'a'.repeat(5000)}`,
    ],
  },
  {
    name: 'names in Unicode and in ASCII are not the same',
    rules: ['https://ex\u00e4mple.com', exact],
    denied: ['https://xn--exmple-cua.com', 'https://ex\u00e4mple.com', 'https://\u00d0\u00b5xample.com'],
  },
  {
    name: 'other forms of an IP address',
    rules: ['http://127.0.0.1:90', 'http://[::1]'],
    denied: [
      'http://127.1:90',
      'http://127.0.0.1',
      'http://[0:0:0:0:0:0:0:1]',
      'http://[::ffff:7f00:1]:90',
      'http://[::1%25eth0]',
      'http://2130706433:90',
    ],
  },
  { name: '*.example.com is not example.com', rules: ['https://*.example.com'], denied: [exact] },
]

for (const { name, rules, denied } of attacks) {
  t.test(`${name} is denied`, async t => {
    const policy = policyForOrigins(rules)
    for (const origin of denied) t.equal(decide(policy, preflightOf(origin)), refused.origin, JSON.stringify(origin))
    for (const origin of rules.filter(rule => rule !== 'https://ex\u00e4mple.com')) {
      t.equal(decide(policy, preflightOf(origin.replace('*', 'a.b'))).allowed, true, `${origin} itself is allowed`)
    }
  })
}

t.test('a name in Unicode matches the bytes that UTF-8 makes of it, which no browser sends', async t => {
  const policy = policyForOrigins(['https://ex\u00e4mple.com'])
  t.equal(decide(policy, preflightOf('https://ex\u00c3\u00a4mple.com')).allowed, true)
})

t.test('null is a plain string', async t => {
  const anywhere = policyForOrigins(['*'])
  const decision = decide(anywhere, preflightOf('null'))
  t.equal(decision.allowed && decision.anyOrigin, true, 'matched by *, which is answered without credentials')
  t.equal(decide(policyForOrigins(['null']), preflightOf('null')).allowed, true, 'matched by a rule that lists it')
  t.equal(decide(policyForOrigins([exact, 'https://*']), preflightOf('null')), refused.origin)
  t.equal(decide(policyForOrigins(['null']), preflightOf('NULL')), refused.origin)
})

t.test('*.example.com matches subdomains of any depth', async t => {
  const policy = policyForOrigins(['https://*.example.com'])
  for (const origin of ['https://a.example.com', 'https://a.b.example.com']) {
    t.equal(decide(policy, preflightOf(origin)).allowed, true, origin)
  }
})

t.test('the shapes of S3 wildcards', async t => {
  const policy = policyForOrigins(['*suffix'], ['start*end'], ['prefix*'], ['*.put'])
  for (const origin of ['foo.suffix', 'suffix', 'startend', 'start1end', 'prefix', 'prefix.x', '.put', 'a.put']) {
    t.equal(decide(policy, preflightOf(origin)).allowed, true, origin)
  }
  for (const origin of ['0start12end', 'suffix.x', 'xprefix', 'put', 'startEnd']) {
    t.equal(decide(policy, preflightOf(origin)).allowed, false, origin)
  }
})

t.test('two * in one value refuse the whole rule set', async t => {
  const good = { AllowedOrigins: ['*'], AllowedMethods: ['GET'] }
  t.equal(parseRules([good, { ...good, AllowedOrigins: ['https://*.a.*'] }]).rules, undefined)
  t.equal(parseRules([good, { ...good, AllowedHeaders: ['*-amz-*'] }]).rules, undefined)
})

t.test('the first rule that passes all three checks wins, and rules are never merged', async t => {
  const a = 'https://a.example'
  const policy = policyOf(
    { AllowedOrigins: [a], AllowedMethods: ['GET'], AllowedHeaders: ['x-one'] },
    { AllowedOrigins: [a], AllowedMethods: ['PUT'], AllowedHeaders: ['x-two'] },
    { AllowedOrigins: ['https://*'], AllowedMethods: ['GET', 'PUT'], AllowedHeaders: ['x-t*'] },
    { AllowedOrigins: ['*'], AllowedMethods: ['HEAD', 'GET'] },
  )
  const table: { name: string; origin: string; method?: string; headers?: string; expected: number | Reason }[] = [
    { name: 'all of rule 1', origin: a, headers: 'x-one', expected: 0 },
    { name: 'all of rules 1 to 4: the first', origin: a, expected: 0 },
    { name: 'the method of rule 2', origin: a, method: 'PUT', headers: 'x-two', expected: 1 },
    { name: 'a field name of rule 3 only', origin: a, method: 'PUT', headers: 'x-three', expected: 2 },
    {
      name: 'a field name of rule 1, the method of rule 2',
      origin: a,
      method: 'PUT',
      headers: 'x-one',
      expected: 'header',
    },
    { name: 'field names of two rules', origin: a, headers: 'x-one,x-two', expected: 'header' },
    { name: 'a method of rule 4 only', origin: a, method: 'HEAD', expected: 3 },
    { name: 'a method of no rule', origin: a, method: 'DELETE', expected: 'method' },
    { name: 'another origin', origin: 'whatever', expected: 3 },
    { name: 'another origin with a field name', origin: 'whatever', headers: 'x-two', expected: 'header' },
  ]
  for (const { name, origin, method, headers, expected } of table) {
    const decision = decide(policy, preflightOf(origin, method, headers))
    t.equal(decision.allowed ? decision.index : decision.reason, expected, name)
  }
})

const clauses: { name: string; rules: WrittenRule[]; method?: string; headers?: string; expected: Reason }[] = [
  {
    name: 'GET does not imply HEAD',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'] }],
    method: 'HEAD',
    expected: 'method',
  },
  {
    name: 'a rule without AllowedHeaders allows no requested name, CORS-safelisted ones included',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'] }],
    headers: 'origin,accept,content-type',
    expected: 'header',
  },
  {
    name: 'names are compared without case',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'], AllowedHeaders: ['x-AMZ-server-SIDE-encryption'] }],
    headers: 'X-amz-SERVER-side-encryption',
    expected: 'matched',
  },
  {
    name: 'a name that a wildcard matches',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'], AllowedHeaders: ['X-Amz-*', '*-md5'] }],
    headers: 'x-amz-date, content-md5,x-amz-',
    expected: 'matched',
  },
  {
    name: 'a name that no wildcard matches',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'], AllowedHeaders: ['X-Amz-*'] }],
    headers: 'x-amz-date, x-amz',
    expected: 'header',
  },
  {
    name: 'names in any order, spaces and empty elements do not count',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'], AllowedHeaders: ['a', 'b'] }],
    headers: ' b ,,a,\tb,',
    expected: 'matched',
  },
  {
    name: '* in AllowedHeaders covers Authorization',
    rules: [{ AllowedOrigins: [exact], AllowedMethods: ['GET'], AllowedHeaders: ['*'] }],
    headers: 'authorization',
    expected: 'matched',
  },
  { name: 'no rules allow nothing', rules: [], expected: 'no_rules' },
  {
    name: 'the refusal is the furthest check that any rule reached: header before method',
    rules: [
      { AllowedOrigins: [exact], AllowedMethods: ['GET'] },
      { AllowedOrigins: [exact], AllowedMethods: ['PUT'] },
      { AllowedOrigins: ['https://other'], AllowedMethods: ['GET'] },
    ],
    headers: 'x',
    expected: 'header',
  },
  {
    name: 'the refusal is the furthest check that any rule reached: method before origin',
    rules: [
      { AllowedOrigins: ['https://other'], AllowedMethods: ['GET'] },
      { AllowedOrigins: [exact], AllowedMethods: ['PUT'] },
    ],
    expected: 'method',
  },
]

for (const { name, rules, method, headers, expected } of clauses) {
  t.test(name, async t => {
    const decision = decide(rules.length === 0 ? undefined : policyOf(...rules), preflightOf(exact, method, headers))
    t.equal(decision.reason, expected)
  })
}

t.test('a policy without rules has no rules', async t => {
  t.equal(decide(compilePolicy([]), preflightOf(exact)), refused.no_rules)
})

t.test('a preflight without Access-Control-Request-Method asks for OPTIONS, which no rule lists', async t => {
  const request = parseCorsRequest('OPTIONS', exact, undefined, undefined)
  t.equal('kind' in request ? request.kind : decide(policyForOrigins(['*']), request).reason, 'method')
})

t.test('decisions are shared constants', async t => {
  const policy = policyForOrigins([exact])
  t.equal(decide(policy, preflightOf(exact)), policy.rules[0])
  t.equal(decide(policy, preflightOf('https://x')), refused.origin)
  for (const [reason, decision] of Object.entries(refused)) {
    t.strictSame(decision, { allowed: false, reason })
    t.equal(Object.isFrozen(decision), true)
  }
})

t.test('rules behind one that matched are not compiled', async t => {
  const compiled: number[] = []
  class Watched extends Policy {
    override ruleAt(index: number) {
      compiled.push(index)
      return super.ruleAt(index)
    }
  }
  const { configuration } = policyForOrigins(['https://b'], [exact], [exact, 'https://*'], [exact])
  const decision = decide(new Watched(configuration), preflightOf(exact))
  t.equal(decision.allowed && decision.index, 1)
  t.strictSame(compiled, [1])
})

t.test('the earlier rule wins whichever way it lists the origin', async t => {
  const ways = [[exact], ['*'], ['https://*'], ['*.com'], ['https://example*']]
  for (const first of ways) {
    for (const second of ways) {
      const decision = decide(policyForOrigins(first, second), preflightOf(exact))
      t.equal(decision.allowed && decision.index, 0, `${first} before ${second}`)
    }
  }
})

t.test('the furthest refusal counts whichever way the rules list the origin', async t => {
  const ways = [[exact], ['*'], ['https://*'], ['*.com']]
  for (const one of ways) {
    for (const other of ways) {
      const policy = policyOf(
        { AllowedOrigins: one, AllowedMethods: ['GET'] },
        { AllowedOrigins: other, AllowedMethods: ['PUT'] },
      )
      t.equal(decide(policy, preflightOf(exact, 'GET', 'x')), refused.header, `${one} and ${other}`)
      t.equal(decide(policy, preflightOf(exact, 'PUT', 'x')), refused.header, `${one} and ${other}`)
      t.equal(decide(policy, preflightOf(exact, 'HEAD', 'x')), refused.method, `${one} and ${other}`)
    }
  }
})
