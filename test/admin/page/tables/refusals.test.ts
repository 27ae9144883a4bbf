import t from 'tap'
import type { LastRefusal } from '../../../../src/admin/admin-sources.ts'
import { PageView } from '../../../../src/admin/page/paging.ts'
import { renderRefusals } from '../../../../src/admin/page/tables/refusals.ts'
import { makeSources, nowMs } from '../../sources.ts'

const [refusal] = makeSources().origins().lastRefusals as [LastRefusal]
const render = (refusals: readonly LastRefusal[], query = '', allowed = false) =>
  String(renderRefusals(refusals, nowMs, () => allowed, new PageView(new URLSearchParams(query))))

t.test('a refusal says when, who, where, what and why, and leads to its explanation', async t => {
  const table = render([refusal])
  t.match(
    table,
    /https:\/\/dev\.example.*media.*preflight for PUT with content-type.*<code>origin<\/code>.*<td>2<\/td>.*1 s ago/s,
  )
  t.match(
    table,
    'href="/?bucket=media&amp;origin=https%3A%2F%2Fdev.example&amp;method=PUT&amp;header=content-type#explain"',
  )
})

t.test('the latest comes first, ten a page', async t => {
  const many = Array.from({ length: 32 }, (_, at) => ({ ...refusal, origin: `https://o${at}.example` }))
  const origins = (query: string) =>
    [...render(many, query).matchAll(/<th scope="row"><code>https:\/\/(o\d+)/g)].map(([, origin]) => origin)
  t.strictSame([origins('')[0], origins('').length], ['o31', 10])
  t.strictSame(origins('refusals=30'), ['o1', 'o0'])
})

t.test('what the rules allow by now says so', async t => {
  t.match(render([refusal], '', true), 'allowed by the rules in force')
  t.notMatch(render([{ ...refusal, bucket: undefined }], '', true), 'allowed by the rules in force')
})

t.test('what named no bucket or had no origin has no explanation', async t => {
  const hostless = { ...refusal, bucket: undefined, unknownHost: 's3.example', reason: 'unknown_host' as const }
  t.match(render([hostless]), 'the Host <code>s3.example</code> is not in the configuration')
  t.notMatch(render([hostless]), '#explain')
  t.match(render([{ ...refusal, origin: 'invalid' }]), 'no valid Origin')
  t.notMatch(render([{ ...refusal, origin: 'invalid' }]), '#explain')
})

t.test('nothing is said in words', async t => {
  t.match(render([]), 'Nothing has been refused since the start.')
  t.match(render([], 'search=x'), 'No row fits the filter above.')
})
