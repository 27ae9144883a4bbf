import t from 'tap'
import { decisionOf, isDecided, reasonIndex, reasons } from '../../../src/telemetry/labels/decision-reason.ts'
import { denied, makeRecord, matched } from '../../fixtures/request-records.ts'

t.test('each reason has its own cell', async t => {
  t.equal(reasonIndex(matched()), 0)
  for (const [index, reason] of reasons.entries()) {
    if (reason !== 'matched') t.equal(reasonIndex(denied(reason)), index, reason)
  }
})

t.test('no decision counts as no_rules', async t => {
  t.equal(reasons[reasonIndex(undefined)], 'no_rules')
})

t.test('only matched is allowed', async t => {
  t.strictSame(
    reasons.filter(reason => decisionOf(reason) === 'allowed'),
    ['matched'],
  )
})

t.test('preflights and actual requests are decided, no others', async t => {
  const kinds = ['preflight', 'actual', 'plain', 'managed', 'rejected'] as const
  t.strictSame(
    kinds.filter(kind => isDecided(makeRecord({ kind }))),
    ['preflight', 'actual'],
  )
})
