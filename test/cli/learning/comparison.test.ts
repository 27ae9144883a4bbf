import t from 'tap'
import { compareSeen } from '../../../src/cli/learning/comparison.ts'
import type { SeenRequest } from '../../../src/cli/learning/seen-origins.ts'
import type { Configuration } from '../../../src/config/configuration.ts'
import { parseCorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { type CorsRule, corsMethods } from '../../../src/cors/rules/rule.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'
import { makeSeen } from '../../fixtures/seen-requests.ts'

type Entry = Configuration['buckets'][number]

function entry(name: string, rules: readonly CorsRule[], changes: Partial<Entry> = {}): Entry {
  return { name, source: 'yaml', rules, enforcement: 'headers', ...changes }
}

/** What is read of a configuration here. */
function configuration(...buckets: readonly Entry[]): Configuration {
  return { buckets, enforcement: 'headers' } as unknown as Configuration
}

function rule(changes: Partial<CorsRule> = {}): CorsRule {
  return {
    allowedOrigins: ['https://app.example.com'],
    allowedMethods: ['GET'],
    allowedHeaders: [],
    exposeHeaders: [],
    ...changes,
  }
}

const random = new SeededRandom(11)

function some<T>(values: readonly T[]): readonly T[] {
  const chosen = values.filter(() => random.below(2) === 0)
  return chosen.length > 0 ? chosen : values.slice(0, 1)
}

const origins = ['https://a.example.com', 'https://b.example.com', 'http://c.example.net']
const names = ['content-type', 'x-amz-date', 'x-amz-acl', 'x-other']

function randomRules(): readonly CorsRule[] {
  return Array.from({ length: random.below(4) }, () =>
    rule({
      allowedOrigins: some([...origins, 'https://*.example.com', '*']),
      allowedMethods: some(corsMethods),
      allowedHeaders: some(['x-amz-*', '*', ...names]).slice(0, random.below(4)),
    }),
  )
}

for (let round = 0; round < 100; round++) {
  t.test(`round ${round}: each answer is that of the decision function`, async t => {
    const [before, after] = [randomRules(), randomRules()]
    const seen = Array.from({ length: 30 }, () =>
      makeSeen({
        origin: origins[random.below(3)] ?? '',
        method: [...corsMethods, 'PATCH'][random.below(6)] ?? '',
        headers: some(names).slice(0, random.below(4)).toSorted(),
        decision: random.below(2) === 0 ? 'allowed' : 'denied',
      }),
    )
    const kinds = [...new Map(seen.map(one => [JSON.stringify([one.origin, one.method, one.headers]), one])).values()]
    const allows = (rules: readonly CorsRule[]) => {
      const policy = compilePolicy(rules)
      return ({ origin, method, headers = [] }: SeenRequest) => {
        const asked = parseCorsRequest(
          method,
          origin,
          undefined,
          headers.length === 0 ? undefined : [headers.join(',')],
        )
        return !('kind' in asked) && decide(policy, asked).allowed
      }
    }
    const [today, next] = [allows(before), allows(after)]
    const told = compareSeen(seen, configuration(entry('media', after)), configuration(entry('media', before)))
    const keys = (requests: readonly Pick<SeenRequest, 'origin' | 'method' | 'headers'>[]) =>
      requests.map(({ origin, method, headers }) => JSON.stringify([origin, method, headers])).sort()
    t.strictSame(keys(told.refused), keys(kinds.filter(one => today(one) && !next(one))))
    t.strictSame(keys(told.allowed), keys(kinds.filter(one => !today(one) && next(one))))
    t.equal(told.same + told.refused.length + told.allowed.length, kinds.length)
  })
}

const seenAllowed = makeSeen({ decision: 'allowed' })
const cases: readonly {
  name: string
  seen: readonly SeenRequest[]
  next: readonly Entry[]
  today?: readonly Entry[]
  told: { refused?: readonly object[]; allowed?: readonly object[]; same?: number; unknownBuckets?: readonly string[] }
}[] = [
  {
    name: 'what came last counts, not what was said before a change of the rules',
    seen: [makeSeen({ lastSeenMs: 1 }), makeSeen({ decision: 'allowed', lastSeenMs: 2 })],
    next: [entry('media', [rule()])],
    told: { same: 1 },
  },
  {
    name: 'a bucket without an entry is refused',
    seen: [seenAllowed],
    next: [],
    told: { refused: [{ bucket: 'media', reason: 'no_rules', count: 1 }] },
  },
  {
    name: 'the entry of all other buckets holds for it',
    seen: [seenAllowed],
    next: [entry('*', [rule()])],
    told: { same: 1 },
  },
  {
    name: 'a method that is missing is named',
    seen: [makeSeen({ decision: 'allowed', method: 'PUT' })],
    next: [entry('media', [rule()])],
    told: { refused: [{ reason: 'method' }] },
  },
  {
    name: 'in report the answer of the endpoint is that of today',
    seen: [makeSeen({ endpointAllowed: true }), makeSeen({ origin: 'https://b.example.com', endpointAllowed: false })],
    next: [entry('media', [rule({ allowedOrigins: ['https://b.example.com'] })])],
    told: {
      refused: [{ origin: 'https://app.example.com', reason: 'origin' }],
      allowed: [{ origin: 'https://b.example.com', reason: 'matched' }],
    },
  },
  {
    name: 'a configuration in report leaves the endpoint its answers',
    seen: [makeSeen({ endpointAllowed: true })],
    next: [entry('media', [], { enforcement: 'report' })],
    told: { same: 1 },
  },
  {
    name: 'rules that stand elsewhere are not compared',
    seen: [seenAllowed],
    next: [entry('media', [], { source: 'upstream' })],
    told: { unknownBuckets: ['media'] },
  },
  {
    name: 'nor are those of today',
    seen: [seenAllowed],
    next: [entry('media', [rule()])],
    today: [entry('media', [], { source: 'managed' })],
    told: { unknownBuckets: ['media'] },
  },
  {
    name: 'what is no list of names stays refused',
    seen: [makeSeen({ headers: undefined })],
    next: [entry('media', [rule({ allowedHeaders: ['*'] })])],
    told: { same: 1 },
  },
]
for (const { name, seen, next, today, told } of cases) {
  t.test(name, async t => {
    const found = compareSeen(seen, configuration(...next), today && configuration(...today))
    t.match(found, { refused: [], allowed: [], same: 0, unknownBuckets: [], ...told })
    t.strictSame([found.refused.length, found.allowed.length], [told.refused?.length ?? 0, told.allowed?.length ?? 0])
  })
}

t.test('what came most stands first', async t => {
  const seen = [1, 5, 3].map(actual => makeSeen({ decision: 'allowed', actual, headers: [`x-${actual}`] }))
  t.strictSame(
    compareSeen(seen, configuration(), undefined).refused.map(({ count }) => count),
    [5, 3, 1],
  )
})

t.test('rules that nothing needs are named: one behind another that takes its requests, too', async t => {
  const rules = [
    rule({ id: 'web' }),
    rule({ allowedOrigins: ['*'] }),
    rule({ id: 'idle', allowedOrigins: ['https://idle.example.com'] }),
    rule({ allowedMethods: ['PUT'] }),
  ]
  t.strictSame(compareSeen([seenAllowed], configuration(entry('media', rules)), undefined).unusedRules, [
    { bucket: 'media', rule: 2 },
    { bucket: 'media', rule: 'idle' },
    { bucket: 'media', rule: 4 },
  ])
})
