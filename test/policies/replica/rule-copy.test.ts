import t from 'tap'
import { compilePolicy } from '../../../src/cors/decision/policy.ts'
import { copyEntry, entryOfCopy } from '../../../src/policies/replica/rule-copy.ts'
import type { RuleEntry } from '../../../src/policies/upstream/rule-entry.ts'

const rule = {
  allowedOrigins: ['https://app.example'],
  allowedMethods: ['GET' as const],
  allowedHeaders: [],
  exposeHeaders: [],
}
const states: readonly RuleEntry['state'][] = [
  { kind: 'rules', policy: compilePolicy([rule]) },
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
    if (read.state?.kind === 'rules') t.strictSame(read.state.policy.configuration, [rule])
  })
}
