import type { OriginsSeen } from '../../admin-sources.ts'
import { describeSuggestion, seenBuckets } from '../../bucket-suggestion.ts'
import { type Html, html } from '../html.ts'
import { PageView } from '../paging.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

/** More is a link away: a page that is made anew every five seconds stays small. */
const maxShownLength = 50_000

/** The buckets that were seen, each with a link to what is suggested for it; and the suggestion that was asked for. */
export function renderSuggestion(seen: OriginsSeen, view: PageView = new PageView()): Html {
  const buckets = seenBuckets(seen.lines).filter(({ bucket }) => view.hasBucket(bucket))
  const rows = shownRows(buckets, 'suggestions', view).map(({ bucket, origins, requests }) => ({
    name: html`<code>${bucket}</code>`,
    cells: [
      origins,
      requests,
      html`<a href="${view.linkWith('suggest', bucket)}#suggestion">Suggest<span class="unseen"> rules for ${bucket}</span></a>`,
    ],
  }))
  const heads = ['Bucket', 'Origins', 'Requests', 'Action']
  const caption = 'Buckets that were seen, the most frequent first'
  const table =
    rows.length === 0
      ? renderNothing('No page has asked for a bucket since the start.', view)
      : renderTable('suggestions', caption, heads, rows, view.renderLinks('suggestions', buckets.length))
  return html`${view.suggest !== '' && renderSuggested(seen, view.suggest)}${table}`
}

function renderSuggested(seen: OriginsSeen, bucket: string): Html {
  const yaml = describeSuggestion(seen, bucket)
  if (yaml === undefined) return html`<p>Nothing was seen of the bucket <code>${bucket}</code>.</p>`
  const path = `/buckets/${encodeURIComponent(bucket)}/suggestion`
  const link = html`<a href="${path}">The same as text</a>`
  if (yaml.length > maxShownLength) return html`<p>The suggestion for <code>${bucket}</code> is long. ${link}.</p>`
  return html`<p>The fewest rules that allow what was seen of <code>${bucket}</code>, and nothing else. Read them before you use them: some may serve the pages of strangers.</p>
<pre tabindex="0" id="suggested">${yaml}</pre>
<p><button type="button" data-copy="suggested" hidden>Copy</button> ${link}</p>`
}
