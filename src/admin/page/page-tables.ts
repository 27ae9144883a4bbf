import type { Explanation } from '../../cors/explain/explain.ts'
import { describeStoredFault } from '../../cors/rules/stored-rules.ts'
import type { BucketStatus } from '../../policies/policy-lookup.ts'
import type { AdminSources, OriginCount, OriginLine } from '../admin-sources.ts'
import { type Html, type HtmlValue, html } from './html.ts'
import { renderExplanation } from './page-explanation.ts'
import { renderMatches, renderSeen } from './page-seen.ts'
import {
  describeChange,
  describeReason,
  describeRequest,
  describeSeconds,
  describeState,
  endpointAllows,
  renderTime,
} from './page-words.ts'
import { type PageTable, PageView } from './paging.ts'

const wholeView = new PageView()

/** The rows that are shown: only those are made. */
function shown<T>(rows: readonly T[], table: PageTable, view: PageView): readonly T[] {
  const { offset, limit } = view.paging(table)
  return rows.slice(offset, offset + limit)
}

/** So many rows have their explanation with them, each of which can take some milliseconds; the others' is a link away. */
const explainedRows = 5

/** A table that scrolls by itself on a narrow screen, also by keyboard; the caption names it. */
function renderTable(
  id: PageTable,
  caption: string,
  heads: readonly string[],
  rows: readonly Html[],
  links: Html | undefined,
): Html {
  return html`
<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0">
<table><caption id="${id}-caption">${caption}</caption>
<thead><tr>${heads.map(head => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>${links}`
}

function renderRow(name: HtmlValue, cells: readonly HtmlValue[]): Html {
  return html`<tr><th scope="row">${name}</th>${cells.map(cell => html`<td>${cell}</td>`)}</tr>`
}

function bucketOf({ lastBucket, unknownHost, enforcement }: OriginLine): Html {
  const none = html`<span class="quiet">no bucket</span>${unknownHost !== undefined && html` under the Host <code>${unknownHost}</code>`}`
  const name = lastBucket === undefined ? none : html`<code>${lastBucket}</code>`
  return html`${name}${enforcement === 'report' && html` <span class="quiet">report</span>`}`
}

function reasonOf({ reason }: OriginLine): Html {
  return html`<code>${reason}</code><br><span class="quiet">${describeReason(reason)}</span>`
}

/** A name for a `details` element that stays the same over refreshes, so that it stays open. */
function keyOf(line: OriginLine): string {
  return `${line.origin} ${line.bucket} ${line.reason}`
}

/** What would allow it, in a row of its own under the origin's: open, it needs the width of the page. */
function renderMore(line: OriginLine, columns: number, explain: ((bucket: string) => Explanation) | undefined): Html {
  const name = html`Explain, and what would allow it<span class="unseen">: ${line.origin} on ${line.lastBucket ?? 'no bucket'}</span>`
  if (line.unknownHost === undefined && line.lastBucket !== undefined && explain === undefined) {
    return html`<tr class="more"><td colspan="${columns}"><a href="${explainLink(line, line.lastBucket)}">${name}</a></td></tr>`
  }
  const content =
    line.lastBucket === undefined && line.unknownHost === undefined
      ? html`<p>The request named no bucket, so no rule can allow it.</p>`
      : explain !== undefined && renderExplanation(explain(line.lastBucket ?? ''))
  return html`<tr class="more"><td colspan="${columns}"><details data-key="${keyOf(line)}"><summary>${name}</summary>${content}</details></td></tr>`
}

/** The question of the page's form. */
function explainLink({ origin, method, headers, preflight }: OriginLine, bucket: string): string {
  const query = new URLSearchParams({ bucket, origin, method: method ?? 'GET' })
  for (const header of headers) query.append('header', header)
  if (!preflight) query.set('actual', 'true')
  return `/?${query.toString()}#explain`
}

/** Denied origins, the one that came last on top. `explain` is asked for the first rows that named a bucket. */
export function renderDenied(
  lines: readonly OriginLine[],
  nowMs: number,
  explain: (line: OriginLine, bucket: string) => Explanation,
  view: PageView = wholeView,
): Html {
  if (lines.length === 0) return html`<p>No origin has been denied since the start.</p>`
  const heads = ['Origin', 'Bucket', 'Reason', 'Asked last', 'Count', 'First seen', 'Last seen']
  const sorted = [...lines].sort((a, b) => b.lastSeenMs - a.lastSeenMs)
  const rows = shown(sorted, 'denied', view).flatMap((line, row) => [
    renderRow(html`<code>${line.origin}</code>`, [
      bucketOf(line),
      reasonOf(line),
      html`<span class="request">${describeRequest(line)}</span>`,
      line.count,
      renderTime(line.firstSeenMs, nowMs),
      renderTime(line.lastSeenMs, nowMs),
    ]),
    renderMore(
      line,
      heads.length,
      row < explainedRows || line.unknownHost !== undefined ? bucket => explain(line, bucket) : undefined,
    ),
  ])
  return renderTable(
    'denied',
    'Denied origins, the latest first',
    heads,
    rows,
    view.renderLinks('denied', lines.length),
  )
}

/** Allowed origins, the heaviest on top. */
export function renderAllowed(lines: readonly OriginLine[], nowMs: number, view: PageView = wholeView): Html {
  if (lines.length === 0) return html`<p>No origin has been allowed since the start.</p>`
  const sorted = [...lines].sort((a, b) => b.count - a.count)
  const rows = shown(sorted, 'allowed', view).map(line =>
    renderRow(html`<code>${line.origin}</code>`, [
      bucketOf(line),
      renderSeen(line),
      line.count,
      renderTime(line.firstSeenMs, nowMs),
      renderTime(line.lastSeenMs, nowMs),
    ]),
  )
  return renderTable(
    'allowed',
    'Allowed origins, the most frequent first',
    ['Origin', 'Bucket', 'Preflights + requests', 'Count', 'First seen', 'Last seen'],
    rows,
    view.renderLinks('allowed', lines.length),
  )
}

/** What has no row of its own. */
export function renderRest(rest: readonly OriginCount[], view: PageView = wholeView): Html | undefined {
  if (rest.length === 0) return undefined
  const rows = shown(rest, 'rest', view).map(({ origin, bucket, decision, reason, count }) =>
    renderRow(origin === 'other' ? 'other origins' : 'no valid Origin', [
      html`<code>${bucket}</code>`,
      decision,
      html`<code>${reason}</code>`,
      count,
    ]),
  )
  return renderTable(
    'rest',
    'Requests of origins without a row of their own',
    ['Origins', 'Bucket', 'Decision', 'Reason', 'Count'],
    rows,
    view.renderLinks('rest', rest.length),
  )
}

/** In `report`: what the endpoint answered beside what the rules say, and what enforcing them would change. */
export function renderReport(lines: readonly OriginLine[], view: PageView = wholeView): Html {
  const rows = shown(lines, 'report', view).map(line => {
    const change = describeChange(line)
    const answer = line.upstreamAllowOrigin
    return renderRow(html`<code>${line.origin}</code>`, [
      bucketOf(line),
      html`<span class="request">${describeRequest(line)}</span>`,
      html`<span class="${line.decision}">${line.decision}</span>`,
      html`${endpointAllows(line) ? 'allowed' : 'not allowed'}${answer !== undefined && html`: <code>${answer}</code>`}`,
      change.headers,
      change.block,
    ])
  })
  const heads = ['Origin', 'Bucket', 'Asked last', 'The rules', 'The endpoint', 'With headers', 'With block']
  const links = view.renderLinks('report', lines.length)
  return renderTable('report', 'What enforcing the rules would change', heads, rows, links)
}

/** Every bucket, with a button that fetches rules where there are any to fetch. */
export function renderBuckets(
  statuses: readonly BucketStatus[],
  nowMs: number,
  { ruleUses, countingSinceMs }: Pick<AdminSources, 'ruleUses' | 'countingSinceMs'>,
  view: PageView = wholeView,
): Html {
  if (statuses.length === 0) return html`<p>The configuration names no bucket: nothing is governed.</p>`
  const rows = shown(statuses, 'buckets', view).map(status => {
    const { bucket, source, enforcement, state, rules, faults, ageSeconds, lastResult, nextTryAt, notes } = status
    const live = bucket !== '*' && (source === 'upstream' || source === 'managed')
    return renderRow(
      html`<code>${bucket}</code>${bucket === '*' && html` <span class="quiet">every other bucket</span>`}`,
      [
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
    )
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
