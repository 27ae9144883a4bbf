import t from 'tap'
import { createBucketLabels } from '../../../src/telemetry/metrics/bucket-labels.ts'
import { countRequest, createRequestCounters } from '../../../src/telemetry/metrics/request-counters.ts'
import { requestFamilies } from '../../../src/telemetry/metrics/request-families.ts'
import { createOriginTable } from '../../../src/telemetry/origins/origin-table.ts'
import { makeActual, matched } from '../../fixtures/request-records.ts'

function create() {
  const buckets = createBucketLabels()
  const counters = createRequestCounters()
  const families = requestFamilies(counters, buckets, createOriginTable(1, buckets, Date.now, Math.random))
  return { buckets, counters, read: (name: string) => families.find(family => family.name === name)?.samples() }
}

t.test('only what was counted is a series', async t => {
  const { buckets, counters, read } = create()
  t.strictSame(read('s3cors_requests_total'), [])
  t.strictSame(read('s3cors_decisions_total'), [])
  countRequest(counters, makeActual('https://a', { decision: matched() }), buckets.index('media', true))
  t.strictSame(read('s3cors_requests_total'), [{ labels: { kind: 'actual', method: 'GET', code: '2xx' }, value: 1 }])
  t.strictSame(read('s3cors_decisions_total'), [
    { labels: { bucket: 'media', kind: 'actual', decision: 'allowed', reason: 'matched' }, value: 1 },
  ])
})

t.test('closed sets are there from the start, so that their first increase shows', async t => {
  const { read } = create()
  t.equal(read('s3cors_upstream_failures_total')?.length, 9)
  t.equal(read('s3cors_request_duration_seconds')?.length, 5)
})
