import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'
import { createRuleMatches } from '../../../src/telemetry/metrics/rule-matches.ts'

function rule(origin: string, id?: string): CorsRule {
  return { id, allowedOrigins: [origin], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }
}

const rules = [rule('https://a.example', 'a'), rule('https://b.example'), rule('https://c.example')]

function create(limit?: number) {
  const labels = createBucketLabels()
  const media = labels.index('media', true)
  const matches = createRuleMatches(labels, limit)
  const countsOf = (bucket: string, asked: readonly CorsRule[]) => matches.uses(bucket, asked).map(({ count }) => count)
  return { labels, media, matches, countsOf }
}

t.test('each rule says how often it matched and when last', async t => {
  const { media, matches } = create()
  const policy = compilePolicy(rules)
  for (const [index, nowMs] of [
    [0, 10],
    [1, 20],
    [0, 30],
  ] as const) {
    matches.count(media, policy.ruleAt(index), nowMs)
  }
  t.strictSame(matches.uses('media', rules), [
    { index: 0, id: 'a', count: 2, lastMatchedMs: 30 },
    { index: 1, id: undefined, count: 1, lastMatchedMs: 20 },
    { index: 2, id: undefined, count: 0, lastMatchedMs: undefined },
  ])
})

t.test('a rule is itself wherever a reload puts it, and another one once it says something else', async t => {
  const { media, matches, countsOf } = create()
  matches.count(media, compilePolicy(rules).ruleAt(1), 1)
  const moved = structuredClone([...rules].reverse())
  matches.count(media, compilePolicy(moved).ruleAt(1), 2)
  t.strictSame(countsOf('media', moved), [0, 2, 0])
  t.strictSame(countsOf('media', [{ ...rule('https://b.example'), exposeHeaders: ['ETag'] }]), [0])
})

t.test('the same rules on two buckets, even of one policy, are two', async t => {
  const { labels, media, matches, countsOf } = create()
  const policy = compilePolicy(rules)
  matches.count(media, policy.ruleAt(0), 1)
  matches.count(labels.index('other-bucket', true), policy.ruleAt(0), 1)
  matches.count(media, policy.ruleAt(0), 1)
  t.strictSame(countsOf('media', rules), [2, 0, 0])
  t.strictSame(countsOf('other-bucket', rules), [1, 0, 0])
})

t.test('of equal rules the first one matches', async t => {
  const { media, matches, countsOf } = create()
  const twice = [rule('https://a.example'), rule('https://a.example')]
  matches.count(media, compilePolicy(twice).ruleAt(0), 1)
  t.strictSame(countsOf('media', twice), [1, 0])
})

t.test('what other processes counted is added, under their bucket names', async t => {
  const one = create()
  const two = create()
  const three = create()
  two.labels.index('first', true)
  for (const [{ matches, labels }, nowMs] of [
    [one, 5],
    [two, 3],
  ] as const) {
    matches.count(labels.index('media', true), compilePolicy(structuredClone(rules)).ruleAt(2), nowMs)
    three.matches.absorb(structuredClone(matches.report()))
  }
  t.strictSame(three.matches.uses('media', rules)[2], { index: 2, id: undefined, count: 2, lastMatchedMs: 5 })
})

t.test('ever new rules keep the bound: those that matched last are remembered, and go on being counted', async t => {
  const { media, matches, countsOf } = create(10)
  const policy = compilePolicy(rules)
  for (let i = 0; i < 100; i++) {
    matches.count(media, policy.ruleAt(0), i)
    matches.count(media, compilePolicy([rule(`https://${i}.example`)]).ruleAt(0), i)
  }
  t.ok(matches.report().matches.length <= 10)
  t.strictSame(countsOf('media', rules), [100, 0, 0])
})
