import t from 'tap'
import { describeEntry } from '../../../src/policies/upstream/entry-status.ts'
import { afterResult } from '../../../src/policies/upstream/rule-freshness.ts'
import { rulesFor, serverFailure } from '../../fixtures/scripted-fetch.ts'

const times = { freshSeconds: 60, staleSeconds: 900, negativeSeconds: 30 }
const good = afterResult(undefined, rulesFor('*'), times, 1000, () => 0.5)

t.test('a bucket that was not answered about', async t => {
  t.strictSame(describeEntry('media', 'upstream', 'block', undefined, times, 0), {
    bucket: 'media',
    source: 'upstream',
    enforcement: 'block',
    state: 'unknown',
    rules: 0,
  })
})

t.test('a bucket with rules, and a failure since', async t => {
  t.strictSame(
    describeEntry(
      'media',
      'upstream',
      'headers',
      afterResult(good, serverFailure, times, 61_000, () => 0.5),
      times,
      71_000,
    ),
    {
      bucket: 'media',
      source: 'upstream',
      enforcement: 'headers',
      state: 'rules',
      rules: 1,
      fetchedAt: 1000,
      ageSeconds: 70,
      lastResult: 'server: 500 InternalError',
      nextTryAt: 61_250,
    },
  )
})

t.test('a bucket whose rules are too old', async t => {
  t.match(describeEntry('media', 'upstream', 'headers', good, times, 901_001), {
    state: 'unknown',
    rules: 0,
    ageSeconds: 900.001,
  })
})
