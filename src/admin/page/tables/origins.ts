import type { Reason } from '../../../cors/decision/decide.ts'
import type { Explanation } from '../../../cors/explain/explain.ts'
import type { OriginCount, OriginLine } from '../../admin-sources.ts'
import { type Html, html } from '../html.ts'
import { renderExplanation } from '../page-explanation.ts'
import { describeReason, describeRequest, renderTime } from '../page-words.ts'
import { PageView } from '../paging.ts'
import { renderSeen } from './seen-requests.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

const wholeView = new PageView()

/** So many rows have their explanation with them, each of which can take some milliseconds; the others' is a link away. */
const explainedRows = 5

/** The bucket of the last request, or why there is none. */
export function renderBucket({
  lastBucket,
  unknownHost,
  enforcement,
}: Pick<OriginLine, 'lastBucket' | 'unknownHost' | 'enforcement'>): Html {
  const none = html`<span class="quiet">no bucket</span>${unknownHost !== undefined && html`: the Host <code>${unknownHost}</code> is not in the configuration`}`
  const name = lastBucket === undefined ? none : html`<code>${lastBucket}</code>`
  return html`${name}${enforcement === 'report' && html` <span class="quiet">report</span>`}`
}

/** Why it was refused, and whether it would still be. */
export function renderReason(reason: Reason, isAllowedNow: boolean): Html {
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
export function explainLink(
  { origin, method, headers, preflight }: Pick<OriginLine, 'origin' | 'method' | 'headers' | 'preflight'>,
  bucket: string,
): string {
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
  if (lines.length === 0) return renderNothing('No origin has been denied since the start.', view)
  const heads = ['Origin', 'Bucket', 'Reason', 'Asked last', 'Count', 'First seen', 'Last seen']
  const sorted = view.sorted(lines, 'latest')
  const rows = shownRows(sorted, 'denied', view).map((line, row) => ({
    name: html`<code>${line.origin}</code>`,
    cells: [
      renderBucket(line),
      renderReason(line.reason, line.lastBucket !== undefined && allowsNow(line, line.lastBucket)),
      html`<span class="request">${describeRequest(line)}</span>`,
      line.count,
      renderTime(line.firstSeenMs, nowMs),
      renderTime(line.lastSeenMs, nowMs),
    ],
    more: renderMore(
      line,
      row < explainedRows || line.unknownHost !== undefined ? bucket => explain(line, bucket) : undefined,
    ),
  }))
  return renderTable(
    'denied',
    view.order === '' ? 'Denied origins, the latest first' : 'Denied origins, in the order above',
    heads,
    rows,
    view.renderLinks('denied', lines.length),
  )
}

/** Allowed origins, the heaviest on top. */
export function renderAllowed(lines: readonly OriginLine[], nowMs: number, view: PageView = wholeView): Html {
  if (lines.length === 0) return renderNothing('No origin has been allowed since the start.', view)
  const sorted = view.sorted(lines, 'count')
  const rows = shownRows(sorted, 'allowed', view).map(line => ({
    name: html`<code>${line.origin}</code>`,
    cells: [
      renderBucket(line),
      renderSeen(line),
      line.count,
      renderTime(line.firstSeenMs, nowMs),
      renderTime(line.lastSeenMs, nowMs),
    ],
  }))
  return renderTable(
    'allowed',
    view.order === '' ? 'Allowed origins, the most frequent first' : 'Allowed origins, in the order above',
    ['Origin', 'Bucket', 'Preflights + requests', 'Count', 'First seen', 'Last seen'],
    rows,
    view.renderLinks('allowed', lines.length),
  )
}

/** What has no row of its own. */
export function renderRest(rest: readonly OriginCount[], view: PageView = wholeView): Html | undefined {
  if (rest.length === 0) return undefined
  const rows = shownRows(rest, 'rest', view).map(({ origin, bucket, decision, reason, count }) => ({
    name: origin === 'other' ? 'other origins' : 'no valid Origin',
    cells: [html`<code>${bucket}</code>`, decision, html`<code>${reason}</code>`, count],
  }))
  return renderTable(
    'rest',
    'Requests of origins without a row of their own',
    ['Origins', 'Bucket', 'Decision', 'Reason', 'Count'],
    rows,
    view.renderLinks('rest', rest.length),
  )
}
