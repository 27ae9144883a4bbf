import t from 'tap'
import type { OriginLine } from '../../../../src/admin/admin-sources.ts'
import { PageView } from '../../../../src/admin/page/paging.ts'
import { renderBuckets } from '../../../../src/admin/page/tables/buckets.ts'
import { renderAllowed, renderDenied, renderRest } from '../../../../src/admin/page/tables/origins.ts'
import { renderReport } from '../../../../src/admin/page/tables/report.ts'
import { makeSources, nowMs } from '../../sources.ts'

const sources = makeSources()
const [line] = sources.origins().lines as [OriginLine]
const explain = () =>
  sources.explain({
    bucket: 'media',
    method: 'OPTIONS',
    origin: line.origin,
    requestMethod: 'PUT',
    requestHeaders: undefined,
  })

/** The first cell of each row. */
function names(table: unknown): string[] {
  return [...String(table).matchAll(/<th scope="row"><code>([^<]*)/g)].map(([, name]) => name ?? '')
}

t.test('denied origins: the latest first, each with its explanation', async t => {
  const older = { ...line, origin: 'https://older.example', lastSeenMs: line.lastSeenMs - 1, count: 99 }
  const table = renderDenied([older, line], nowMs, { explain, allowsNow: () => false })
  t.strictSame(names(table), ['https://dev.example', 'https://older.example'])
  t.match(String(table), /<details data-key="https:\/\/dev\.example media origin"><summary>Explain/)
  t.equal(String(table).match(/<tr class="more"><td colspan="7">/g)?.length, 2, 'in a row of its own')
  t.match(String(table), 'preflight for PUT with content-type')
})

t.test('a request that named no bucket has no explanation that speaks of one', async t => {
  const table = renderDenied([{ ...line, bucket: 'other', lastBucket: undefined }], nowMs, {
    explain() {
      throw new Error('no page is to be asked')
    },
    allowsNow: () => false,
  })
  t.match(String(table), '<span class="quiet">no bucket</span>')
  t.match(String(table), 'The request named no bucket, so no rule can allow it.')
})

t.test('allowed origins: the heaviest first', async t => {
  const table = renderAllowed([line, { ...line, origin: 'https://b.example', count: 9 }], nowMs)
  t.strictSame(names(table), ['https://b.example', 'https://dev.example'])
})

t.test('the rest says which requests have no row', async t => {
  t.match(String(renderRest(sources.origins().rest)), 'no valid Origin')
  t.equal(renderRest([]), undefined)
})

const [put] = line.requests as [OriginLine['requests'][number]]
const reported: OriginLine = { ...line, enforcement: 'report', otherRequests: 0 }

/** The first cells of each of the three lists of `report`. */
function lists(lines: readonly OriginLine[], view?: PageView): Record<string, string[]> {
  const parts = String(renderReport(lines, nowMs, view)).split('<caption')
  return Object.fromEntries(parts.slice(1).map(part => [/>([^<:]*)/.exec(part)?.[1] ?? '', names(part)]))
}

t.test('report has three lists: would be refused, would be allowed, same', async t => {
  const both = { ...put, endpointAllowed: 1, endpointRefused: 1 }
  const lines: OriginLine[] = [
    { ...reported, origin: 'https://lost.example', requests: [{ ...put, endpointAllowed: 2 }] },
    { ...reported, origin: 'https://varies.example', requests: [both] },
    { ...reported, origin: 'https://never.example', requests: [{ ...put, endpointRefused: 2 }] },
    {
      ...reported,
      origin: 'https://won.example',
      decision: 'allowed',
      reason: 'matched',
      requests: [{ ...put, endpointRefused: 2 }],
    },
    { ...reported, origin: 'https://fine.example', decision: 'allowed', reason: 'matched', requests: [put] },
  ]
  t.strictSame(lists(lines), {
    'Would be refused': ['https://lost.example', 'https://varies.example'],
    'Would be allowed by the rules, but the endpoint refused': ['https://won.example'],
    Same: ['https://never.example', 'https://fine.example'],
  })
  t.strictSame(lists([]), {}, 'a list of nothing is a sentence')
  t.match(String(renderReport([], nowMs)), 'Would be refused: the endpoint allowed it, no rule does: nothing.')
})

t.test('a row of report says what the endpoint answered and what enforcing changes', async t => {
  const table = String(
    renderReport([{ ...reported, upstreamAllowOrigin: '*', requests: [{ ...put, endpointAllowed: 1 }] }], nowMs),
  )
  t.match(
    table,
    /preflight for PUT with content-type.*denied.*<code>origin<\/code>.*allowed 1 times.*<code>\*<\/code>/s,
  )
  t.match(table, 'becomes refused: 403')
})

t.test('an origin with several kinds of requests stands in several lists, and each list has its own pages', async t => {
  const requests = [
    ...Array.from({ length: 12 }, (_, at) => ({ ...put, method: `M${at}`, endpointAllowed: at })),
    { ...put, headers: undefined, preflights: 0, actual: 9 },
  ]
  const lines = [{ ...reported, requests, otherRequests: 5 }]
  t.strictSame(
    Object.values(lists(lines)).map(list => list.length),
    [10, 2],
  )
  const second = new PageView(new URLSearchParams('report-refused=10'))
  t.strictSame(
    Object.values(lists(lines, second)).map(list => list.length),
    [1, 2],
  )
  t.match(String(renderReport(lines, nowMs)), 'Rows 1 to 10 of 11.')
  t.match(String(renderReport(lines, nowMs)), 'Other requests of these origins, without what they asked for: 5.')
  t.match(String(renderReport(lines, nowMs)), 'PUT with an invalid list')
})

t.test('a table that a filter empties says that, and not that nothing came', async t => {
  for (const query of ['search=x', 'of-bucket=x', 'decision=denied', 'reason=method']) {
    const view = new PageView(new URLSearchParams(query))
    const verdicts = { explain, allowsNow: () => false }
    for (const table of [
      renderDenied([], nowMs, verdicts, view),
      renderAllowed([], nowMs, view),
      renderBuckets([], nowMs, sources, view),
    ])
      t.equal(String(table), '<p>No row fits the filter above.</p>', query)
  }
})

t.test('an allowed origin shows what it asked for, the most frequent first, and how much has no entry', async t => {
  const requests = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, index) => ({
    ...put,
    headers: name === 'b' ? undefined : [name],
    actual: index,
  }))
  const table = String(renderAllowed([{ ...line, requests }], nowMs))
  t.strictSame(
    [...table.matchAll(/<span class="request">([^<]*)<\/span> <span class="quiet">([^<]*)/g)].map(([, what, how]) => [
      what,
      how,
    ]),
    [
      ['PUT with f', '2 + 5'],
      ['PUT with e', '2 + 4'],
      ['PUT with d', '2 + 3'],
      ['PUT with c', '2 + 2'],
    ],
  )
  t.match(table, '6 other requests', 'those of a and b, and the one without an entry')
})

t.test('rules that matched nothing say since when', async t => {
  const unused = { index: 1, id: undefined, count: 0, lastMatchedMs: undefined }
  const uses = [...sources.ruleUses('media'), unused]
  const table = String(renderBuckets(sources.buckets(), nowMs, { ...sources, ruleUses: () => uses }))
  t.match(table, /web: 4, <span class="quiet"><time [^>]*>2 s ago/)
  t.match(table, /rule 2: 0, <span class="quiet">nothing since <time datetime="2026-01-02T02:04:05.000Z"/)
  const many = Array.from({ length: 12 }, (_, index) => ({ ...unused, index }))
  t.match(String(renderBuckets(sources.buckets(), nowMs, { ...sources, ruleUses: () => many })), '2 more rules')
})

t.test('a bucket whose rules are fetched has a button, others have none', async t => {
  const table = String(renderBuckets(sources.buckets(), nowMs, sources))
  t.equal(table.match(/<button/g)?.length, 1)
  t.match(table, 'data-post="/buckets/uploads/refresh" hidden')
  t.match(table, 'a note')
})

t.test('the entry for all other buckets is explained, and cannot be fetched as one', async t => {
  const table = String(
    renderBuckets(
      [{ bucket: '*', source: 'upstream', enforcement: 'headers', state: 'unknown', rules: 0 }],
      nowMs,
      sources,
    ),
  )
  t.match(table, 'every other bucket')
  t.notMatch(table, '<button')
})

t.test('nothing to show is said in words', async t => {
  t.match(String(renderDenied([], nowMs, { explain, allowsNow: () => false })), 'No origin has been denied')
  t.match(String(renderAllowed([], nowMs)), 'No origin has been allowed')
  t.match(String(renderBuckets([], nowMs, sources)), 'names no bucket')
})

t.test('every table has a caption that names its region', async t => {
  for (const table of [
    renderDenied([line], nowMs, { explain, allowsNow: () => false }),
    renderBuckets(sources.buckets(), nowMs, sources),
  ]) {
    const id = /aria-labelledby="([^"]+)"/.exec(String(table))?.[1]
    t.match(String(table), `<caption id="${id}">`)
  }
})

t.test('an origin that was let in since says so', async t => {
  const allowed = String(renderDenied([line], nowMs, { explain, allowsNow: () => true }))
  t.match(allowed, 'allowed by the rules in force')
  t.notMatch(String(renderDenied([line], nowMs, { explain, allowsNow: () => false })), 'allowed by the rules in force')
  const nameless = { ...line, lastBucket: undefined }
  t.notMatch(String(renderDenied([nameless], nowMs, { explain, allowsNow: () => true })), 'allowed by the rules')
})

t.test('a column without a value is left out', async t => {
  const written = sources.buckets().filter(({ source }) => source === 'yaml')
  const table = String(renderBuckets(written, nowMs, sources))
  t.strictSame(
    [...table.matchAll(/<th scope="col">([^<]*)/g)].map(([, head]) => head),
    ['Bucket', 'Rules from', 'Enforcement', 'State', 'Matches'],
  )
  t.match(String(renderBuckets(sources.buckets(), nowMs, sources)), '<th scope="col">Next try')
})

t.test('rules in force are shown as YAML, and many of them by a link', async t => {
  const table = String(renderBuckets(sources.buckets(), nowMs, sources))
  t.match(table, /<details data-key="rules media"><summary>Rules in force.*CORSRules:\n {6}- ID: &quot;web&quot;/s)
  const many = sources.buckets().map(status => ({ ...status, rules: 100 }))
  t.match(String(renderBuckets(many, nowMs, sources)), '<a href="/buckets/media">')
})

t.test('origins come in the order that was asked for', async t => {
  const verdicts = { explain, allowsNow: () => false }
  const lines = [
    { ...line, origin: 'https://b.example', count: 1, lastBucket: 'zoo' },
    { ...line, origin: 'https://a.example', count: 2, lastSeenMs: line.lastSeenMs - 9, lastBucket: 'alpha' },
  ]
  const orderBy = (order: string) =>
    names(renderDenied(lines, nowMs, verdicts, new PageView(new URLSearchParams({ order }))))
  for (const order of ['', 'latest', 'nonsense'])
    t.strictSame(orderBy(order), ['https://b.example', 'https://a.example'], order)
  for (const order of ['count', 'origin', 'bucket'])
    t.strictSame(orderBy(order), ['https://a.example', 'https://b.example'], order)
})
