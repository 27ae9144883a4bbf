import { type Html, type HtmlValue, html } from '../html.ts'
import type { PageTable, PageView } from '../paging.ts'

/** A row of a table. */
export interface Row {
  readonly name: HtmlValue
  readonly cells: readonly HtmlValue[]
  /** A row of its own under it: what needs the width of the page. */
  readonly more?: Html | undefined
}

/** The rows that are shown: only those are made. */
export function shownRows<T>(rows: readonly T[], table: PageTable, view: PageView): readonly T[] {
  const { offset, limit } = view.paging(table)
  return rows.slice(offset, offset + limit)
}

/** A table that scrolls by itself on a narrow screen, also by keyboard; the caption names it. */
export function renderTable(
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

/** A column of such cells alone is left out. */
function isEmpty(cell: HtmlValue): boolean {
  return (
    cell === undefined || cell === false || cell === '' || cell === '–' || (Array.isArray(cell) && cell.length === 0)
  )
}

/** In the place of a table without rows: `words` where there are none at all. */
export function renderNothing(words: string, view: PageView): Html {
  return html`<p>${view.isNarrowed ? 'No row fits the filter above.' : words}</p>`
}
