// In `report`: what the endpoint answered beside what the rules say, and what enforcing them would change.

import type { OriginLine, SeenRequest } from '../../admin-sources.ts'
import { changeOf, type ReportChange } from '../../report-change.ts'
import { type Html, html } from '../html.ts'
import { describeChange, renderTime } from '../page-words.ts'
import { type PageTable, PageView } from '../paging.ts'
import { renderBucket } from './origins.ts'
import { renderTable, shownRows } from './table.ts'

const captions: Readonly<Record<ReportChange, string>> = {
  refused: 'Would be refused: the endpoint allowed it, no rule does',
  allowed: 'Would be allowed by the rules, but the endpoint refused',
  same: 'Same: the rules and the endpoint agree',
}

const tables: readonly (readonly [ReportChange, PageTable])[] = [
  ['refused', 'report-refused'],
  ['allowed', 'report-allowed'],
  ['same', 'report-same'],
]

interface Reported {
  readonly line: OriginLine
  readonly request: SeenRequest
}

/** Three lists of kinds of requests, each with the most frequent first. */
export function renderReport(lines: readonly OriginLine[], nowMs: number, view: PageView = new PageView()): Html {
  const kinds = lines.flatMap(line => line.requests.map((request): Reported => ({ line, request })))
  const byChange = Map.groupBy(kinds, ({ line, request }) => changeOf(line.decision, request))
  const left = lines.reduce((sum, { otherRequests }) => sum + otherRequests, 0)
  return html`${tables.map(([change, table]) => {
    const found = (byChange.get(change) ?? []).toSorted((one, other) => countOf(other) - countOf(one))
    if (found.length === 0) return html`<p>${captions[change]}: nothing.</p>`
    const rows = shownRows(found, table, view).map(reported => renderReported(reported, nowMs))
    const heads = ['Origin', 'Bucket', 'Asked for', 'Count', 'The rules', 'The endpoint', 'With headers', 'With block']
    return renderTable(table, captions[change], [...heads, 'Last seen'], rows, view.renderLinks(table, found.length))
  })}${left > 0 && html`<p class="quiet">Other requests of these origins, without what they asked for: ${left}.</p>`}`
}

function countOf({ request: { preflights, actual } }: Reported): number {
  return preflights + actual
}

function renderReported({ line, request }: Reported, nowMs: number) {
  const { method, headers, endpointAllowed, lastSeenMs } = request
  const { upstreamAllowOrigin } = line
  const change = describeChange(line.decision, request)
  const names = headers === undefined ? ' with an invalid list' : headers.length > 0 && ` with ${headers.join(', ')}`
  const count = countOf({ line, request })
  return {
    name: html`<code>${line.origin}</code>`,
    cells: [
      renderBucket({ ...line, lastBucket: request.bucket }),
      html`<span class="request">${request.preflights > 0 && 'preflight for '}${method}${names}</span>`,
      count,
      html`<span class="${line.decision}">${line.decision}</span> <code>${line.reason}</code>`,
      html`${endpointAllowed > 0 ? (endpointAllowed < count ? `allowed ${endpointAllowed} times` : 'allowed') : 'not allowed'}${
        upstreamAllowOrigin !== undefined &&
        html`<br><span class="quiet">its last answer</span> <code>${upstreamAllowOrigin}</code>`
      }`,
      change.headers,
      change.block,
      renderTime(lastSeenMs, nowMs),
    ],
  }
}
