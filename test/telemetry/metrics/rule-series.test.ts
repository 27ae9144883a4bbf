import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'
import { createRuleMatches } from '../../../src/telemetry/metrics/rule-matches.ts'
import type { RulesInForce } from '../../../src/telemetry/metrics/rule-series.ts'
import { seededRandom } from '../../fixtures/request-records.ts'

function rule(origin: string, id?: string): CorsRule {
  return {
    id,
    allowedOrigins: [`https://${origin}.example`],
    allowedMethods: ['GET'],
    allowedHeaders: [],
    exposeHeaders: [],
  }
}

/** A process that counts, and what is then scraped of it: `bucket rule count`. */
function create(limit?: number) {
  const labels = createBucketLabels()
  const matches = createRuleMatches(labels, limit)
  return {
    matches,
    match(bucket: string, rules: readonly CorsRule[], index: number, times = 1) {
      const policy = compilePolicy(rules)
      for (let i = 0; i < times; i++) matches.count(labels.index(bucket, true), policy.ruleAt(index), 1)
    },
    scrape: (inForce: Iterable<RulesInForce>, most = 200) =>
      matches.scrape(inForce, most).map(({ bucket, rule, count }) => `${bucket} ${rule} ${count}`),
  }
}

const app = rule('app', 'app')
const second = rule('second')
const media = [app, second]

t.test('a rule is called by its ID, else its number, and is there before it matches', async t => {
  const { match, scrape } = create()
  const inForce = [{ bucket: 'media', rules: [app, second, rule('third', '')] }]
  t.strictSame(scrape(inForce), ['media app 0', 'media 2 0', 'media 3 0', 'other other 0'])
  match('media', media, 0, 2)
  match('media', media, 1)
  t.strictSame(scrape(inForce), ['media app 2', 'media 2 1', 'media 3 0', 'other other 0'])
})

t.test('buckets without a name, rules beyond the bound and rules that are gone are other', async t => {
  const { match, scrape } = create()
  match('other', media, 0)
  match('media', media, 1, 10)
  match('gone', media, 0, 100)
  t.strictSame(scrape([{ bucket: 'media', rules: media }], 1), ['media app 0', 'other other 111'])
  match('media', media, 1)
  t.strictSame(scrape([{ bucket: 'media', rules: media }], 0), ['other other 112'])
})

t.test('no more rules are read than are shown', async t => {
  const { scrape } = create()
  const read: string[] = []
  function* inForce() {
    for (const bucket of ['a-one', 'a-two', 'a-three']) {
      read.push(bucket)
      yield { bucket, rules: media }
    }
  }
  t.equal(scrape(inForce(), 3).length, 4)
  t.strictSame(read, ['a-one', 'a-two'])
})

const reloads: readonly { name: string; next: readonly CorsRule[]; matched: number; after: readonly string[] }[] = [
  {
    name: 'a rule with an ID that moves keeps its series',
    next: [second, app],
    matched: 1,
    after: ['media 1 0', 'media app 4', 'other other 0'],
  },
  {
    name: 'a rule with an ID that says something else keeps its series',
    next: [{ ...app, exposeHeaders: ['ETag'] }, second],
    matched: 0,
    after: ['media app 4', 'media 2 5', 'other other 0'],
  },
  {
    name: 'the series of a number is that of the rule at this place',
    next: [app, rule('new'), second],
    matched: 2,
    after: ['media app 3', 'media 2 5', 'media 3 1', 'other other 0'],
  },
  {
    name: 'the series of a rule that is gone ends, and its last matches are other',
    next: [app],
    matched: 0,
    after: ['media app 4', 'other other 0'],
  },
]
for (const { name, next, matched, after } of reloads) {
  t.test(name, async t => {
    const { match, scrape } = create()
    match('media', media, 0, 3)
    match('media', media, 1, 5)
    t.strictSame(scrape([{ bucket: 'media', rules: media }]), ['media app 3', 'media 2 5', 'other other 0'])
    match('media', next, matched)
    t.strictSame(scrape([{ bucket: 'media', rules: next }]), after)
    // Back as it was.
    const back = scrape([{ bucket: 'media', rules: media }])
    t.match(back, [/^media app [34]$/, 'media 2 5', 'other other 0'])
  })
}

t.test('what a rule counts while it has no series is in other, and it goes on from where it was', async t => {
  const { match, scrape } = create()
  const inForce = [{ bucket: 'media', rules: media }]
  match('media', media, 1, 5)
  scrape(inForce)
  match('media', media, 1, 7)
  t.strictSame(scrape([]), ['other other 7'])
  match('media', media, 1, 1)
  t.strictSame(scrape(inForce), ['media app 0', 'media 2 6', 'other other 7'])
})

t.test('rules of one name share a series', async t => {
  const { match, scrape } = create()
  const twins = [rule('one', '2'), rule('two')]
  match('media', twins, 0)
  match('media', twins, 1)
  t.strictSame(scrape([{ bucket: 'media', rules: twins }]), ['media 2 2', 'other other 0'])
})

t.test('ever new names keep the bound, and those that are shown are not forgotten', async t => {
  const { match, matches, scrape } = create(10)
  match('media', media, 0, 3)
  const inForce = [{ bucket: 'media', rules: media }]
  scrape(inForce)
  for (let i = 0; i < 1000; i++) match('media', [rule('one', `id-${i}`)], 0)
  t.ok(matches.report().counts.length <= 11)
  match('media', media, 0)
  t.strictSame(scrape(inForce), ['media app 4', 'media 2 0', 'other other 1000'])
})

t.test('whatever reloads and workers do, every match is counted once, and no series goes back', async t => {
  const random = seededRandom(5)
  const pick = (below: number) => Math.floor(random() * below)
  const all = Array.from({ length: 12 }, (_, index) => rule(`r${index}`, index % 3 === 0 ? `id-${index}` : undefined))
  const primary = create()
  let workers = [create(), create()]
  const highest = new Map<string, number>()
  let matches = 0
  let total = 0
  for (let round = 0; round < 2000; round++) {
    const inForce = ['a-one', 'a-two', 'a-three']
      .filter(() => pick(5) > 0)
      .map(bucket => ({ bucket, rules: all.filter(() => pick(2) > 0).toSorted(() => random() - 0.5) }))
    for (let i = pick(10); i > 0; i--) {
      const { bucket, rules } = inForce[pick(inForce.length)] ?? { bucket: 'a-one', rules: all }
      if (rules.length === 0) continue
      workers[pick(2)]?.match(bucket, rules, pick(rules.length))
      matches++
    }
    if (pick(3) === 0) continue
    for (const worker of workers) primary.matches.absorb(structuredClone(worker.matches.report()))
    workers = [create(), create()]
    for (const { bucket, rule, count } of primary.matches.scrape(inForce, 8)) {
      const before = highest.get(`${bucket} ${rule}`) ?? 0
      if (count < before) t.fail(`${bucket} ${rule}: ${before}, then ${count}`)
      highest.set(`${bucket} ${rule}`, count)
      total += count - before
    }
  }
  for (const worker of workers) primary.matches.absorb(worker.matches.report())
  const last = primary.matches.scrape([], 0)[0]?.count ?? 0
  t.equal(total + last - (highest.get('other other') ?? 0), matches)
  t.ok(highest.size > 15, `${highest.size} series`)
})
