import type { Explanation } from '../../cors/explain/explain.ts'
import type { RuleVerdict } from '../../cors/explain/rule-verdict.ts'
import { type Html, html } from './html.ts'

/** Of a rule's list, this many values are shown. */
const shownValues = 10

function renderList(values: readonly string[]): Html {
  const shown = values.slice(0, shownValues).map(value => html`<li><code>${value}</code></li>`)
  const rest = values.length - shownValues
  return html`<ul class="values">${shown}${rest > 0 && html`<li>and ${rest} more</li>`}</ul>`
}

function firstOf(names: readonly string[]): string {
  const rest = names.length - shownValues
  return rest > 0 ? `${names.slice(0, shownValues).join(', ')} and ${rest} more` : names.join(', ')
}

function renderVerdict(verdict: RuleVerdict, nearest: RuleVerdict | undefined): Html {
  const name = verdict.id === undefined ? `Rule ${verdict.index + 1}` : `Rule ${verdict.index + 1}, “${verdict.id}”`
  if (verdict.failed === undefined) return html`<li>${name}: matches</li>`
  const near = verdict.index === nearest?.index && html` <strong>(nearest)</strong>`
  const denied = verdict.deniedHeaders.length > 0 && html` Not allowed: <code>${firstOf(verdict.deniedHeaders)}</code>.`
  const lists = verdict.lists.length === 0 ? ' It lists none.' : html` It lists:${renderList(verdict.lists)}`
  return html`<li>${name}${near}: ${verdict.failed} fails.${denied}${lists}</li>`
}

/** Of a bucket's rules, this many are shown, and the nearest one. */
const shownRules = 20

/** The first rules, and those that matter most: the one that matched stands last, the nearest one anywhere. */
function renderVerdicts(rules: readonly RuleVerdict[], nearest: RuleVerdict | undefined): Html {
  const shown = rules.filter(
    ({ index, failed }, at) => at < shownRules || failed === undefined || index === nearest?.index,
  )
  const rest = rules.length - shown.length
  return html`<ol class="verdicts">${shown.map(verdict => renderVerdict(verdict, nearest))}</ol>${
    rest > 0 && html`<p class="quiet">And ${rest} more rules that do not match.</p>`
  }`
}

/** Why a request is allowed or denied, rule by rule, and the change that would allow it. */
export function renderExplanation(explanation: Explanation): Html {
  const { allowed, reason, summary, rules, nearest, change, noChange, responseFields } = explanation
  const { notes = [], answer, readable } = explanation
  return html`
${notes.map(note => html`<p class="note">${note}${!note.endsWith('?') && '.'}</p>`)}
<p><span class="${allowed ? 'allowed' : 'denied'}">${allowed ? 'Allowed' : 'Denied'}</span>: ${summary} <span class="quiet">(<code>${reason}</code>)</span></p>
${rules.length > 0 && renderVerdicts(rules, nearest)}
${explanation.faults?.map(fault => html`<p class="risk">${fault}</p>`)}
${answer !== undefined && html`<p>The client gets ${answer.text}.</p>`}
${
  responseFields.length > 0 &&
  html`<p>Response fields:</p><pre tabindex="0">${responseFields.map(([name, value]) => `${name}: ${value}`).join('\n')}</pre>`
}
${
  readable !== undefined &&
  html`<p>The page may read <code>${readable.read.join(', ')}</code>, and not <code>${readable.hidden.join(', ')}</code>: <code>ExposeHeaders</code> lets it.</p>`
}
${change !== undefined && html`<p>The smallest change that allows it, ${change.where}: ${change.how}.</p><pre tabindex="0">${change.yaml}</pre>`}
${change?.risks.map(risk => html`<p class="risk"><strong>Risk:</strong> ${risk.message}.</p>`)}
${noChange !== undefined && html`<p>No change of the rules allows it: ${noChange}${!noChange.endsWith('?') && '.'}</p>`}`
}
