import { type Cell, renderTable } from './table.ts'

/** What one part of the benchmark found: a table for people, the same as data, and what went wrong. */
export interface Section {
  readonly name: string
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Sentences under the table. */
  readonly notes: readonly string[]
  /** For the JSON file. */
  readonly data: unknown
  /** Anything that makes the figures worthless: the benchmark then ends with 1. */
  readonly errors: readonly string[]
}

/** As Markdown, which a terminal shows well enough. */
export function renderSection({ title, name, columns, rows, notes, errors }: Section): string {
  const lines = [...notes.map(note => `${note}\n`), ...errors.map(error => `**Error:** ${error}\n`)]
  const below = lines.length === 0 ? '' : `\n${lines.join('\n')}`
  return `## ${title} (\`${name}\`)\n\n${renderTable(columns, rows)}${below}\n`
}
