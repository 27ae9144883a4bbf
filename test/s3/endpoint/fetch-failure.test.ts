import t from 'tap'
import { failureOf, parseRetryAfter } from '../../../src/s3/endpoint/fetch-failure.ts'

const now = Date.UTC(2026, 10, 23, 12, 0, 0)

const values: readonly { value: string | undefined; seconds: number | undefined }[] = [
  { value: undefined, seconds: undefined },
  { value: '0', seconds: 0 },
  { value: '120', seconds: 120 },
  { value: '-1', seconds: undefined },
  { value: '1.5', seconds: undefined },
  { value: '99999999999', seconds: undefined },
  { value: 'soon', seconds: undefined },
  { value: 'Mon, 23 Nov 2026 12:00:05 GMT', seconds: 5 },
  { value: 'Mon, 23 Nov 2026 11:00:00 GMT', seconds: 0 },
]
for (const { value, seconds } of values) {
  t.test(`Retry-After '${value}' is ${seconds} s`, async t => t.equal(parseRetryAfter(value, now), seconds))
}

t.test('an answer of success that cannot be used is malformed', async t => {
  const failure = failureOf({ status: 206, headers: [], body: Buffer.alloc(0) }, now)
  t.match(failure, { kind: 'failure', reason: 'malformed' })
})

t.test('a region that is no word is not repeated', async t => {
  const failure = failureOf(
    { status: 301, headers: ['x-amz-bucket-region', 'a b\u001b[31m'], body: Buffer.alloc(0) },
    now,
  )
  t.notMatch(failure.detail, /region a/)
})
