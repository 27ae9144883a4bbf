import t from 'tap'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { corsMethods } from '../../../src/cors/rules/rule.ts'
import { type Seen, suggest } from '../../../src/cors/suggestion/suggest.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'
import { makeSeen, randomTraffic } from '../../fixtures/seen-requests.ts'

/** The names that an origin asked for with a method; undefined where it never came. */
function needsOf(seen: readonly Seen[]): ReadonlyMap<string, ReadonlySet<string>> {
  const needs = new Map<string, Set<string>>()
  for (const { origin, method, headers = [] } of seen) {
    const names = needs.get(`${origin} ${method}`) ?? new Set()
    for (const name of headers) names.add(name)
    needs.set(`${origin} ${method}`, names)
  }
  return needs
}

/** One rule for all origins that need the same names with the same methods. */
function naiveRules(seen: readonly Seen[]): number {
  const needs = needsOf(seen)
  const byOrigin = new Map<string, Map<string, string[]>>()
  for (const [key, names] of needs) {
    const [origin = '', method = ''] = key.split(' ')
    const groups = byOrigin.get(origin) ?? new Map<string, string[]>()
    byOrigin.set(origin, groups)
    const list = [...names].sort().join(',')
    groups.set(list, [...(groups.get(list) ?? []), method].sort())
  }
  const rules = [...byOrigin.values()].flatMap(groups => [...groups].map(([names, methods]) => `${names} ${methods}`))
  return new Set(rules).size
}

const random = new SeededRandom(20)
for (let round = 0; round < 60; round++) {
  const size = { origins: 1 + random.below(8), names: 1 + random.below(6), requests: 1 + random.below(60) }
  t.test(`round ${round}: ${JSON.stringify(size)} is allowed as it was seen, and nothing else is`, async t => {
    const seen = randomTraffic(random, size)
    const [bucket] = suggest(seen)
    const rules = bucket?.rules.map(({ rule }) => rule) ?? []
    const policy = compilePolicy(rules)
    const needs = needsOf(seen)
    const names = [...new Set(seen.flatMap(({ headers = [] }) => headers))]
    const wrong: string[] = []
    for (const { origin, method, headers = [] } of seen) {
      if (!decide(policy, { origin, method, headerNames: headers }).allowed) wrong.push(`denied: ${origin} ${method}`)
    }
    for (let origin = 0; origin < size.origins; origin++) {
      for (const method of corsMethods) {
        const key = `https://site-${origin}.example.com`
        const need = needs.get(`${key} ${method}`)
        const ask = (headerNames: readonly string[]) => decide(policy, { origin: key, method, headerNames }).allowed
        if (ask([]) !== (need !== undefined)) wrong.push(`${key} ${method}`)
        for (const name of names) if (ask([name]) !== (need?.has(name) ?? false)) wrong.push(`${key} ${method} ${name}`)
        if (need !== undefined && !ask([...need])) wrong.push(`${key} ${method} together`)
      }
    }
    t.strictSame(wrong, [])
    t.ok(rules.length <= naiveRules(seen), `${rules.length} rules, plain grouping has ${naiveRules(seen)}`)
  })
}

t.test('origins with the same needs stand together, and methods of the same names', async t => {
  const seen = ['https://a.example.com', 'https://b.example.com'].flatMap(origin => [
    makeSeen({ origin }),
    makeSeen({ origin, method: 'HEAD' }),
    makeSeen({ origin, method: 'PUT', headers: ['content-type'], preflights: 2, actual: 0 }),
    makeSeen({ origin, method: 'PUT', headers: ['x-amz-date'], preflights: 1, actual: 0 }),
  ])
  t.strictSame(
    suggest(seen)[0]?.rules.map(({ rule }) => rule),
    [
      {
        allowedOrigins: ['https://a.example.com', 'https://b.example.com'],
        allowedMethods: ['PUT'],
        allowedHeaders: ['content-type', 'x-amz-date'],
        exposeHeaders: ['ETag'],
      },
      {
        allowedOrigins: ['https://a.example.com', 'https://b.example.com'],
        allowedMethods: ['GET', 'HEAD'],
        allowedHeaders: [],
        exposeHeaders: [],
      },
    ],
  )
})

t.test('uploads let pages read ETag and the checksums that they sent, each by its name', async t => {
  const checksums = ['x-amz-checksum-crc32', 'x-amz-checksum-sha256']
  const others = ['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type', 'x-amz-date']
  const headers = [...checksums, ...others].sort()
  for (const [method, exposeHeaders] of [
    ['PUT', ['ETag', ...checksums]],
    ['POST', ['ETag', ...checksums]],
    ['GET', []],
    ['DELETE', []],
  ] as const) {
    const [rule] = suggest([makeSeen({ method, headers })])[0]?.rules ?? []
    t.strictSame(rule?.rule.exposeHeaders, exposeHeaders, method)
  }
})

t.test('POST of an upload in parts by a rule of its own is no reason to warn of PUT', async t => {
  const names = [
    'amz-sdk-invocation-id',
    'amz-sdk-request',
    'authorization',
    'content-type',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-user-agent',
  ]
  const seen = [
    makeSeen({ method: 'PUT', headers: [...names, 'x-amz-checksum-crc32'] }),
    makeSeen({ method: 'POST', headers: names }),
  ]
  t.strictSame(
    suggest(seen)[0]?.rules.map(({ warnings }) => warnings),
    [[], []],
  )
})

t.test('a rule that serves several groups at once takes fewer than plain grouping', async t => {
  // a needs GET, b needs GET and HEAD, c needs HEAD; with the names of GET and of HEAD equal.
  const seen = [
    ['a', 'GET'],
    ['b', 'GET'],
    ['b', 'HEAD'],
    ['c', 'HEAD'],
  ].map(([site, method]) => makeSeen({ origin: `https://${site}.example.com`, method: method ?? '' }))
  t.equal(naiveRules(seen), 3)
  t.equal(suggest(seen)[0]?.rules.length, 2)
})

const leftOut: readonly { name: string; changes: Partial<Seen>; reason: RegExp }[] = [
  { name: 'the origin null', changes: { origin: 'null' }, reason: /sandboxed frame/ },
  { name: 'an http origin', changes: { origin: 'http://app.example.com' }, reason: /http/ },
  { name: 'an extension', changes: { origin: 'chrome-extension://abcdef' }, reason: /not https/ },
  { name: 'a scheme that no page has', changes: { origin: 'foo://bar' }, reason: /not https/ },
  { name: 'a * in the origin', changes: { origin: 'https://*.example.com' }, reason: /\*/ },
  { name: 'a host that no page has', changes: { origin: 'https://a_.example..com' }, reason: /host/ },
  { name: 'a method that no rule lists', changes: { method: 'PATCH' }, reason: /no rule can list/ },
  { name: 'a preflight without a method', changes: { method: 'OPTIONS' }, reason: /no rule can list/ },
  { name: 'no list of names', changes: { headers: undefined }, reason: /no list of names/ },
  { name: 'a name that is no token', changes: { headers: ['a b'] }, reason: /no list of names/ },
  { name: 'a name with a *', changes: { headers: ['x-*'] }, reason: /more header names/ },
  { name: 'the name *', changes: { headers: ['*'] }, reason: /more header names/ },
]
for (const { name, changes, reason } of leftOut) {
  t.test(`${name} gets no rule, and is told with the reason`, async t => {
    const [bucket] = suggest([makeSeen(), makeSeen(changes)])
    t.equal(bucket?.rules.length, 1)
    t.match(bucket?.leftOut, [{ seen: makeSeen(changes), reason }])
    t.equal(bucket?.leftOut.length, 1)
  })
}

t.test('of more rules than S3 takes those that came most are suggested', async t => {
  const seen = Array.from({ length: 130 }, (_, index) =>
    makeSeen({
      origin: `https://s${index}.example.com`,
      method: 'PUT',
      headers: [`x-${index}`],
      preflights: index + 1,
    }),
  )
  const [bucket] = suggest(seen)
  t.equal(bucket?.rules.length, 100)
  t.equal(bucket?.leftOut.length, 30)
  t.match(bucket?.leftOut[0]?.reason, /at most 100 rules/)
})

t.test('what check warns of a rule stands with it', async t => {
  const [bucket] = suggest([makeSeen({ headers: ['authorization'], preflights: 1 })])
  t.match(bucket?.rules[0]?.warnings, [/Authorization is allowed, but not/])
})

/** How often a list, set or map is asked for a value. */
function countLookUps(work: () => void): number {
  let lookUps = 0
  const restore = [
    [Array.prototype, 'includes'],
    [Set.prototype, 'has'],
    [Map.prototype, 'get'],
  ].map(([prototype, name]) => {
    const owner = prototype as unknown as Record<string, (...values: unknown[]) => unknown>
    const original = owner[name as string]
    owner[name as string] = function (...values) {
      lookUps++
      return original?.apply(this, values)
    }
    return () => Object.assign(owner, { [name as string]: original })
  })
  try {
    work()
  } finally {
    for (const back of restore) back()
  }
  return lookUps
}

t.test('100 origins with 40 names are grouped with bounded work', async t => {
  const seen = randomTraffic(new SeededRandom(4), { origins: 100, names: 40, requests: 4000 })
  let rules = 0
  const lookUps = countLookUps(() => {
    rules = suggest(seen)[0]?.rules.length ?? 0
  })
  t.comment(`${rules} rules with ${lookUps} look-ups`)
  t.ok(rules > 0)
  // Each takes some ten nanoseconds: a fraction of a second.
  t.ok(lookUps < 5_000_000, `${lookUps} look-ups`)
})
