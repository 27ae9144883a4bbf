import type { UnknownAddresses, UnknownName } from '../../admin-sources.ts'
import { type Html, html } from '../html.ts'
import { renderTime } from '../page-words.ts'
import { PageView } from '../paging.ts'
import { renderNothing, renderTable, shownRows } from './table.ts'

/** Buckets and Hosts that pages ask for and the configuration does not name, those that are asked for most first. */
export function renderUnknownNames(
  { buckets, hosts }: UnknownAddresses,
  nowMs: number,
  isGoverned: (bucket: string) => boolean,
  view: PageView = new PageView(),
): Html {
  const rows = [
    ...hosts.names.map(name => ({
      ...name,
      kind: 'Host',
      meaning: `requests name no bucket: refused. If this is a name of the proxy, ${name.todo}`,
    })),
    ...buckets.names.map(name => ({
      ...name,
      kind: 'bucket',
      meaning: isGoverned(name.name) ? 'the rules of "*" hold' : 'no rules: refused',
    })),
  ].sort((one, other) => other.count - one.count)
  const others = buckets.others + hosts.others
  const left = others > 0 && html`<p class="quiet">Requests for other names, which have no row: ${others}.</p>`
  if (rows.length === 0)
    return html`${renderNothing('Every bucket and Host that pages asked for is configured.', view)}${left}`
  const table = shownRows(rows, 'names', view).map(row => renderName(row, nowMs))
  const heads = ['Name', 'Kind', 'What holds', 'Requests', 'First seen', 'Last seen']
  const caption = 'Names that the configuration does not have, the most frequent first'
  return html`${renderTable('names', caption, heads, table, view.renderLinks('names', rows.length))}${left}`
}

function renderName(
  {
    name,
    kind,
    meaning,
    count,
    firstSeenMs,
    lastSeenMs,
  }: UnknownName & { readonly kind: string; readonly meaning: string },
  nowMs: number,
) {
  return {
    name: html`<code>${name}</code>`,
    cells: [kind, meaning, count, renderTime(firstSeenMs, nowMs), renderTime(lastSeenMs, nowMs)],
  }
}
