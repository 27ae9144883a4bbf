// What becomes of rules that an endpoint keeps although S3 refuses them: what is allowed, and what is told.

import t from 'tap'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { corsFieldLines } from '../../../src/cors/decision/response-fields.ts'
import type { StoredFormFault } from '../../../src/cors/parsing/stored-rules.ts'
import { describeStoredFault, maxStoredFaults, readStoredRules } from '../../../src/cors/parsing/stored-rules.ts'
import { parseCorsConfigurationXml } from '../../../src/s3/cors-operation/cors-configuration-xml.ts'

const stored = (rules: string) => {
  const faults: StoredFormFault[] = []
  const document = parseCorsConfigurationXml(`<CORSConfiguration>${rules}</CORSConfiguration>`, { faults })
  if (document.rules === undefined) throw new Error(document.fault.message)
  return readStoredRules(document.rules, faults)
}

/** What a browser's request gets: the fields by name, or the reason of the refusal. */
function ask(rules: string, origin: string, method: string, ...headerNames: string[]) {
  const read = stored(rules)
  const request = { origin, method, headerNames }
  const decision = decide(compilePolicy(read.rules, read.faults), request)
  return decision.allowed ? corsFieldLines(decision, request).split('\r\n').slice(0, -1) : decision.reason
}

const a = 'https://a.example'
const allowed = (...more: string[]) => [
  `Access-Control-Allow-Origin: ${a}`,
  'Access-Control-Allow-Methods: GET',
  ...more,
]
const credentials = 'Access-Control-Allow-Credentials: true'
const get = '<AllowedMethod>GET</AllowedMethod>'
const from = (origin = a) => `<AllowedOrigin>${origin}</AllowedOrigin>`
const rule = (...inside: string[]) => `<CORSRule>${inside.join('')}</CORSRule>`

/** What cannot change a decision is ignored: a GET of `a` gets what the rest of the rule says. */
const ignored: { name: string; rules: string; gets?: readonly string[]; told: RegExp }[] = [
  ...['*', 'x-amz-*', 'ETag:', 'ETag, x-amz-meta-a', 'a b', '', 'e\u0301tag', '\nETag\n'].map(name => ({
    name: `an exposed name ${JSON.stringify(name)}`,
    rules: rule(get, from(), `<ExposeHeader>${name}</ExposeHeader><ExposeHeader>ETag</ExposeHeader>`),
    gets: allowed('Access-Control-Expose-Headers: ETag', credentials),
    told: name.includes('*') ? /ExposeHeader .* contains wildcard/ : /contains invalid character; ignored/,
  })),
  ...['COPY', 'PATCH', 'OPTIONS', 'get', ' PUT', 'GET, PUT', ''].map(method => ({
    name: `a method ${JSON.stringify(method)}`,
    rules: rule(get, from(), `<AllowedMethod>${method}</AllowedMethod>`),
    told: /Found unsupported HTTP method/,
  })),
  ...['https://日本.example', '\n  https://b.example\n', 'https://b\u0000.example'.replace('\0', '\u0085')].map(
    origin => ({
      name: `an origin ${JSON.stringify(origin)}`,
      rules: rule(get, from(), from(origin)),
      told: /AllowedOrigin .* contains invalid character; ignored/s,
    }),
  ),
  ...['a b', 'ETag:', 'a, b', '', 'ü'].map(name => ({
    name: `an allowed header ${JSON.stringify(name)}`,
    rules: rule(get, from(), `<AllowedHeader>${name}</AllowedHeader>`),
    told: /AllowedHeader .* contains invalid character; ignored/,
  })),
  ...['3600s', '', ' 60', '1e3', '0010', '9007199254740993', '٣'].map(seconds => ({
    name: `MaxAgeSeconds ${JSON.stringify(seconds)}`,
    rules: rule(get, from(), `<MaxAgeSeconds>${seconds}</MaxAgeSeconds>`),
    told: /MaxAgeSeconds is not an integer; ignored/,
  })),
  {
    name: 'MaxAgeSeconds twice, none of which is taken',
    rules: rule(get, from(), '<MaxAgeSeconds>5</MaxAgeSeconds><MaxAgeSeconds>50</MaxAgeSeconds>'),
    told: /MaxAgeSeconds stands twice/,
  },
  {
    name: 'MaxAgeSeconds three times',
    rules: rule(get, from(), '<MaxAgeSeconds>5</MaxAgeSeconds>'.repeat(3)),
    told: /MaxAgeSeconds stands twice/,
  },
  { name: 'an ID twice', rules: rule('<ID>x</ID><ID>y</ID>', get, from()), told: /^stored rule 1: ID stands twice/ },
  {
    name: 'an ID of 256 characters',
    rules: rule(`<ID>${'x'.repeat(256)}</ID>`, get, from()),
    told: /^stored rule 1: ID has 256/,
  },
  {
    name: 'text between the rules',
    rules: `text${rule(get, from())}`,
    told: /^the stored rules: CORSConfiguration holds text/,
  },
  ...[
    '<AllowedOrigns>https://b.example</AllowedOrigns>',
    '<allowedMethod>PUT</allowedMethod>',
    '<Note><b/>x</Note>',
  ].map(unknown => ({
    name: `${unknown}, which S3 does not know,`,
    rules: rule(get, unknown, from()),
    told: /^stored rule 1: <\w+> is not known here; ignored, the rest of the rule holds/,
  })),
  {
    name: 'an exposed name that holds an element',
    rules: rule(get, from(), '<ExposeHeader><b/></ExposeHeader>'),
    told: /ExposeHeader holds another element; ignored/,
  },
]
for (const { name, rules, gets = allowed(credentials), told } of ignored) {
  t.test(`${name} is ignored, and the rest of the rule holds`, async t => {
    t.strictSame(ask(rules, a, 'GET'), gets)
    const { faults } = stored(rules)
    t.match(faults.map(describeStoredFault)[0], told)
    t.ok(faults.every(({ effect }) => effect === 'value-ignored'))
  })
}

/** What is doubtful makes its rule match nothing: neither for `a`, which it lists, nor for another. */
const doubtful: { name: string; rule: string; told: RegExp }[] = [
  ...['**', 'https://*.*.example', 'https://*.example\n', '\n*\n', ' * ', '\u00a0*', '\ufeff*', '＊', '﹡'].map(
    origin => ({
      name: `an origin ${JSON.stringify(origin)}`,
      rule: rule(get, from(), from(origin)),
      told: /AllowedOrigin /,
    }),
  ),
  ...['*', 'GE*', '* ', '＊'].map(method => ({
    name: `a method ${JSON.stringify(method)}`,
    rule: rule(get, from(), `<AllowedMethod>${method}</AllowedMethod>`),
    told: /Found unsupported HTTP method/,
  })),
  ...['**', 'x-*-*', '*, authorization', ' *', '＊'].map(header => ({
    name: `an allowed header ${JSON.stringify(header)}`,
    rule: rule(get, from(), `<AllowedHeader>${header}</AllowedHeader>`),
    told: /AllowedHeader /,
  })),
  { name: 'text in a rule', rule: rule(get, from(), 'https://b.example'), told: /CORSRule holds text/ },
  {
    name: 'an element in an origin',
    rule: rule(get, from(), '<AllowedOrigin>https://<b/>b.example</AllowedOrigin>'),
    told: /AllowedOrigin holds another element/,
  },
  { name: 'no method', rule: rule(from()), told: /it has no AllowedMethod that a browser can send/ },
  {
    name: 'no method that a browser can send',
    rule: rule(from(), '<AllowedMethod>COPY</AllowedMethod>'),
    told: /COPY/,
  },
  { name: 'no origin', rule: rule(get), told: /it has no AllowedOrigin that a browser can send/ },
  { name: 'no origin that a browser can send', rule: rule(get, from('https://日本.example')), told: /日本/ },
  { name: 'nothing at all', rule: rule(), told: /no AllowedOrigin and no AllowedMethod/ },
]
for (const { name, rule: faulty, told } of doubtful) {
  t.test(`a rule with ${name} matches nothing, and the other rules hold`, async t => {
    for (const origin of [a, 'https://b.example', 'https://x.y.example', 'null', '*', '**', ' * '])
      for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])
        for (const headers of [[], ['authorization'], ['x-a-b']])
          t.equal(ask(faulty, origin, method, ...headers), 'origin')
    const beside = `${rule('<ID>one</ID>', '<AllowedMethod>PUT</AllowedMethod>', from('https://c.example'))}${faulty}${rule(get, from('https://d.example'))}`
    t.type(ask(beside, 'https://c.example', 'PUT'), Array)
    t.type(ask(beside, 'https://d.example', 'GET'), Array)
    const { rules, faults } = stored(beside)
    t.equal(rules.length, 3, 'every rule keeps its place')
    const texts = faults.map(describeStoredFault)
    t.match(texts[0], told)
    t.ok(texts.some(text => text.startsWith('stored rule 2: ') && text.endsWith('; the rule matches nothing')))
    t.ok(faults.every(({ index }) => index === 1))
  })
}

t.test('a wildcard that some endpoint reads takes no credentials away by being left out', async t => {
  const both = rule(get, from('*'), from())
  t.strictSame(ask(both, a, 'GET'), ['Access-Control-Allow-Origin: *', 'Access-Control-Allow-Methods: GET'])
  for (const star of ['\n*\n', ' * ', '\t*', '**', '＊'])
    t.equal(ask(rule(get, from(star), from()), a, 'GET'), 'origin', JSON.stringify(star))
})

t.test('what S3 takes has no faults', async t => {
  for (const seconds of ['0', '-5', '3600']) {
    const read = stored(rule(get, from(), `<MaxAgeSeconds>${seconds}</MaxAgeSeconds>`))
    t.strictSame(read.faults, [])
    t.equal(read.rules[0]?.maxAgeSeconds, Number(seconds))
  }
  t.strictSame(stored(rule(get, from()).repeat(100)).faults, [])
})

t.test('what an endpoint adds beside the rules is no fault of them', async t => {
  t.strictSame(stored(`<ResponseVary>false</ResponseVary>${rule(get, from())}`).faults, [])
})

t.test('of more than a hundred rules the first hundred hold', async t => {
  const rules = `${rule(get, from('https://z.example')).repeat(100)}${rule(get, from())}`
  t.type(ask(rules, 'https://z.example', 'GET'), Array)
  t.equal(ask(rules, a, 'GET'), 'origin')
  t.match(stored(rules).faults.map(describeStoredFault), [/there are 101 rules; S3 takes 100/])
})

t.test('75 KB of rules hold', async t => {
  const long = Array.from({ length: 750 }, (_, i) => from(`https://${'x'.repeat(60)}-${i}.example`)).join('')
  const rules = rule(get, long, from())
  t.ok(rules.length > 75_000)
  t.strictSame(ask(rules, a, 'GET'), allowed(credentials))
})

t.test('what is told is bounded, in number and in length', async t => {
  const { faults } = stored(rule(get, from(), '<AllowedMethod>COPY</AllowedMethod>'.repeat(5000)))
  t.equal(faults.length, maxStoredFaults)
  t.match(faults.at(-1)?.message, /^4901 more faults/)
  const [long] = stored(rule(get, from(), `<ExposeHeader>${'*'.repeat(50_000)}</ExposeHeader>`)).faults
  t.equal(long?.message.length, 300)
})

t.test('the ID of the rule is told', async t => {
  const [fault] = stored(rule('<ID>a"b</ID>', get, from(), '<ExposeHeader>*</ExposeHeader>')).faults
  t.match(fault && describeStoredFault(fault), /^stored rule 1 \(ID "a\\"b"\): ExposeHeader "\*" contains wildcard/)
})
