/** A cell: text, or a number with so many digits after the point; nothing for what was not measured. */
export type Cell = string | undefined

/** A Markdown table that is as legible on a terminal: padded, numbers to the right. */
export function renderTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map(row => columns.map((_, at) => row[at] ?? ''))
  const widths = columns.map((name, at) => Math.max(name.length, 3, ...cells.map(row => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |\n`
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return line(columns) + line(rule) + cells.map(line).join('')
}

/** Three digits that count. */
export function number(value: number | undefined): Cell {
  if (value === undefined || !Number.isFinite(value)) return undefined
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}

export function ratio(value: number | undefined): Cell {
  return value === undefined || !Number.isFinite(value) ? undefined : value.toFixed(2)
}
