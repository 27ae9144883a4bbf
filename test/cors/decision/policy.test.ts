import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { NumberSet } from '../../../src/cors/patterns/number-set.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'

const first: CorsRule = {
  id: 'web',
  allowedOrigins: ['https://a.example', 'https://*.b.example'],
  allowedMethods: ['PUT', 'GET'],
  allowedHeaders: ['Content-Type'],
  exposeHeaders: [],
}
const second: CorsRule = { allowedOrigins: ['*'], allowedMethods: ['HEAD'], allowedHeaders: [], exposeHeaders: [] }

t.test('a policy keeps its rules as they were written', async t => {
  const configuration = [first, second]
  const policy = compilePolicy(configuration)
  t.equal(policy.configuration, configuration)
  t.equal(policy.size, 2)
  t.strictSame(
    policy.rules.map(({ rule, index }) => [rule, index]),
    [
      [first, 0],
      [second, 1],
    ],
  )
})

t.test('a rule is compiled once, when it is first asked', async t => {
  let reads = 0
  const counted: CorsRule = {
    ...first,
    get allowedMethods() {
      reads++
      return first.allowedMethods
    },
  }
  const policy = compilePolicy([second, counted])
  policy.ruleAt(0)
  t.equal(reads, 0)
  const rule = policy.ruleAt(1)
  const once = reads
  t.ok(once > 0)
  t.equal(policy.ruleAt(1), rule)
  t.equal(policy.rules[1], rule, 'whichever way it is asked for')
  t.equal(reads, once)
})

t.test('its origins lead to its rules', async t => {
  const policy = compilePolicy([first, second])
  const found = new NumberSet()
  const listing = (origin: string) => {
    policy.findListing(origin, found)
    return [0, 1].map(rule => found.has(rule))
  }
  t.strictSame(listing('https://a.example'), [true, true])
  t.strictSame(listing('https://c.b.example'), [true, true])
  t.strictSame(listing('https://c.example'), [false, true])
})

t.test('a policy of no rules is empty', async t => {
  const policy = compilePolicy([])
  t.equal(policy.size, 0)
  t.strictSame(policy.rules, [])
  t.ok(Object.isFrozen(policy.rules))
})

t.test('the AllowedHeaders of all rules are sorted once, each list under its rule', async t => {
  const policy = compilePolicy([first, second, { ...first, allowedHeaders: ['Content-*', 'X-Other'] }])
  t.equal(policy.sortedHeaders, undefined, 'and only when they are asked for')
  const { headers } = policy
  t.equal(policy.headers, headers)
  t.equal(policy.sortedHeaders, headers)
  const covering = (...names: string[]) => [0, 1, 2].map(rule => headers.coversAll(rule, names))
  t.strictSame(covering('content-type'), [true, false, true], 'field names are compared in lower case')
  t.strictSame(covering('content-type', 'x-other'), [false, false, true])
})
