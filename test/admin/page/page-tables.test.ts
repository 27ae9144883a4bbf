import t from 'tap'
import type { OriginLine } from '../../../src/admin/admin-sources.ts'
import {
  renderAllowed,
  renderBuckets,
  renderDenied,
  renderReport,
  renderRest,
} from '../../../src/admin/page/page-tables.ts'
import { makeSources, nowMs } from '../sources.ts'

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
  const table = renderDenied([older, line], nowMs, explain)
  t.strictSame(names(table), ['https://dev.example', 'https://older.example'])
  t.match(String(table), /<details data-key="https:\/\/dev\.example media origin"><summary>Explain/)
  t.equal(String(table).match(/<tr class="more"><td colspan="7">/g)?.length, 2, 'in a row of its own')
  t.match(String(table), 'preflight for PUT with content-type')
})

t.test('a request that named no bucket has no explanation that speaks of one', async t => {
  const table = renderDenied([{ ...line, bucket: 'other', lastBucket: undefined }], nowMs, () => {
    throw new Error('no page is to be asked')
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

t.test('report compares the rules with the endpoint', async t => {
  const table = String(renderReport([{ ...line, enforcement: 'report', upstreamAllowOrigin: '*' }]))
  t.match(table, 'allowed: <code>*</code>')
  t.match(table, 'becomes refused: 403')
})

t.test('a bucket whose rules are fetched has a button, others have none', async t => {
  const table = String(renderBuckets(sources.buckets(), nowMs))
  t.equal(table.match(/<button/g)?.length, 1)
  t.match(table, 'data-post="/buckets/uploads/refresh" hidden')
  t.match(table, 'a note')
})

t.test('the entry for all other buckets is explained, and cannot be fetched as one', async t => {
  const table = String(
    renderBuckets([{ bucket: '*', source: 'upstream', enforcement: 'headers', state: 'unknown', rules: 0 }], nowMs),
  )
  t.match(table, 'every other bucket')
  t.notMatch(table, '<button')
})

t.test('nothing to show is said in words', async t => {
  t.match(String(renderDenied([], nowMs, explain)), 'No origin has been denied')
  t.match(String(renderAllowed([], nowMs)), 'No origin has been allowed')
  t.match(String(renderBuckets([], nowMs)), 'names no bucket')
})

t.test('every table has a caption that names its region', async t => {
  for (const table of [renderDenied([line], nowMs, explain), renderBuckets(sources.buckets(), nowMs)]) {
    const id = /aria-labelledby="([^"]+)"/.exec(String(table))?.[1]
    t.match(String(table), `<caption id="${id}">`)
  }
})
