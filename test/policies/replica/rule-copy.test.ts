import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { copyAbsence, copyEntry, entryOfCopy } from '../../../src/policies/replica/rule-copy.ts'
import type { RuleEntry } from '../../../src/policies/upstream/rule-freshness.ts'

const rule = {
  allowedOrigins: ['https://app.example'],
  allowedMethods: ['GET' as const],
  allowedHeaders: [],
  exposeHeaders: [],
}
const states: readonly RuleEntry['state'][] = [
  { kind: 'rules', policy: compilePolicy([rule]) },
  { kind: 'rules', policy: compilePolicy([rule], [{ index: 0, id: 'x', effect: 'value-ignored', message: 'y' }]) },
  { kind: 'none' },
  { kind: 'no-such-bucket' },
  undefined,
]

for (const state of states) {
  t.test(`an entry that says ${state?.kind ?? 'nothing'} is the same on another clock`, async t => {
    const entry: RuleEntry = {
      state,
      fetchedAt: 1000,
      nextTryAt: 5000,
      revalidateUntil: Number.POSITIVE_INFINITY,
      failures: 2,
      lastResult: 'timeout',
      lastDetail: 'late',
    }
    const sent = structuredClone(copyEntry(entry, 2000))
    const read = entryOfCopy(sent, 102_000)
    t.match(read, { fetchedAt: 101_000, nextTryAt: 105_000, failures: 2, lastResult: 'timeout', lastDetail: 'late' })
    t.equal(read.revalidateUntil, Number.POSITIVE_INFINITY)
    t.equal(read.state?.kind, state?.kind)
    if (read.state?.kind === 'rules') {
      t.strictSame(read.state.policy.configuration, [rule])
      t.strictSame(read.state.policy.faults, state?.kind === 'rules' && state.policy.faults)
    }
  })
}

t.test('a copy holds a tenth of a second, however old its entry is', async t => {
  const times = { fetchedAt: 0, nextTryAt: 0, revalidateUntil: 0 }
  const old = { ...times, failures: 0, lastResult: 'none', lastDetail: undefined } as const
  const { nextTryAt, revalidateUntil } = entryOfCopy(copyEntry({ state: { kind: 'none' }, ...old }, 5000), 8000)
  t.strictSame([nextTryAt, revalidateUntil], [8100, 3000])
})

t.test('of a bucket of which nothing is known, as much is copied', async t => {
  for (const [isAbsent, state] of [
    [true, { kind: 'no-such-bucket' }],
    [false, undefined],
  ] as const) {
    const entry = entryOfCopy(structuredClone(copyAbsence(isAbsent)), 8000)
    t.match(entry, { state, fetchedAt: 8000, nextTryAt: 8100, failures: 0 })
  }
})
