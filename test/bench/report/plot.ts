// The comparisons as one SVG: a panel for each request, a bar for each peer, CPU time against nginx's.

import type { Figures } from './figures.ts'
import { number } from './table.ts'

export interface Panel {
  readonly title: string
  readonly figures: readonly Figures[]
}

const columns = 3
const panelWidth = 430
const labelWidth = 145
const barHeight = 18
const barGap = 5
const titleHeight = 34
const margin = 24
const headHeight = 70
const barMax = panelWidth - labelWidth - 130
const plotTitle = 'CPU time of the proxy process per request, in µs (and as a multiple of nginx’s)'

/** Text and background are set, so that it is as legible on a dark page. */
export function renderPlot(panels: readonly Panel[], subtitle: string): string {
  const rows = Math.ceil(panels.length / columns)
  const panelHeight =
    titleHeight + Math.max(1, ...panels.map(({ figures }) => figures.length)) * (barHeight + barGap) + 18
  const width = 2 * margin + columns * panelWidth
  const height = headHeight + rows * panelHeight + margin
  const drawn = panels.map((panel, index) => {
    const x = margin + (index % columns) * panelWidth
    const y = headHeight + Math.floor(index / columns) * panelHeight
    return `<g transform="translate(${x} ${y})">\n${renderPanel(panel)}</g>\n`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#1b1f24">
<title>${plotTitle}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${margin}" y="30" font-size="20" font-weight="bold">${plotTitle}</text>
<text x="${margin}" y="52" fill="#57606a">${escapeXml(subtitle)}</text>
${drawn.join('')}</svg>
`
}

function renderPanel({ title, figures }: Panel): string {
  const measured = figures.map(({ cpuMicrosecondsPerRequest }) => cpuMicrosecondsPerRequest).filter(Number.isFinite)
  const largest = Math.max(1, ...measured)
  const bars = figures.map((one, index) => renderBar(one, titleHeight + index * (barHeight + barGap), largest))
  return `<text y="20" font-weight="bold">${escapeXml(title)}</text>\n${bars.join('')}`
}

function renderBar({ peer, cpuMicrosecondsPerRequest: cpu, toNginx }: Figures, y: number, largest: number): string {
  const base = y + barHeight - 5
  const name = `<text x="${labelWidth - 8}" y="${base}" text-anchor="end">${escapeXml(peer)}</text>\n`
  if (!Number.isFinite(cpu)) return `${name}<text x="${labelWidth}" y="${base}" fill="#57606a">not measured</text>\n`
  const width = Math.max(1, (cpu / largest) * barMax)
  const multiple = toNginx === undefined || peer === 'nginx' ? '' : ` (${toNginx.toFixed(2)} ×)`
  return `${name}<rect x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" fill="${colourOf(peer)}"/>
<text x="${(labelWidth + width + 6).toFixed(1)}" y="${base}">${number(cpu)}${multiple}</text>
`
}

function colourOf(peer: string): string {
  if (peer === 'proxy') return '#0969da'
  return peer === 'nginx' || peer === 'haproxy' ? '#4c9f70' : '#a0a7b0'
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
