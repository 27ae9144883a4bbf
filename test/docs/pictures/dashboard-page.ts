// The dashboard without Grafana: its panels where they stand, each drawn from what Prometheus answers to the panel's own queries.

import { createDashboard } from '../../../deploy/grafana/dashboard.ts'

interface Target {
  readonly expr: string
  readonly legendFormat?: string
}

interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } }
}

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [time: number, value: string])[]
}

/** The span that is shown, in seconds of the epoch. */
export interface Span {
  readonly start: number
  readonly end: number
}

const columnPx = 50
const rowPx = 26
const colours = ['#1f6fb2', '#c25e00', '#2e7d32', '#8e3b9e', '#b3261e', '#5d6b00', '#00757a', '#6d4c41']
/** Down to the end of the row on preflights. */
const lastRow = 39

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** A page with the first three rows of the dashboard. */
export async function renderDashboardPage(prometheusUrl: string, span: Span): Promise<string> {
  const panels = (createDashboard().panels as readonly Panel[]).filter(({ gridPos }) => gridPos.y < lastRow)
  const drawn = await Promise.all(panels.map(panel => drawPanel(panel, prometheusUrl, span)))
  return `<!doctype html><title>dashboard</title><style>
body { margin: 0; background: #f4f5f5; font: 13px/1.35 "DejaVu Sans", sans-serif; color: #24292e; position: relative; width: ${24 * columnPx}px; height: ${lastRow * rowPx}px }
section { position: absolute; box-sizing: border-box; padding: 3px } section > div { background: #fff; border: 1px solid #d8d9da; height: 100%; box-sizing: border-box; padding: 6px 8px; overflow: hidden }
h1 { font-size: 15px; margin: 4px 8px } h2 { font-size: 13px; margin: 0 0 4px } table { border-collapse: collapse; width: 100%; font-size: 12px } th, td { text-align: left; border-bottom: 1px solid #e4e5e6; padding: 2px 4px }
td:last-child, th:last-child { text-align: right } ul { list-style: none; margin: 2px 0 0; padding: 0; font-size: 11px; display: flex; flex-wrap: wrap; gap: 0 12px } .stat { font-size: 30px; text-align: center; margin-top: 50px }
</style><body>${drawn.join('')}</body>`
}

async function drawPanel(panel: Panel, url: string, span: Span): Promise<string> {
  const { type, title, gridPos, targets = [] } = panel
  const { x, y, w, h } = gridPos
  const place = `left: ${x * columnPx}px; top: ${y * rowPx}px; width: ${w * columnPx}px; height: ${h * rowPx}px`
  if (type === 'row') return `<section style="${place}"><h1>${escapeHtml(title)}</h1></section>`
  const answers = await Promise.all(
    targets.map(async ({ expr, legendFormat = '' }) =>
      (await ask(url, expr, span, type === 'timeseries')).map(series => ({ legendFormat, ...series })),
    ),
  )
  const all = answers.flat()
  const unit = panel.fieldConfig?.defaults?.unit ?? ''
  // A long name has a line of its own.
  const legendLines = answers.flat().some(series => nameOf(series).length > 20) ? answers.flat().length : 1
  const size = { width: w * columnPx - 24, height: h * rowPx - 50 - 16 * legendLines }
  const content =
    type === 'timeseries' ? drawLines(all, span, size, unit) : type === 'table' ? drawTable(all) : drawStat(all, unit)
  return `<section style="${place}"><div><h2>${escapeHtml(title)}</h2>${content}</div></section>`
}

/** As Grafana asks: with its variables set to all, and to what a scrape each second gives. */
async function ask(url: string, expr: string, { start, end }: Span, isRange: boolean): Promise<readonly Series[]> {
  const seconds = Math.round(end - start)
  const query = expr
    .replaceAll(/\$(?:job|instance|bucket)\b/g, '.+')
    .replaceAll('$__rate_interval', '5s')
    .replaceAll('$__range', `${seconds}s`)
    .replaceAll('$__interval', '1s')
    .replaceAll('$__from', String(start * 1000))
  const times = isRange ? { start: String(start), end: String(end), step: '1' } : { time: String(end) }
  const body = new URLSearchParams({ query, ...times })
  const response = await fetch(`${url}/api/v1/query${isRange ? '_range' : ''}`, { method: 'POST', body })
  const { data, error } = (await response.json()) as {
    readonly error?: string
    readonly data?: { readonly result: readonly (Series & { readonly value: Series['values'][number] })[] }
  }
  if (data === undefined) throw new Error(`${query}: ${error}`)
  return data.result.map(({ metric, value, values = [value] }) => ({ metric, values }))
}

type Drawn = Series & { readonly legendFormat: string }

function drawLines(all: readonly Drawn[], { start, end }: Span, size: { width: number; height: number }, unit: string) {
  const { width, height } = size
  const most = Math.max(...all.flatMap(({ values }) => values.map(([, value]) => Number(value))), 0) || 1
  const ordered = all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  const lines = ordered.map(({ values }, index) => {
    const points = values
      .filter(([, value]) => Number.isFinite(Number(value)))
      .map(
        ([time, value]) =>
          `${(((time - start) / (end - start)) * width).toFixed(1)},${(height - (Number(value) / most) * (height - 4)).toFixed(1)}`,
      )
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="1.6"/>`
  })
  const grid = [0, 0.5, 1].map(
    share =>
      `<path d="M0 ${height - share * (height - 4)}H${width}" stroke="#e4e5e6"/><text x="0" y="${Math.max(9, height - share * (height - 4) - 2)}" font-size="9" fill="#6a737d">${share === 0 ? '' : format(most * share, unit)}</text>`,
  )
  const legend = ordered.map(
    (series, index) => `<li style="color: ${colours[index % colours.length]}">${escapeHtml(nameOf(series))}</li>`,
  )
  return `<svg width="${width}" height="${height}">${grid.join('')}${lines.join('')}</svg><ul>${legend.join('')}</ul>`
}

function nameOf({ legendFormat, metric }: Drawn): string {
  return legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
}

function drawTable(all: readonly Drawn[]): string {
  const labels = [...new Set(all.flatMap(({ metric }) => Object.keys(metric)))].toSorted().toReversed()
  const rows = all
    .toSorted((a, b) => Number(b.values[0]?.[1]) - Number(a.values[0]?.[1]))
    .map(
      ({ metric, values }) =>
        `<tr>${labels.map(label => `<td>${escapeHtml(metric[label] ?? '')}</td>`).join('')}<td>${Math.round(Number(values[0]?.[1]))}</td></tr>`,
    )
  const head = [...labels, 'requests'].map(label => `<th>${label}</th>`).join('')
  return `<table><tr>${head}</tr>${rows.join('')}</table>`
}

function drawStat(all: readonly Drawn[], unit: string): string {
  return `<p class="stat">${format(Number(all[0]?.values[0]?.[1] ?? 0), unit)}</p>`
}

function format(value: number, unit: string): string {
  if (unit === 'percentunit') return `${(value * 100).toFixed(0)} %`
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)}${/ps$/.test(unit) ? ' /s' : ''}`
}
