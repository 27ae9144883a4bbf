import type { Explanation } from '../cors/explain.ts'
import type { RuleVerdict } from '../cors/rule-verdict.ts'
import { type Html, html } from './html.ts'

/** Of a rule's list, this many values are shown. */
const shownValues = 10

function renderList(values: readonly string[]): Html {
  const shown = values.slice(0, shownValues).map(value => html`<li><code>${value}</code></li>`)
  const rest = values.length - shownValues
  return html`<ul class="values">${shown}${rest > 0 && html`<li>and ${rest} more</li>`}</ul>`
}

function renderVerdict(verdict: RuleVerdict, nearest: RuleVerdict | undefined): Html {
  const name = verdict.id === undefined ? `Rule ${verdict.index + 1}` : `Rule ${verdict.index + 1}, “${verdict.id}”`
  if (verdict.failed === undefined) return html`<li>${name}: matches</li>`
  const near = verdict.index === nearest?.index && html` <strong>(nearest)</strong>`
  const denied =
    verdict.deniedHeaders.length > 0 && html` Not allowed: <code>${verdict.deniedHeaders.join(', ')}</code>.`
  const lists = verdict.lists.length === 0 ? ' It lists none.' : html` It lists:${renderList(verdict.lists)}`
  return html`<li>${name}${near}: ${verdict.failed} fails.${denied}${lists}</li>`
}

/** Why a request is allowed or denied, rule by rule, and the change that would allow it. */
export function renderExplanation(explanation: Explanation): Html {
  const { allowed, reason, summary, rules, nearest, change, noChange, responseFields } = explanation
  return html`
<p><span class="${allowed ? 'allowed' : 'denied'}">${allowed ? 'Allowed' : 'Denied'}</span>: ${summary} <span class="quiet">(<code>${reason}</code>)</span></p>
${rules.length > 0 && html`<ol class="verdicts">${rules.map(verdict => renderVerdict(verdict, nearest))}</ol>`}
${
  responseFields.length > 0 &&
  html`<p>Response fields:</p><pre tabindex="0">${responseFields.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>`
}
${change !== undefined && html`<p>The smallest change that allows it, ${change.where}:</p><pre tabindex="0">${change.yaml}</pre>`}
${change?.risks.map(risk => html`<p class="risk"><strong>Risk:</strong> ${risk.message}.</p>`)}
${noChange !== undefined && html`<p>No change of the rules allows it: ${noChange}.</p>`}`
}
