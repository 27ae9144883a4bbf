import t from 'tap'
import { PageView } from '../../../../src/admin/page/paging.ts'
import { renderUnusedRules } from '../../../../src/admin/page/tables/unused-rules.ts'
import type { BucketStatus } from '../../../../src/policies/policy-lookup.ts'
import { makeSources, nowMs } from '../../sources.ts'

const sources = makeSources()
const unused = (index: number, id?: string) => ({ index, id, count: 0, lastMatchedMs: undefined })
const [media] = sources.buckets() as [BucketStatus]

t.test('a rule that has matched nothing is told with its origins, and since when', async t => {
  const table = String(
    renderUnusedRules([media], nowMs, { ...sources, ruleUses: () => [unused(0, 'web'), { ...unused(1), count: 3 }] }),
  )
  t.match(table, /Counted since <time datetime="2026-01-02T02:04:05.000Z"/)
  t.match(table, /media.*rule 1, “web”.*https:\/\/app\.example.*GET/s)
  t.notMatch(table, 'rule 2')
})

t.test('where every rule has matched, that is said', async t => {
  t.match(String(renderUnusedRules([media], nowMs, sources)), 'Every rule has matched something.')
})

t.test('of many rules only some are read, whatever the page is asked for', async t => {
  const statuses = Array.from({ length: 1000 }, (_, at) => ({ ...media, bucket: `bucket-${at}`, rules: 100 }))
  let read = 0
  const ruleUses = () => {
    read += 100
    return [unused(0)]
  }
  const table = String(renderUnusedRules(statuses, nowMs, { ...sources, ruleUses }))
  t.equal(read, 2000)
  t.match(table, 'The rules of 980 further buckets were not read')
  t.match(table, 'Rows 1 to 10 of 20.')
  const second = new PageView(new URLSearchParams('unused=10'))
  t.match(String(renderUnusedRules(statuses, nowMs, { ...sources, ruleUses }, second)), 'bucket-10<')
})
