import t from 'tap'
import type { CorsRule } from '../../src/cors/rules/rule.ts'
import type { BucketPolicy, Enforcement } from '../../src/policies/policy-lookup.ts'
import { type BucketEntry, createPolicyTable } from '../../src/policies/policy-table.ts'

/** A rule that its origin tells from the others. */
function rule(origin: string): CorsRule {
  return { allowedOrigins: [origin], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }
}

const media: BucketEntry = { name: 'media', source: 'yaml', rules: [rule('a'), rule('b')], enforcement: 'headers' }
const archive: BucketEntry = { name: 'archive', source: 'file', rules: [rule('c')], enforcement: 'block' }
const uploads: BucketEntry = { name: 'uploads', source: 'upstream', rules: [], enforcement: 'block' }
const incoming: BucketEntry = { name: 'incoming', source: 'managed', rules: [], enforcement: 'headers' }
const scratch: BucketEntry = { name: 'scratch', source: 'none', rules: [], enforcement: 'report' }
const rest: BucketEntry = { name: '*', source: 'yaml', rules: [rule('d')], enforcement: 'report' }
const prototype: BucketEntry = { name: '__proto__', source: 'yaml', rules: [rule('e')], enforcement: 'block' }

/** What a policy is, with its rules as their origins. */
interface Expected extends Omit<BucketPolicy, 'state' | 'place'> {
  readonly state: string
  readonly origins?: readonly string[]
}

const cases: {
  name: string
  entries: readonly BucketEntry[]
  ungoverned?: Enforcement
  bucket: string
  expected: Expected
}[] = [
  {
    name: 'a bucket with rules in the configuration',
    entries: [media, archive],
    bucket: 'media',
    expected: {
      governed: true,
      named: true,
      source: 'yaml',
      enforcement: 'headers',
      state: 'rules',
      origins: ['a', 'b'],
    },
  },
  {
    name: 'a bucket with rules in a file',
    entries: [media, archive],
    bucket: 'archive',
    expected: { governed: true, named: true, source: 'file', enforcement: 'block', state: 'rules', origins: ['c'] },
  },
  {
    name: 'a named entry beats the entry for all others, whichever comes first',
    entries: [rest, media],
    bucket: 'media',
    expected: {
      governed: true,
      named: true,
      source: 'yaml',
      enforcement: 'headers',
      state: 'rules',
      origins: ['a', 'b'],
    },
  },
  {
    name: 'the entry for all others governs a bucket without naming it',
    entries: [media, rest],
    bucket: 'other',
    expected: { governed: true, named: false, source: 'yaml', enforcement: 'report', state: 'rules', origins: ['d'] },
  },
  {
    name: 'a bucket called * is one of the others',
    entries: [rest],
    bucket: '*',
    expected: { governed: true, named: false, source: 'yaml', enforcement: 'report', state: 'rules', origins: ['d'] },
  },
  {
    name: 'a bucket that no entry names is ungoverned and has no rules',
    entries: [media],
    bucket: 'other',
    expected: { governed: false, named: false, source: 'none', enforcement: 'headers', state: 'none' },
  },
  {
    name: 'an ungoverned bucket has the enforcement of the configuration',
    entries: [],
    ungoverned: 'report',
    bucket: 'other',
    expected: { governed: false, named: false, source: 'none', enforcement: 'report', state: 'none' },
  },
  {
    name: 'a bucket that is to have no rules is governed',
    entries: [scratch, rest],
    bucket: 'scratch',
    expected: { governed: true, named: true, source: 'none', enforcement: 'report', state: 'none' },
  },
  {
    name: 'a bucket with an empty list of rules has none',
    entries: [{ ...media, rules: [] }],
    bucket: 'media',
    expected: { governed: true, named: true, source: 'yaml', enforcement: 'headers', state: 'none' },
  },
  {
    name: 'rules of the endpoint are unknown, and never those of another entry',
    entries: [uploads, rest],
    bucket: 'uploads',
    expected: { governed: true, named: true, source: 'upstream', enforcement: 'block', state: 'unknown' },
  },
  {
    name: 'managed rules are unknown',
    entries: [incoming],
    bucket: 'incoming',
    expected: { governed: true, named: true, source: 'managed', enforcement: 'headers', state: 'unknown' },
  },
  ...['__proto__', 'constructor', 'toString', 'prototype'].map(bucket => ({
    name: `${bucket} is an unknown bucket like any other`,
    entries: [media],
    bucket,
    expected: { governed: false, named: false, source: 'none', enforcement: 'headers', state: 'none' } as const,
  })),
  {
    name: '__proto__ is a named bucket like any other',
    entries: [prototype],
    bucket: '__proto__',
    expected: { governed: true, named: true, source: 'yaml', enforcement: 'block', state: 'rules', origins: ['e'] },
  },
]
for (const { name, entries, ungoverned, bucket, expected } of cases) {
  t.test(name, async t => {
    const table = createPolicyTable(entries, ungoverned)
    const policy = table.peek(bucket)
    t.strictSame(summary(policy), expected)
    t.equal(await table.load(bucket), policy, 'load gives what peek gives')
    t.equal(table.peek(bucket), policy, 'nothing is made per request')
    t.equal(table.inspect(bucket), policy, 'inspect gives it too')
    t.ok(Object.isFrozen(policy))
  })
}

function summary(policy: BucketPolicy | undefined): unknown {
  if (policy === undefined) return undefined
  const { state, place: _, ...rest } = policy
  if (state.kind !== 'rules') return { ...rest, state: state.kind }
  return {
    ...rest,
    state: 'rules',
    origins: state.policy.configuration.flatMap(({ allowedOrigins }) => allowedOrigins),
  }
}

t.test('every configured bucket is described, in the order of the configuration', async t => {
  const table = createPolicyTable([media, archive, uploads, scratch, rest, prototype])
  t.strictSame(table.describe(), [
    { bucket: 'media', source: 'yaml', enforcement: 'headers', state: 'rules', rules: 2 },
    { bucket: 'archive', source: 'file', enforcement: 'block', state: 'rules', rules: 1 },
    { bucket: 'uploads', source: 'upstream', enforcement: 'block', state: 'unknown', rules: 0 },
    { bucket: 'scratch', source: 'none', enforcement: 'report', state: 'none', rules: 0 },
    { bucket: '*', source: 'yaml', enforcement: 'report', state: 'rules', rules: 1 },
    { bucket: '__proto__', source: 'yaml', enforcement: 'block', state: 'rules', rules: 1 },
  ])
})
