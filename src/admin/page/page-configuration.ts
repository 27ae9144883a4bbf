import type { ConfigurationStatus, Refused } from '../admin-sources.ts'
import { type Html, html } from './html.ts'
import { renderTime } from './page-words.ts'

const refusedWords: Readonly<Record<Refused['part'], string>> = {
  configuration: 'The configuration on the disk is refused',
  certificate: 'The TLS files on the disk are refused',
}

/** What is on the disk and not in force: on top of the page, since it is what an operator comes for. */
export function renderRefused(configuration: ConfigurationStatus, nowMs: number): Html | undefined {
  const { refused, restartRequired, sinceMs } = configuration
  if (refused.length === 0 && restartRequired.length === 0) return undefined
  return html`<div class="alert">${refused.map(
    ({ part, sinceMs: refusedMs, issues }) => html`
<p><strong class="denied">${refusedWords[part]}</strong>, first ${renderTime(refusedMs, nowMs)}. What was read before it, ${renderTime(sinceMs, nowMs)}, stays in force.</p>
${renderLines(issues)}`,
  )}${
    restartRequired.length > 0 &&
    html`<p>A restart is needed for: <code>${restartRequired.join(', ')}</code>. The rest of the file is in force.</p>`
  }</div>`
}

/** Which configuration is in force, and what the last reload changed. */
export function renderConfiguration(configuration: ConfigurationStatus, nowMs: number): Html {
  const { file, sha256, sinceMs, changes } = configuration
  const name = file === undefined ? 'from variables and flags' : html`<code>${file}</code>`
  return html`
<p>Configuration in force: ${name}, read ${renderTime(sinceMs, nowMs)}${
    sha256 !== undefined &&
    html`, <span class="quiet">SHA-256</span> <code title="${sha256}">${sha256.slice(0, 12)}</code>`
  }.</p>
${changes.length > 0 && html`<details data-key="configuration changes"><summary>What the last reload changed</summary>${renderLines(changes)}</details>`}`
}

function renderLines(lines: readonly string[]): Html {
  return html`<ul class="issues">${lines.map(line => html`<li><code>${line}</code></li>`)}</ul>`
}
