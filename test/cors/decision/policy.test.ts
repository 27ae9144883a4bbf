import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
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

t.test('its origins are sorted', async t => {
  const { longest, suffixLengths } = compilePolicy([first, second]).origins
  t.strictSame([longest, suffixLengths], ['https://a.example'.length, [0, '.b.example'.length]])
})

t.test('a policy of no rules is empty', async t => {
  const policy = compilePolicy([])
  t.equal(policy.size, 0)
  t.strictSame(policy.rules, [])
  t.ok(Object.isFrozen(policy.rules))
})

t.test('the patterns of all rules are sorted once, each list under its rule', async t => {
  const policy = compilePolicy([first, second, { ...second, allowedOrigins: ['https://\u00e4.example'] }])
  const { origins, headers } = policy.patterns
  t.equal(policy.patterns.origins, origins)
  const covering = (index: typeof origins, value: string) => {
    index.ask([value])
    return [0, 1, 2].map(rule => index.covers(rule))
  }
  t.strictSame(covering(origins, 'https://a.example'), [true, true, false])
  t.strictSame(covering(origins, 'https://\u00c3\u00a4.example'), [false, true, true], 'an origin is its bytes')
  t.strictSame(covering(headers, 'content-type'), [true, false, false], 'field names are compared in lower case')
})
