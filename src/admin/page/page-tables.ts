import type { Explanation } from '../../cors/explain/explain.ts'
import { describeStoredFault } from '../../cors/parsing/stored-rules.ts'
import type { BucketStatus } from '../../policies/policy-lookup.ts'
import type { AdminSources, OriginCount, OriginLine } from '../admin-sources.ts'
import { describeRules } from '../bucket-rules.ts'
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
  rows: readonly Row[],
  links: Html | undefined,
): Html {
  const used = heads.map((_, at) => at === 0 || rows.some(({ cells }) => !isEmpty(cells[at - 1])))
  const columns = used.filter(Boolean).length
  return html`
<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0">
<table><caption id="${id}-caption">${caption}</caption>
<thead><tr>${heads.map((head, at) => used[at] && html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ name, cells, more }) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell, at) => used[at + 1] && html`<td>${cell}</td>`)}</tr>${
        more !== undefined && html`<tr class="more"><td colspan="${columns}">${more}</td></tr>`
      }`,
  )}</tbody></table></div>${links}`
}

interface Row {
  readonly name: HtmlValue
  readonly cells: readonly HtmlValue[]
  /** A row of its own under it: what needs the width of the page. */
  readonly more?: Html | undefined
}

function renderRow(name: HtmlValue, cells: readonly HtmlValue[], more?: Html): Row {
  return { name, cells, more }
}

/** A column of such cells alone is left out. */
function isEmpty(cell: HtmlValue): boolean {
  return (
    cell === undefined || cell === false || cell === '' || cell === '–' || (Array.isArray(cell) && cell.length === 0)
  )
}

function bucketOf({ lastBucket, unknownHost, enforcement }: OriginLine): Html {
  const none = html`<span class="quiet">no bucket</span>${unknownHost !== undefined && html` under the Host <code>${unknownHost}</code>`}`
  const name = lastBucket === undefined ? none : html`<code>${lastBucket}</code>`
  return html`${name}${enforcement === 'report' && html` <span class="quiet">report</span>`}`
}

function reasonOf({ reason }: OriginLine, isAllowedNow: boolean): Html {
  const now = isAllowedNow && html`<br><span class="allowed">allowed by the rules in force</span>`
  return html`<code>${reason}</code><br><span class="quiet">${describeReason(reason)}</span>${now}`
}

/** A name for a `details` element that stays the same over refreshes, so that it stays open. */
function keyOf(line: OriginLine): string {
  return `${line.origin} ${line.bucket} ${line.reason}`
}

/** What would allow it. */
function renderMore(line: OriginLine, explain: ((bucket: string) => Explanation) | undefined): Html {
  const name = html`Explain, and what would allow it<span class="unseen">: ${line.origin} on ${line.lastBucket ?? 'no bucket'}</span>`
  if (line.unknownHost === undefined && line.lastBucket !== undefined && explain === undefined) {
    return html`<a href="${explainLink(line, line.lastBucket)}">${name}</a>`
  }
  const content =
    line.lastBucket === undefined && line.unknownHost === undefined
      ? html`<p>The request named no bucket, so no rule can allow it.</p>`
      : explain !== undefined && renderExplanation(explain(line.lastBucket ?? ''))
  return html`<details data-key="${keyOf(line)}"><summary>${name}</summary>${content}</details>`
}

/** The question of the page's form. */
function explainLink({ origin, method, headers, preflight }: OriginLine, bucket: string): string {
  const query = new URLSearchParams({ bucket, origin, method: method ?? 'GET' })
  for (const header of headers) query.append('header', header)
  if (!preflight) query.set('actual', 'true')
  return `/?${query.toString()}#explain`
}

/** What the rules in force say to what an origin asked last. */
export interface LineVerdicts {
  /** Asked for the first rows that named a bucket: it can take milliseconds. */
  readonly explain: (line: OriginLine, bucket: string) => Explanation
  readonly allowsNow: (line: OriginLine, bucket: string) => boolean
}

/** Denied origins, the one that came last on top. */
export function renderDenied(
  lines: readonly OriginLine[],
  nowMs: number,
  { explain, allowsNow }: LineVerdicts,
  view: PageView = wholeView,
): Html {
  if (lines.length === 0) return html`<p>No origin has been denied since the start.</p>`
  const heads = ['Origin', 'Bucket', 'Reason', 'Asked last', 'Count', 'First seen', 'Last seen']
  const sorted = view.sorted(lines, 'latest')
  const rows = shown(sorted, 'denied', view).map((line, row) =>
    renderRow(
      html`<code>${line.origin}</code>`,
      [
        bucketOf(line),
        reasonOf(line, line.lastBucket !== undefined && allowsNow(line, line.lastBucket)),
        html`<span class="request">${describeRequest(line)}</span>`,
        line.count,
        renderTime(line.firstSeenMs, nowMs),
        renderTime(line.lastSeenMs, nowMs),
      ],
      renderMore(
        line,
        row < explainedRows || line.unknownHost !== undefined ? bucket => explain(line, bucket) : undefined,
      ),
    ),
  )
  return renderTable(
    'denied',
    view.order === '' ? 'Denied origins, the latest first' : 'Denied origins',
    heads,
    rows,
    view.renderLinks('denied', lines.length),
  )
}

/** Allowed origins, the heaviest on top. */
export function renderAllowed(lines: readonly OriginLine[], nowMs: number, view: PageView = wholeView): Html {
  if (lines.length === 0) return html`<p>No origin has been allowed since the start.</p>`
  const sorted = view.sorted(lines, 'count')
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
    view.order === '' ? 'Allowed origins, the most frequent first' : 'Allowed origins',
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
      rules > 0 ? renderRules(bucket, rules, rulesOf) : undefined,
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
