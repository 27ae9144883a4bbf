import type { LastRefusal } from '../../admin-sources.ts'
import { type Html, html } from '../html.ts'
import { describeRequest, renderTime } from '../page-words.ts'
import { PageView } from '../paging.ts'
import { explainLink, renderBucket, renderReason } from './origins.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

/** What was refused just now, the latest first, whether or not its origin has a row of its own. */
export function renderRefusals(
  refusals: readonly LastRefusal[],
  nowMs: number,
  allowsNow: (refusal: LastRefusal, bucket: string) => boolean,
  view: PageView = new PageView(),
): Html {
  if (refusals.length === 0) return renderNothing('Nothing has been refused since the start.', view)
  const rows = shownRows(refusals.toReversed(), 'refusals', view).map(refusal => {
    const { origin, bucket, reason, count, lastSeenMs, unknownHost } = refusal
    const link =
      bucket !== undefined &&
      origin !== 'invalid' &&
      html`<a href="${explainLink(refusal, bucket)}">Explain<span class="unseen"> ${origin} on ${bucket}</span></a>`
    return {
      name: origin === 'invalid' ? 'no valid Origin' : html`<code>${origin}</code>`,
      cells: [
        renderBucket({ lastBucket: bucket, unknownHost, enforcement: 'headers' }),
        html`<span class="request">${describeRequest(refusal)}</span>`,
        renderReason(reason, bucket !== undefined && allowsNow(refusal, bucket)),
        count,
        renderTime(lastSeenMs, nowMs),
        link,
      ],
    }
  })
  const heads = ['Origin', 'Bucket', 'Asked for', 'Reason', 'In a row', 'Last seen', 'Action']
  return renderTable(
    'refusals',
    'The last refusals, the latest first',
    heads,
    rows,
    view.renderLinks('refusals', refusals.length),
  )
}
