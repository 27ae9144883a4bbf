import t from 'tap'
import type { OriginsSeen } from '../../../../src/admin/admin-sources.ts'
import { PageView } from '../../../../src/admin/page/paging.ts'
import { renderSuggestion } from '../../../../src/admin/page/tables/suggestion.ts'
import { makeSources } from '../../sources.ts'

const seen = makeSources().origins()
const render = (query = '', of: OriginsSeen = seen) =>
  String(renderSuggestion(of, new PageView(new URLSearchParams(query))))

t.test('every bucket that was seen has a link to its suggestion', async t => {
  t.match(
    render('search=media'),
    /media.*<td>1<\/td><td>2<\/td>.*href="\/\?search=media&amp;suggest=media#suggestion"/s,
  )
  t.notMatch(render(), '<pre')
})

t.test('the suggestion that is asked for stands above, to copy', async t => {
  const page = render('suggest=media')
  t.match(
    page,
    /<pre tabindex="0" id="suggested"># Suggested from what was seen: .*&quot;https:\/\/dev\.example&quot;.*PUT.*content-type/s,
  )
  t.match(page, 'data-copy="suggested" hidden')
  t.match(page, 'href="/buckets/media/suggestion"')
})

t.test('a bucket of which nothing was seen, or which none can be, has none', async t => {
  t.match(render('suggest=docs'), 'Nothing was seen of the bucket <code>docs</code>.')
  t.match(render('suggest=%3Cb%3E'), 'Nothing was seen of the bucket <code>&lt;b&gt;</code>.')
  const [line] = seen.lines
  if (line === undefined) throw new Error('a line')
  const evil = { ...line, requests: line.requests.map(request => ({ ...request, bucket: 'No Bucket' })) }
  t.match(render('suggest=No+Bucket', { ...seen, lines: [evil] }), 'Nothing was seen of the bucket')
  t.match(render('', { ...seen, lines: [evil] }), 'No page has asked for a bucket since the start.')
})

t.test('a long suggestion is a link away', async t => {
  const [line] = seen.lines
  if (line === undefined) throw new Error('a line')
  const lines = Array.from({ length: 2000 }, (_, at) => ({ ...line, origin: `https://site-${at}.example` }))
  const page = render('suggest=media', { ...seen, lines })
  t.ok(page.length < 5000, `${page.length} characters`)
  t.match(page, 'is long.')
})
