import t from 'tap'
import type { OriginLine } from '../../../src/admin/admin-sources.ts'
import { renderPage } from '../../../src/admin/page/page.ts'
import { nextQuery, PageView, parseListQuery } from '../../../src/admin/page/paging.ts'
import { routes } from '../../../src/admin/routes.ts'
import { makeSources } from '../sources.ts'

const queries: { query: string; parsed: object }[] = [
  { query: '', parsed: { limit: 1000, offset: 0, bucket: undefined, decision: undefined } },
  { query: 'limit=5&offset=10&bucket=media', parsed: { limit: 5, offset: 10, bucket: 'media', decision: undefined } },
  { query: 'decision=denied', parsed: { limit: 1000, offset: 0, bucket: undefined, decision: 'denied' } },
  { query: 'decision=refused', parsed: { fault: 'decision is denied or allowed' } },
  { query: 'limit=0', parsed: { fault: 'limit is a number from 1 to 10000' } },
  { query: 'limit=10001', parsed: { fault: 'limit is a number from 1 to 10000' } },
  { query: 'limit=+5', parsed: { fault: 'limit is a number from 1 to 10000' } },
  { query: 'limit=', parsed: { fault: 'limit is a number from 1 to 10000' } },
  { query: 'offset=-1', parsed: { fault: 'offset is a number of lines, from 0' } },
  { query: 'offset=1000000000', parsed: { fault: 'offset is a number of lines, from 0' } },
  { query: 'offset=1&offset=2', parsed: { fault: 'offset may be given once' } },
  { query: 'cursor=x', parsed: { fault: 'allowed parameters are limit, offset, bucket and decision' } },
]
for (const { query, parsed } of queries) {
  t.test(`a list is asked for with '${query}'`, async t => {
    t.strictSame(parseListQuery(new URLSearchParams(query), 'origins'), parsed)
  })
}

t.test('buckets have no decision', async t => {
  t.strictSame(parseListQuery(new URLSearchParams('decision=denied'), 'buckets'), {
    fault: 'allowed parameters are limit, offset and bucket',
  })
})

t.test('the next lines are those behind these, with the same limit and bucket', async t => {
  const asked = { offset: 0, limit: 10, bucket: undefined, decision: undefined }
  t.equal(
    nextQuery({ ...asked, bucket: 'a&b', decision: 'denied' }, 11),
    '?limit=10&offset=10&bucket=a%26b&decision=denied',
  )
  t.equal(nextQuery(asked, 10), undefined)
})

t.test('a view tells the rows of its tables from the question of its form', async t => {
  const view = new PageView(new URLSearchParams('bucket=media&denied=100&allowed=x&search=me'))
  t.equal(view.asked.toString(), 'bucket=media')
  t.strictSame(view.paging('denied'), { offset: 100, limit: 25 })
  t.strictSame(view.paging('allowed'), { offset: 0, limit: 25 }, 'what is no number is the first row')
  t.strictSame([view.hasBucket('media'), view.hasBucket('docs'), view.hasBucket(undefined)], [true, false, false])
  const links = String(view.renderLinks('denied', 250))
  t.match(links, 'Rows 101 to 125 of 250.')
  t.match(links, 'denied=75&amp;allowed=x&amp;search=me#denied-caption">Before')
  t.match(links, 'denied=125&amp;allowed=x&amp;search=me#denied-caption">After')
  t.equal(view.renderLinks('allowed', 25), undefined, 'no links where all rows are shown')
})

const filters: { query: string; rows: string[] }[] = [
  { query: '', rows: ['a media origin', 'a docs method', 'b media matched', 'b none unknown_host'] },
  { query: 'of-bucket=media', rows: ['a media origin', 'b media matched'] },
  { query: 'of-bucket=medi', rows: [] },
  { query: 'decision=denied', rows: ['a media origin', 'a docs method', 'b none unknown_host'] },
  { query: 'decision=allowed', rows: ['b media matched'] },
  { query: 'reason=method', rows: ['a docs method', 'b media matched'] },
  { query: 'decision=denied&reason=method', rows: ['a docs method'] },
  { query: 'search=edi', rows: ['a media origin', 'b media matched'] },
  { query: 'search=b', rows: ['b media matched', 'b none unknown_host'] },
  { query: 'search=a&of-bucket=docs&decision=denied', rows: ['a docs method'] },
  { query: 'search=a&of-bucket=docs&decision=allowed', rows: [] },
]
for (const { query, rows } of filters) {
  t.test(`the rows of '${query}'`, async t => {
    const view = new PageView(new URLSearchParams(query))
    const all = [
      ['a', 'media', 'origin'],
      ['a', 'docs', 'method'],
      ['b', 'media', 'matched'],
      ['b', undefined, 'unknown_host'],
    ] as const
    t.strictSame(
      all
        .filter(([origin, bucket, reason]) => view.has(origin, bucket, reason))
        .map(([origin, bucket, reason]) => `${origin} ${bucket ?? 'none'} ${reason}`),
      rows,
    )
    t.equal(view.isNarrowed, query !== '')
  })
}

const [sample] = makeSources().origins().lines as [OriginLine]
const header = `x-${'a'.repeat(1000)}`
const lines = Array.from({ length: 20_000 }, (_, at): OriginLine => {
  const bucket = `bucket-${at % 10_000}`
  const decision = at % 2 === 0 ? 'allowed' : 'denied'
  return {
    ...sample,
    origin: `https://${at}.example`,
    bucket,
    lastBucket: bucket,
    decision,
    headers: [header],
    lastSeenMs: at,
  }
})
const rest = Array.from({ length: 3000 }, (_, at) => {
  return { origin: 'other', bucket: `bucket-${at}`, decision: 'denied' as const, reason: 'origin' as const, count: 1 }
})
const statuses = Array.from({ length: 10_000 }, (_, at) => {
  return {
    bucket: `bucket-${at}`,
    source: 'yaml' as const,
    enforcement: 'headers' as const,
    state: 'rules' as const,
    rules: 100,
  }
})

function crowded() {
  let explained = 0
  const plain = makeSources()
  const sources = makeSources({
    origins: () => ({ lines, rest, overflow: 0, lastRefusals: [] }),
    buckets: () => statuses,
    explain: query => {
      explained++
      return plain.explain(query)
    },
  })
  return { sources, explained: () => explained }
}

t.test('the page stays small and explains little, however many origins and buckets there are', async t => {
  const { sources, explained } = crowded()
  const page = renderPage(sources, new URLSearchParams())
  t.ok(page.length < 600_000, `${page.length} characters`)
  t.ok(explained() <= 5, `${explained()} explanations`)
  t.equal(page.match(/<tr class="more">/g)?.length, 50, 'of 25 origins and of 25 buckets')
  t.match(page, 'Rows 1 to 25 of 10000.')
  t.match(page, 'https://19999.example', 'the latest')
  t.notMatch(page, 'https://19949.example')
  t.match(renderPage(sources, new URLSearchParams('denied=25')), 'https://19949.example')
})

t.test('a row without its explanation links to it', async t => {
  const { sources } = crowded()
  const [, link = ''] = /href="(\/\?bucket=bucket-9979[^"]*)"/.exec(renderPage(sources, new URLSearchParams())) ?? []
  t.match(
    link,
    /^\/\?bucket=bucket-9979&amp;origin=https%3A%2F%2F19979.example&amp;method=PUT&amp;header=x-a+#explain$/,
  )
})

t.test('a search shows the rows of those buckets alone', async t => {
  const page = renderPage(crowded().sources, new URLSearchParams('search=bucket-9979'))
  t.match(page, 'https://19979.example')
  t.notMatch(page, 'https://19999.example')
  t.match(page, 'value="bucket-9979"')
})

/** Follows `next` to the end; says how many lines each answer had, and all of them. */
async function follow(path: string, list: (body: Record<string, unknown>) => unknown[]) {
  const route = routes.find(one => one.path === path && one.method === 'GET')
  if (route === undefined) throw new Error(`no ${path}`)
  const sizes: number[] = []
  const all: unknown[] = []
  for (let query: unknown = '?limit=4000'; typeof query === 'string'; ) {
    const { status, body } = await route.answer(crowded().sources, { name: '', query: new URLSearchParams(query) })
    t.equal(status, 200)
    const parsed = JSON.parse(String(body)) as Record<string, unknown>
    sizes.push(list(parsed).length)
    all.push(...list(parsed))
    query = parsed.next
  }
  return { sizes, all }
}

t.test('/buckets comes in parts that are the whole', async t => {
  const { sizes, all } = await follow('/buckets', body => body.buckets as unknown[])
  t.strictSame(sizes, [4000, 4000, 2000])
  t.equal(new Set(all.map(one => (one as { bucket: string }).bucket)).size, 10_000)
})

t.test('/origins comes in parts that are the whole', async t => {
  type Side = { origins: unknown[]; rest: unknown[] }
  const { sizes, all } = await follow('/origins', body =>
    (body.buckets as { denied: Side; allowed: Side }[]).flatMap(({ denied, allowed }) => [
      ...[...denied.origins, ...allowed.origins].map(line => (line as OriginLine).origin),
      ...[...denied.rest, ...allowed.rest].map((_, at) => `rest ${at}`),
    ]),
  )
  t.strictSame(sizes, [4000, 4000, 4000, 4000, 4000, 3000])
  t.equal(new Set(all.filter(origin => !String(origin).startsWith('rest'))).size, 20_000)
})

for (const path of ['/buckets', '/origins']) {
  t.test(`${path} of one bucket, and of what cannot be asked`, async t => {
    const route = routes.find(one => one.path === path)
    const ask = async (query: string) =>
      await route?.answer(crowded().sources, { name: '', query: new URLSearchParams(query) })
    const one = await ask('bucket=bucket-7')
    t.equal((JSON.parse(String(one?.body)) as { buckets: unknown[] }).buckets.length, 1)
    const first = String((await ask(''))?.body)
    t.ok(first.length < 2_000_000, 'a thousand lines unless more are asked for')
    t.match(first, 'limit=1000&offset=1000')
    t.equal((await ask('limit=x'))?.status, 400)
  })
}
