import t from 'tap'
import { createBucketList } from '../../../src/policies/upstream/bucket-list.ts'
import type { BucketListResult } from '../../../src/s3/endpoint/list-buckets.ts'

const listed = (...names: string[]): BucketListResult => ({ kind: 'buckets', names: new Set(names) })
const refused: BucketListResult = { kind: 'failure', reason: 'auth', detail: '403 AccessDenied' }

function setUp(results: readonly BucketListResult[]) {
  const state = { at: 1_000_000, asked: 0 }
  const list = createBucketList({
    list: async () => results[Math.min(state.asked++, results.length - 1)] ?? refused,
    freshSeconds: 60,
    staleSeconds: 900,
    now: () => state.at,
  })
  return { list, state }
}

t.test('a name is listed or absent, for as long as the list is fresh', async t => {
  const { list, state } = setUp([listed('real')])
  t.equal(list.peek('real'), undefined)
  t.equal(await list.load('real'), 'listed')
  t.equal(await list.load('made-up'), 'absent')
  state.at += 59_999
  t.equal(list.peek('made-up'), 'absent')
  state.at += 1
  t.equal(list.peek('made-up'), undefined, 'a new list is due')
  t.equal(list.peek('real'), 'listed', 'what was there needs no new list')
  t.equal(state.asked, 1)
})

t.test('a thousand names ask for one list', async t => {
  const { list, state } = setUp([listed('real')])
  await Promise.all(Array.from({ length: 1000 }, (_, i) => list.load(`made-up-${i}`)))
  t.equal(state.asked, 1)
})

t.test('a refused list is not asked for again until freshSeconds have passed', async t => {
  const { list, state } = setUp([refused])
  t.equal(await list.load('any'), 'unsure')
  t.equal(await list.load('any'), 'unsure')
  t.equal(state.asked, 1)
  t.match(list.describe(), /auth: 403 AccessDenied/)
  state.at += 60_000
  t.equal(await list.load('any'), 'unsure')
  t.equal(state.asked, 2)
})

t.test('a list that cannot be renewed still says what is there, and no more what is not', async t => {
  const { list, state } = setUp([listed('real'), refused])
  await list.load('real')
  state.at += 60_000
  t.equal(await list.load('made-up'), 'unsure')
  t.equal(list.peek('real'), 'listed')
  state.at += 900_000
  t.not(list.peek('real'), 'listed', 'until it is too old')
})

t.test('an empty list says nothing', async t => {
  const { list } = setUp([listed()])
  t.equal(await list.load('any'), 'unsure')
})

t.test('a list from before an answer about a bucket cannot say that it is absent', async t => {
  const { list, state } = setUp([listed('real')])
  await list.load('real')
  t.equal(list.peek('new', state.at + 1), 'unsure')
  t.equal(list.peek('new', state.at), 'absent')
})

t.test('without ListBuckets nothing is sure', async t => {
  const list = createBucketList({ list: undefined, freshSeconds: 60, staleSeconds: 900, now: () => 0 })
  t.equal(list.peek('any'), 'unsure')
  t.equal(await list.load('any'), 'unsure')
  t.equal(list.describe(), 'ListBuckets is not asked')
})

t.test('a list that rejects is a failure, and stopping gives it up', async t => {
  let signal: AbortSignal | undefined
  const list = createBucketList({
    list: given => {
      signal = given
      return Promise.reject(new Error('boom'))
    },
    freshSeconds: 60,
    staleSeconds: 900,
    now: () => 0,
  })
  t.equal(await list.load('any'), 'unsure')
  list.stop()
  t.equal(signal?.aborted, true)
})
