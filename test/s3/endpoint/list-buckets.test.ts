import t from 'tap'
import type { TransportAnswer } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { type BucketListResult, createListBuckets } from '../../../src/s3/endpoint/list-buckets.ts'

const bucket = (name: string) =>
  `<Bucket><Name>${name}</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>`
const page = (names: readonly string[], token?: string) =>
  `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>x</ID></Owner><Buckets>${names.map(bucket).join('')}</Buckets>${
    token === undefined ? '' : `<ContinuationToken>${token}</ContinuationToken>`
  }</ListAllMyBucketsResult>`
const answer = (status: number, body: string): TransportAnswer => ({ status, headers: [], body: Buffer.from(body) })

const cases: readonly {
  name: string
  pages: readonly TransportAnswer[]
  result: unknown
  queries: readonly (string | undefined)[]
}[] = [
  {
    name: 'one page',
    pages: [answer(200, page(['a-1', 'b-2']))],
    result: { kind: 'buckets', names: new Set(['a-1', 'b-2']) },
    queries: [undefined],
  },
  {
    name: 'no bucket',
    pages: [answer(200, page([]))],
    result: { kind: 'buckets', names: new Set() },
    queries: [undefined],
  },
  {
    name: 'two pages',
    pages: [answer(200, page(['a-1'], 'n/e+xt')), answer(200, page(['b-2']))],
    result: { kind: 'buckets', names: new Set(['a-1', 'b-2']) },
    queries: [undefined, 'continuation-token=n%2Fe%2Bxt'],
  },
  {
    name: 'the same page twice',
    pages: [answer(200, page(['a-1'], 'next')), answer(200, page(['b-2'], 'next'))],
    result: { kind: 'failure', reason: 'malformed' },
    queries: [undefined, 'continuation-token=next'],
  },
  {
    name: 'refused',
    pages: [answer(403, '<Error><Code>AccessDenied</Code></Error>')],
    result: { kind: 'failure', reason: 'auth' },
    queries: [undefined],
  },
  {
    name: 'a page of a web server',
    pages: [answer(200, '<html/>')],
    result: { kind: 'failure', reason: 'malformed' },
    queries: [undefined],
  },
  {
    name: 'cut off',
    pages: [answer(200, page(['a-1']).slice(0, -9))],
    result: { kind: 'failure', reason: 'malformed' },
    queries: [undefined],
  },
]
for (const { name, pages, result, queries } of cases) {
  t.test(`a list of buckets: ${name}`, async t => {
    const asked: (string | undefined)[] = []
    const list = createListBuckets(async call => {
      asked.push(call.query)
      return pages[asked.length - 1] ?? answer(500, '')
    })
    t.match(await list(), result as BucketListResult)
    t.strictSame(asked, queries)
  })
}

t.test('a list without end is given up', async t => {
  let asked = 0
  const list = createListBuckets(async () => answer(200, page([], `token-${asked++}`)))
  t.match(await list(), { kind: 'failure', reason: 'oversized' })
  t.equal(asked, 20)
})

t.test('a list that could not be fetched says why', async t => {
  const list = createListBuckets(async () => ({ kind: 'failure', reason: 'timeout', detail: 'no answer' }))
  t.strictSame(await list(), { kind: 'failure', reason: 'timeout', detail: 'no answer' })
})
