import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { createRuleEntries } from '../../../src/policies/upstream/rule-entries.ts'
import type { RuleEntry } from '../../../src/policies/upstream/rule-freshness.ts'

const entry = (state: RuleEntry['state']): RuleEntry => ({
  state,
  fetchedAt: 0,
  nextTryAt: 0,
  revalidateUntil: 0,
  failures: 0,
  lastResult: 'none',
  lastDetail: undefined,
})
const empty = entry({ kind: 'none' })
const withRules = entry({ kind: 'rules', policy: compilePolicy([]) })

t.test('the least recently used goes first', async t => {
  const cache = createRuleEntries(() => false, 3)
  for (const bucket of ['a', 'b', 'c']) cache.set(bucket, empty)
  cache.get('a')
  cache.set('d', empty)
  t.strictSame(
    [...cache.entries()].map(([bucket]) => bucket),
    ['c', 'a', 'd'],
  )
})

t.test('buckets with rules outlast those without', async t => {
  const cache = createRuleEntries(() => false, 3)
  cache.set('real', withRules)
  for (let i = 0; i < 100; i++) cache.set(`made-up-${i}`, empty)
  t.equal(cache.get('real'), withRules)
  t.equal(cache.others(), 3)
})

t.test('among buckets with rules the least recently used goes', async t => {
  const cache = createRuleEntries(() => false, 2)
  for (const bucket of ['a', 'b', 'c']) cache.set(bucket, withRules)
  t.strictSame(
    [...cache.entries()].map(([bucket]) => bucket),
    ['b', 'c'],
  )
})

t.test('a bucket that changes its kind is held once', async t => {
  const cache = createRuleEntries(() => false, 10)
  cache.set('a', empty)
  cache.set('a', withRules)
  cache.set('a', empty)
  t.strictSame([...cache.entries()], [['a', empty]])
})

t.test('named buckets are never evicted and do not count', async t => {
  const cache = createRuleEntries(bucket => bucket.startsWith('named'), 1)
  for (let i = 0; i < 50; i++) cache.set(`named-${i}`, empty)
  cache.set('a', empty)
  cache.set('b', empty)
  t.equal([...cache.entries()].length, 51)
  t.equal(cache.get('named-0'), empty)
  t.equal(cache.others(), 1)
})

t.test('memory is flat under a flood', async t => {
  const cache = createRuleEntries(() => false)
  for (let i = 0; i < 50_000; i++) cache.set(`made-up-${i}`, empty)
  t.equal(cache.others(), 10_000)
})
