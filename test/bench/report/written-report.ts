import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeMachine } from '../machine.ts'
import type { Figures } from './figures.ts'
import { describeRun } from './machine-line.ts'
import { renderPlot } from './plot.ts'
import { renderSection, type Section } from './section.ts'
import { ratio, renderTable } from './table.ts'

/** Writes report.json, report.md and report.svg into a folder. */
export function writeReport(folder: string, sections: readonly Section[], asked: object): void {
  mkdirSync(folder, { recursive: true })
  const machine = describeMachine()
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const found = sections.map(({ name, title, data, errors }) => ({ name, title, data, errors }))
  write('report.json', `${JSON.stringify({ machine, asked, sections: found }, undefined, 2)}\n`)
  const head = describeRun(machine)
  write('report.md', `# Benchmark\n\n${head}\n\n${renderSummary(sections)}\n${sections.map(renderSection).join('\n')}`)
  write('report.svg', renderPlot(compared(sections), head))
}

/** The comparisons among the sections, for a reader who wants all of them in one picture. */
export function compared(sections: readonly Section[]): readonly Comparison[] {
  return sections.flatMap(({ title, data }) => {
    const figures = typeof data === 'object' && data !== null && 'figures' in data ? data.figures : undefined
    return Array.isArray(figures) ? [{ title, figures: figures as readonly Figures[] }] : []
  })
}

export interface Comparison {
  readonly title: string
  readonly figures: readonly Figures[]
}

/** This proxy's ratios in one table. */
export function renderSummary(sections: readonly Section[]): string {
  const rows = compared(sections).flatMap(({ title, figures }) =>
    figures
      .filter(({ peer }) => peer === 'proxy')
      .map(own => [title, own.cpuMicrosecondsPerRequest.toFixed(1), ratio(own.toNginx), ratio(own.toBestNodePeer)]),
  )
  if (rows.length === 0) return ''
  return renderTable(['this proxy', 'CPU µs/request', '÷ nginx', '÷ best Node peer'], rows)
}
