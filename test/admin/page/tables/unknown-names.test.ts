import t from 'tap'
import { renderUnknownNames } from '../../../../src/admin/page/tables/unknown-names.ts'
import { makeSources, nowMs } from '../../sources.ts'

const known = makeSources().unknownAddresses()

t.test('names that are not configured: what they are, how often and when, the most frequent first', async t => {
  const table = String(renderUnknownNames(known, nowMs, () => false))
  t.match(
    table,
    /s3\.example.*Host.*name no bucket: refused\. If this is a name of the proxy, add hosts: \[s3\.example\].*6.*9 s ago.*4 s ago.*medai.*bucket.*no rules: refused.*5/s,
  )
  t.match(table, 'Requests for other names, which have no row: 2.')
})

t.test('a bucket that "*" governs says so', async t => {
  t.match(String(renderUnknownNames(known, nowMs, () => true)), 'the rules of &quot;*&quot; hold')
})

t.test('nothing is said in words', async t => {
  const none = { names: [], others: 0 }
  t.match(
    String(renderUnknownNames({ buckets: none, hosts: none }, nowMs, () => false)),
    'Every bucket and Host that pages asked for is configured.',
  )
})
