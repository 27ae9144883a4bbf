import { describeStoredFault } from '../../../cors/parsing/stored-rules.ts'
import type { BucketStatus } from '../../../policies/policy-lookup.ts'
import type { AdminSources } from '../../admin-sources.ts'
import { describeRules } from '../../bucket-rules.ts'
import { type Html, html } from '../html.ts'
import { describeSeconds, describeState, renderTime } from '../page-words.ts'
import { PageView } from '../paging.ts'
import { renderMatches } from './seen-requests.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

/** More rules than a person reads here are a link away. */
const maxShownRules = 20
const maxShownLength = 8000

function renderRules(bucket: string, count: number, rulesOf: AdminSources['rulesOf']): Html {
  const name = html`Rules in force<span class="unseen"> of ${bucket}</span>`
  const link = html`<a href="/buckets/${encodeURIComponent(bucket)}">${name}, as YAML</a>`
  const known = count > maxShownRules ? undefined : rulesOf(bucket)
  const yaml = known === undefined ? '' : describeRules(bucket, known)
  if (yaml === '' || yaml.length > maxShownLength) return link
  return html`<details data-key="rules ${bucket}"><summary>${name}</summary><pre tabindex="0">${yaml}</pre></details>`
}

/** Every bucket, with a button that fetches rules where there are any to fetch. */
export function renderBuckets(
  statuses: readonly BucketStatus[],
  nowMs: number,
  { ruleUses, countingSinceMs, rulesOf }: Pick<AdminSources, 'ruleUses' | 'countingSinceMs' | 'rulesOf'>,
  view: PageView = new PageView(),
): Html {
  if (statuses.length === 0) return renderNothing('The configuration names no bucket: nothing is governed.', view)
  const rows = shownRows(statuses, 'buckets', view).map(status => {
    const { bucket, source, enforcement, state, rules, faults, ageSeconds, lastResult, nextTryAt, notes } = status
    const live = bucket !== '*' && (source === 'upstream' || source === 'managed')
    return {
      name: html`<code>${bucket}</code>${bucket === '*' && html` <span class="quiet">every other bucket</span>`}`,
      cells: [
        source,
        enforcement,
        html`${describeState(state)}${rules > 0 && ` (${rules})`}`,
        renderMatches(ruleUses(bucket), countingSinceMs, nowMs),
        ageSeconds === undefined ? '–' : describeSeconds(ageSeconds),
        lastResult ?? '–',
        renderTime(nextTryAt, nowMs),
        [...(faults ?? []).map(describeStoredFault), ...(notes ?? [])].map(note => html`<p>${note}</p>`),
        live &&
          html`<button type="button" data-post="/buckets/${encodeURIComponent(bucket)}/refresh" hidden>Fetch now<span class="unseen"> the rules of ${bucket}</span></button>`,
      ],
      more: rules > 0 ? renderRules(bucket, rules, rulesOf) : undefined,
    }
  })
  const heads = [
    'Bucket',
    'Rules from',
    'Enforcement',
    'State',
    'Matches',
    'Age',
    'Last result',
    'Next try',
    'Notes',
    'Action',
  ]
  return renderTable('buckets', 'Buckets and their rules', heads, rows, view.renderLinks('buckets', statuses.length))
}
