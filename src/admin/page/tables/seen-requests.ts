import type { OriginLine, RuleUse } from '../../admin-sources.ts'
import { type Html, html } from '../html.ts'
import { renderTime } from '../page-words.ts'

/** What a cell can show and stay readable: `/origins` has the others. */
const shownRequests = 4
/** The rules of most buckets; `/buckets` has the others. */
const shownRules = 10

/** What an origin asked for, the most frequent first. */
export function renderSeen({ requests, otherRequests }: OriginLine): Html {
  const sorted = [...requests].sort((a, b) => b.preflights + b.actual - a.preflights - a.actual)
  const rows = sorted.slice(0, shownRequests).map(({ method, headers, preflights, actual }) => {
    const names = headers === undefined ? ' with an invalid list' : headers.length > 0 && ` with ${headers.join(', ')}`
    return html`<li><span class="request">${method}${names}</span> <span class="quiet">${preflights} + ${actual}</span></li>`
  })
  const left = sorted
    .slice(shownRequests)
    .reduce((sum, { preflights, actual }) => sum + preflights + actual, otherRequests)
  return html`<ul>${rows}${left > 0 && html`<li class="quiet">${left} other requests</li>`}</ul>`
}

/** How often each rule of a bucket matched. `sinceMs`: when counting began. */
export function renderMatches(uses: readonly RuleUse[], sinceMs: number, nowMs: number): Html | string {
  if (uses.length === 0) return '–'
  const rows = uses.slice(0, shownRules).map(({ index, id, count, lastMatchedMs }) => {
    const last =
      lastMatchedMs === undefined ? html`nothing since ${renderTime(sinceMs, nowMs)}` : renderTime(lastMatchedMs, nowMs)
    return html`<li>${id ?? `rule ${index + 1}`}: ${count}, <span class="quiet">${last}</span></li>`
  })
  return html`<ul>${rows}${uses.length > shownRules && html`<li class="quiet">${uses.length - shownRules} more rules</li>`}</ul>`
}
