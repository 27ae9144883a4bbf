import t from 'tap'
import { describeChanges } from '../../../src/config/loading/configuration-changes.ts'
import { loadConfiguration } from '../../../src/config/loading/load-configuration.ts'
import { parseForStart } from '../../../src/config/loading/parser-process.ts'
import { contentOf, parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

t.setTimeout(300_000)

function configure(text: string) {
  const { configuration, issues } = parseText(text.includes('upstream:') ? text : upstreamLine + text)
  if (configuration === undefined) throw new Error(JSON.stringify(issues))
  return configuration
}

const bucket = (...rules: readonly string[]) => `buckets: { my-media: { CORSRules: [${rules.join(', ')}] } }`
const rule = (origins: string, rest = '') => `{ AllowedOrigins: [${origins}], AllowedMethods: [GET]${rest} }`
const a = '"https://a.example"'
const b = '"https://b.example"'

const cases: { name: string; before: string; after: string; changes: string[] }[] = [
  { name: 'nothing changed', before: bucket(rule(a)), after: bucket(rule(a)), changes: [] },
  {
    name: 'a comment and another spelling are no change',
    before: bucket(rule(a)),
    after: `# a comment\nbuckets:\n  my-media:\n    CORSRules:\n      - AllowedMethods: ["GET"]\n        AllowedOrigins: [${a}]\n`,
    changes: [],
  },
  {
    name: 'an origin more',
    before: bucket(rule(a)),
    after: bucket(rule('"https://a.example", "https://new.example"')),
    changes: ['my-media: rule 1 AllowedOrigins + https://new.example'],
  },
  {
    name: 'one origin for another, in the second rule',
    before: bucket(rule(a), rule(a)),
    after: bucket(rule(a), rule(b)),
    changes: ['my-media: rule 2 AllowedOrigins + https://b.example, - https://a.example'],
  },
  {
    name: 'every clause of a rule',
    before: bucket(rule(a, ', AllowedHeaders: [x-a, x-b], ExposeHeaders: [ETag], MaxAgeSeconds: 60, ID: one')),
    after: bucket(
      `{ AllowedOrigins: [${a}], AllowedMethods: [GET, PUT], AllowedHeaders: [x-b, x-a], ID: two, ExposeHeaders: [] }`,
    ),
    changes: [
      'my-media: rule 1 ID one -> two',
      'my-media: rule 1 AllowedMethods + PUT',
      'my-media: rule 1 AllowedHeaders in another order',
      'my-media: rule 1 ExposeHeaders - ETag',
      'my-media: rule 1 MaxAgeSeconds 60 -> none',
    ],
  },
  {
    name: 'a rule in front of one that stays',
    before: bucket(rule(a)),
    after: bucket(rule(b), rule(a)),
    changes: ['my-media: rule 1 added: AllowedOrigins https://b.example; AllowedMethods GET'],
  },
  {
    name: 'a rule between two that stay is gone',
    before: bucket(rule(a), rule(b), rule('"*"')),
    after: bucket(rule(a), rule('"*"')),
    changes: ['my-media: the former rule 2 removed: AllowedOrigins https://b.example; AllowedMethods GET'],
  },
  {
    name: 'a rule with an ID that moved and changed',
    before: bucket(rule(a, ', ID: web'), rule(b, ', ID: app')),
    after: bucket(rule(b, ', ID: app'), rule('"https://c.example"', ', ID: web')),
    changes: ['my-media: rule 2 AllowedOrigins + https://c.example, - https://a.example'],
  },
  {
    name: 'rules with IDs in another order',
    before: bucket(rule(a, ', ID: web'), rule(b, ', ID: app')),
    after: bucket(rule(b, ', ID: app'), rule(a, ', ID: web')),
    changes: ['my-media: the rules in another order'],
  },
  {
    name: 'buckets that come and go',
    before: `buckets: { old: { from: none }, stays: { from: none } }`,
    after: `buckets: { stays: { from: none }, new: { CORSRules: [${rule(a)}], enforcement: block } }`,
    changes: ['new: added: rules from yaml, 1 rule, enforcement block', 'old: removed'],
  },
  {
    name: 'another source and enforcement',
    before: `buckets: { my-media: { from: none } }`,
    after: `buckets: { my-media: { from: upstream, enforcement: report } }`,
    changes: ['my-media: rules from none -> upstream', 'my-media: enforcement headers -> report'],
  },
  {
    name: 'settings outside the buckets',
    before: 'upstream: { url: "http://127.0.0.1:9" }\nhosts: [one.example]\n',
    after: 'upstream: { url: "https://s3.example" }\nhosts: [two.example]\nlimits: { connections: 77 }\n',
    changes: [
      'upstream.url http://127.0.0.1:9 -> https://s3.example',
      'hosts + two.example, - one.example',
      'limits.connections 10000 -> 77',
    ],
  },
]
for (const { name, before, after, changes } of cases) {
  t.test(name, async t => {
    const [old, now] = [configure(before), configure(after)]
    t.strictSame([...describeChanges(old, now)].toSorted(), changes.toSorted())
    t.strictSame(describeChanges(now, now), [])
  })
}

t.test('a long change stays short', async t => {
  const many = (count: number, word: string) =>
    Array.from({ length: count }, (_, at) => `"https://${word}${at}.example"`)
  t.strictSame(describeChanges(configure(bucket(rule(a))), configure(bucket(rule([a, ...many(600, 'x')].join())))), [
    'my-media: rule 1 AllowedOrigins + https://x0.example, + https://x1.example, + https://x2.example, + https://x3.example, + https://x4.example and 595 more',
  ])
  const buckets = (origin: string) =>
    configure(
      `buckets:\n${Array.from({ length: 300 }, (_, at) => `  bucket-${at}: { CORSRules: [${rule(origin)}] }\n`).join('')}`,
    )
  const changes = describeChanges(buckets(a), buckets(b))
  t.equal(changes.length, 21)
  t.equal(changes.at(-1), 'and 280 more changes')
})

t.test('rules that are kept as text: those of buckets that stay are not read', async t => {
  const names = Array.from({ length: 3000 }, (_, at) => `bucket-${at}`)
  const text = (origin: string) =>
    `${upstreamLine}buckets:\n${names.map(name => `  ${name}: { CORSRules: [${rule(name === 'bucket-7' ? origin : a)}] }\n`).join('')}`
  const load = async (content: string) =>
    (
      await loadConfiguration(
        { file: 'a.yaml', environment: {}, flags: {} },
        async () => contentOf(content),
        parseForStart,
      )
    ).parsed.configuration
  const [before, after] = [await load(text(a)), await load(text(b))]
  if (before === undefined || after === undefined) throw new Error('faults')
  t.equal(Object.getOwnPropertyDescriptor(before.buckets[0], 'rules')?.value, undefined, 'made of text when read')
  let read = 0
  for (const bucket of [...before.buckets, ...after.buckets]) {
    const get = Object.getOwnPropertyDescriptor(bucket, 'rules')?.get
    Object.defineProperty(bucket, 'rules', {
      get() {
        read++
        return get?.call(bucket)
      },
    })
  }
  t.strictSame(describeChanges(before, after), [
    'bucket-7: rule 1 AllowedOrigins + https://b.example, - https://a.example',
  ])
  t.ok(read < 6, `${read} readings`)
})
