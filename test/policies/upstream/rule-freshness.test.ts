import t from 'tap'
import {
  adoptEntry,
  afterResult,
  mustLoad,
  outdated,
  type RuleEntry,
  stateAt,
} from '../../../src/policies/upstream/rule-freshness.ts'
import type { CorsFetchResult } from '../../../src/s3/endpoint/get-bucket-cors.ts'
import { noBucket, noRules, notSupported, rulesFor, serverFailure } from '../../fixtures/scripted-fetch.ts'

const times = { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30 }
const fail = (reason: 'auth' | 'redirect' | 'malformed' | 'throttled', retryAfterSeconds?: number): CorsFetchResult =>
  retryAfterSeconds === undefined
    ? { kind: 'failure', reason, detail: '' }
    : { kind: 'failure', reason, detail: '', retryAfterSeconds }

const delays: readonly { name: string; result: CorsFetchResult; least: number; most: number }[] = [
  {
    name: 'rules are fresh for no longer than a minute, and not all as long',
    result: rulesFor('*'),
    least: 48_600,
    most: 59_400,
  },
  { name: 'none holds for no longer than half a minute', result: noRules, least: 24_300, most: 29_700 },
  { name: 'a missing bucket likewise', result: noBucket, least: 24_300, most: 29_700 },
  { name: 'not supported holds for five to ten minutes', result: notSupported, least: 300_000, most: 600_000 },
  {
    name: 'refused credentials hold for a minute, give or take a tenth',
    result: fail('auth'),
    least: 54_000,
    most: 66_000,
  },
  { name: 'a redirect likewise', result: fail('redirect'), least: 54_000, most: 66_000 },
  {
    name: 'a first failure holds for at most half a second, and never for nothing',
    result: serverFailure,
    least: 50,
    most: 500,
  },
  { name: 'a malformed answer likewise', result: fail('malformed'), least: 50, most: 500 },
  { name: 'Retry-After holds at least', result: fail('throttled', 9), least: 9000, most: 9000 },
  { name: 'Retry-After of an hour is a minute', result: fail('throttled', 3600), least: 60_000, most: 60_000 },
]
for (const { name, result, least, most } of delays) {
  t.test(name, async t => {
    t.equal(Math.round(afterResult(undefined, result, times, 1000, () => 0).nextTryAt - 1000), least)
    t.equal(Math.round(afterResult(undefined, result, times, 1000, () => 1).nextTryAt - 1000), most)
  })
}

function after(results: readonly CorsFetchResult[], at = 0): RuleEntry {
  let entry: RuleEntry | undefined
  for (const result of results) entry = afterResult(entry, result, times, at, () => 0.5)
  if (entry === undefined) throw new Error('no result')
  return entry
}

t.test('an answer holds for staleSeconds and not a millisecond longer', async t => {
  for (const result of [rulesFor('*'), noRules, noBucket]) {
    const entry = after([result])
    t.equal(stateAt(entry, times, 900_000).kind, result.kind)
    t.equal(stateAt(entry, times, 900_001).kind, 'unknown')
  }
})

t.test('failures do not make an answer younger', async t => {
  const entry = afterResult(after([rulesFor('*')]), serverFailure, times, 500_000, () => 0.5)
  t.equal(entry.fetchedAt, 0)
  t.equal(stateAt(entry, times, 900_001).kind, 'unknown')
})

t.test('not supported is none at first, a failure after rules, and none again once the endpoint said none', async t => {
  t.match(after([notSupported]), { state: { kind: 'none' }, lastResult: 'unsupported', failures: 0 })
  t.match(after([rulesFor('*'), notSupported]), { state: { kind: 'rules' }, lastResult: 'server', failures: 1 })
  t.match(after([rulesFor('*'), noRules, notSupported]), { state: { kind: 'none' }, lastResult: 'unsupported' })
})

t.test('a success ends the count of failures', async t => {
  t.equal(after([serverFailure, serverFailure, serverFailure]).failures, 3)
  t.equal(after([serverFailure, serverFailure, noRules, serverFailure]).failures, 1)
})

t.test('a backoff stays at 30 s however long the outage', async t => {
  const entry = after(Array.from({ length: 2000 }, () => serverFailure))
  t.equal(entry.nextTryAt, 15_000)
})

t.test('a short staleSeconds asks again before nothing is known', async t => {
  const entry = afterResult(undefined, notSupported, { ...times, staleSeconds: 100 }, 0, () => 0.5)
  t.equal(entry.nextTryAt, 100_000)
})

const loads: readonly { name: string; results: readonly CorsFetchResult[]; at: number; expected: boolean }[] = [
  { name: 'a fresh answer does not', results: [rulesFor('*')], at: 53_999, expected: false },
  { name: 'a stale answer does not', results: [rulesFor('*')], at: 113_999, expected: false },
  { name: 'an answer that was not renewed does', results: [rulesFor('*')], at: 114_000, expected: true },
  { name: 'none that was not renewed does', results: [noRules], at: 87_000, expected: true },
  {
    name: 'rules that outlive a failure do not',
    results: [rulesFor('*'), serverFailure],
    at: 800_000,
    expected: false,
  },
  { name: 'nothing known does', results: [serverFailure], at: 250, expected: true },
  { name: 'nothing known before the next attempt does not', results: [serverFailure], at: 249, expected: false },
]
for (const { name, results, at, expected } of loads) {
  t.test(`${name} make a request wait`, async t => t.equal(mustLoad(after(results), times, at), expected))
}

t.test('an entry of longer durations is brought to the present ones', async t => {
  const entry = afterResult(
    undefined,
    rulesFor('*'),
    { ...times, freshSeconds: 3600, staleSeconds: 7200 },
    0,
    () => 0.5,
  )
  t.match(adoptEntry(entry, times, 1000), { nextTryAt: 61_000, revalidateUntil: 121_000 })
  t.equal(adoptEntry(after([serverFailure]), times, 1000).nextTryAt, 250, 'a backoff stays')
  t.equal(adoptEntry(after([notSupported]), times, 1000).nextTryAt, 450_000, 'what is not supported stays')
})

t.test('an entry that was replaced at its source says nothing, and is asked for at once', async t => {
  const entry = afterResult(undefined, { kind: 'none', unsupported: false }, times, 1000, () => 0.5)
  const replaced = outdated(entry)
  t.equal(stateAt(replaced, times, 1000).kind, 'unknown')
  t.equal(mustLoad(replaced, times, 1000), true)
  t.equal(replaced.lastResult, entry.lastResult)
})
