import t from 'tap'
import type { CorsRequest } from '../../../src/cors/decision/cors-request.ts'
import { decide } from '../../../src/cors/decision/decide.ts'
import type { Policy } from '../../../src/cors/decision/policy.ts'
import { policyOf } from '../../fixtures/cors-policy.ts'
import { type ReferenceRule, referenceDecision } from '../../fixtures/reference-matcher.ts'
import { SeededRandom } from '../../fixtures/seeded-random.ts'

const seed = 20260429
const policies = 2000
const requestsPerPolicy = 15

const hosts = ['a', 'b', 'ab', 'aba', 'abaaba', 'a.b', '.b', 'null', 'A', '']
const origins = [...hosts, ...hosts.map(host => `h://${host}`)]
const originPatterns = [...origins, '*', 'aba*aba', 'a*', '*b', 'h://*.b', 'h://*', '*://a', 'h://a*b', '*.b', 'a*a']
const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']
const names = ['a', 'b', 'aba', 'x-a', 'x-b', 'x-', 'content-type']
const namePatterns = ['A', 'b', 'aba', 'X-a', 'x-*', '*', '*-B', 'aba*aba', 'a*a', 'Content-*']

t.test(`decide agrees with the plain reference on ${policies * requestsPerPolicy} cases (seed ${seed})`, async t => {
  const random = new SeededRandom(seed)
  const seen = new Map<string, number>()
  let disagreements = 0
  for (let i = 0; i < policies; i++) {
    const rules = someRules(random)
    const policy: Policy | undefined = rules.length === 0 ? undefined : policyOf(...rules)
    for (let j = 0; j < requestsPerPolicy; j++) {
      const request = someRequest(random)
      // A name that comes twice asks nothing more.
      const distinct = [...new Set(request.headerNames)]
      const expected = referenceDecision(rules, request.origin, request.method, distinct)
      const decision = decide(policy, request)
      const actual = decision.allowed ? decision.index : decision.reason
      const kind = typeof expected === 'number' ? 'matched' : expected
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
      if (actual !== expected && disagreements++ < 5) {
        t.fail(`${JSON.stringify({ rules, request })}: reference ${expected}, decide ${actual}`)
      }
    }
  }
  t.equal(disagreements, 0)
  for (const kind of ['matched', 'no_rules', 'origin', 'method', 'header']) {
    t.ok((seen.get(kind) ?? 0) > 300, `${kind} was among the answers often enough to mean something`)
  }
})

function someRules(random: SeededRandom): ReferenceRule[] {
  // Now and then more origins than a loop is used for.
  const longest = random.below(5) === 0 ? 14 : 3
  // And now and then so many rules that they are asked all at once.
  return several(random, 0, random.below(20) === 0 ? 40 : 6, () => ({
    AllowedOrigins: several(random, 1, longest, () => random.pick(originPatterns)),
    AllowedMethods: several(random, 1, 4, () => random.pick(methods)),
    AllowedHeaders: several(random, 0, longest, () => random.pick(namePatterns)),
  }))
}

function someRequest(random: SeededRandom): CorsRequest {
  const headerNames = several(random, 0, 3, () => random.pick(names))
  return {
    origin: random.pick(origins),
    method: random.pick([...methods, 'OPTIONS']),
    // As many as a request may have, so that rules are asked all at once.
    headerNames: random.below(3) === 0 ? Array.from({ length: 34 }, () => headerNames).flat() : headerNames,
  }
}

function several<T>(random: SeededRandom, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: least + random.below(most - least + 1) }, make)
}
