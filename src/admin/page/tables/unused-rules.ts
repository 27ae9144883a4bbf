import type { BucketStatus } from '../../../policies/policy-lookup.ts'
import type { AdminSources, RuleUse } from '../../admin-sources.ts'
import { type Html, html } from '../html.ts'
import { renderTime } from '../page-words.ts'
import { PageView } from '../paging.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

/** Reading the rules of a bucket can take a millisecond: buckets beyond so many rules are not read. */
const mostReadRules = 2000
const shownOrigins = 3

/** Rules that have allowed nothing since counting began. */
export function renderUnusedRules(
  statuses: readonly BucketStatus[],
  nowMs: number,
  { ruleUses, rulesOf, countingSinceMs }: Pick<AdminSources, 'ruleUses' | 'rulesOf' | 'countingSinceMs'>,
  view: PageView = new PageView(),
): Html {
  const unused: { readonly bucket: string; readonly use: RuleUse }[] = []
  let rulesLeft = mostReadRules
  let bucketsLeft = 0
  for (const { bucket, rules } of statuses) {
    if (rules === 0) continue
    if (rulesLeft < rules) {
      bucketsLeft++
      continue
    }
    rulesLeft -= rules
    for (const use of ruleUses(bucket)) if (use.count === 0) unused.push({ bucket, use })
  }
  const since = html`<p>Counted since ${renderTime(countingSinceMs, nowMs)}. A rule that a reload changes is a new one.</p>`
  const left =
    bucketsLeft > 0 &&
    html`<p class="quiet">The rules of ${bucketsLeft} further buckets were not read: filter by bucket to see theirs.</p>`
  if (unused.length === 0) return html`${since}${renderNothing('Every rule has matched something.', view)}${left}`
  const rows = shownRows(unused, 'unused', view).map(({ bucket, use: { index, id } }) => {
    const rule = rulesOf(bucket)?.rules[index]
    const origins = rule?.allowedOrigins ?? []
    const more = origins.length - shownOrigins
    return {
      name: html`<code>${bucket}</code>`,
      cells: [
        html`rule ${index + 1}${id !== undefined && `, “${id}”`}`,
        html`${origins.slice(0, shownOrigins).map((origin, at) => html`${at > 0 && ', '}<code>${origin}</code>`)}${more > 0 && ` and ${more} more`}`,
        rule?.allowedMethods.join(', '),
      ],
    }
  })
  const heads = ['Bucket', 'Rule', 'Origins', 'Methods']
  const caption = 'Unused rules, by bucket'
  return html`${since}${renderTable('unused', caption, heads, rows, view.renderLinks('unused', unused.length))}${left}`
}
