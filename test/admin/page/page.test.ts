import t from 'tap'
import type { AdminSources } from '../../../src/admin/admin-sources.ts'
import { renderPage } from '../../../src/admin/page/page.ts'
import { makeSources } from '../sources.ts'

function render(query = '', changes: Partial<AdminSources> = {}): string {
  return renderPage(makeSources(changes), new URLSearchParams(query))
}

t.test('the page shows health, origins, buckets and a form', async t => {
  const text = render()
  for (const words of [
    '<span class="allowed">ready</span>',
    '1.2.3',
    'https://dev.example',
    'uploads',
    'Explain a request',
  ]) {
    t.match(text, words)
  }
  t.notMatch(text, 'id="report"')
})

t.test('what is not ready is named', async t => {
  t.match(render('', { notReady: () => ['listening'] }), '<span class="denied">not ready</span>: listening')
})

t.test('a bucket in report has its own part', async t => {
  const { lines, rest } = makeSources().origins()
  const text = render('', {
    origins: () => ({
      lines: lines.map(line => ({ ...line, enforcement: 'report' as const })),
      rest,
      overflow: 5,
      lastRefusals: [],
    }),
  })
  t.match(text, '<section id="report"')
  t.match(text, '5 requests came from origins without a row')
})

t.test('the form keeps what was asked, and the answer stands below it', async t => {
  const text = render('bucket=media&origin=https://x.example&method=PUT&header=a&actual=true')
  t.match(text, 'value="https://x.example"')
  t.match(text, '<option selected>PUT</option>')
  t.match(text, 'value="true" checked')
  t.match(text, 'no rule lists this origin')
})

t.test('what cannot be asked is answered in words', async t => {
  t.match(
    render('origin=https://x.example'),
    'This cannot be asked: bucket is missing; url-of-object may stand for it.',
  )
})

t.test('hostile strings are text everywhere', async t => {
  const evil = `"><script>alert(1)</script>'\u001b[2J\u009b\u202e`
  const { lines } = makeSources().origins()
  const text = render(new URLSearchParams({ bucket: evil, origin: evil, method: evil, header: evil }).toString(), {
    version: evil,
    notReady: () => [evil],
    buckets: () => [
      {
        bucket: evil,
        source: 'upstream',
        enforcement: 'headers',
        state: 'rules',
        rules: 1,
        lastResult: evil,
        notes: [evil],
      },
    ],
    origins: () => ({
      lines: lines.map(line => ({
        ...line,
        origin: evil,
        lastBucket: evil,
        method: evil,
        headers: [evil],
        upstreamAllowOrigin: evil,
        enforcement: 'report' as const,
      })),
      rest: [],
      overflow: 0,
      lastRefusals: [],
    }),
  })
  t.equal(text.match(/<script/g)?.length, 1, 'only the page its own script')
  t.notMatch(text, /[\u001b\u009b\u202e]/)
  t.notMatch(text, /="[^"]*"><script>alert/)
})

t.test('no two landmarks have the same name, in whatever order', async t => {
  for (const query of ['', 'order=origin']) {
    const text = render(query, {
      ruleUses: () => [{ index: 0, id: undefined, count: 0, lastMatchedMs: undefined }],
    })
    const names = [...text.matchAll(/<(?:h2|caption) id="[^"]+">([^<]*)/g)].map(([, name]) => name)
    t.strictSame([...new Set(names)], names, query)
  }
})

t.test('nothing inline, nothing from elsewhere', async t => {
  const text = render()
  t.notMatch(text, /\s(?:style|on[a-z]+)=/)
  t.notMatch(text, /<script(?! src="\/page\.js" defer><\/script>)/)
  t.strictSame(
    [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url).filter(url => !url?.startsWith('/?')),
    ['/page.css', '/page.js', '#denied'],
  )
})

t.test('a person who sees no screen finds the way', async t => {
  const text = render()
  t.match(text, '<html lang="en">')
  t.match(text, '<main>')
  t.match(text, 'role="status"')
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  t.equal(new Set(ids).size, ids.length, 'every id is there once')
  for (const [, id] of text.matchAll(/ (?:for|aria-labelledby|list)="([^"]+)"/g))
    t.ok(ids.includes(id), `#${id} is there`)
  for (const [, id] of text.matchAll(/<(?:input|select) (?!type="checkbox")id="([^"]+)"/g)) t.match(text, `for="${id}"`)
})
