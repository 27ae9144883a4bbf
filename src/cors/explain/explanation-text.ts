import type { Explanation } from './explain.ts'
import { escapeText, quoteShort } from './quoted-scalar.ts'
import type { RuleVerdict } from './rule-verdict.ts'

/** Of a rule's list, this many values are shown: enough to see a misspelling, not a screen full. */
const shownValues = 10

/** The explanation as lines for a terminal: printable ASCII, long values cut with a note. Ends with a line end. */
export function renderExplanation(explanation: Explanation): string {
  const { allowed, reason, rules, change, noChange, responseFields, notes = [], answer, readable } = explanation
  const lines = [...renderQuestion(explanation), '']
  for (const note of notes) lines.push(`Note: ${note}${note.endsWith('?') ? '' : '.'}`)
  if (notes.length > 0) lines.push('')
  lines.push(`${allowed ? 'ALLOWED' : 'DENIED'} (${reason}): ${explanation.summary}`)
  for (const verdict of rules) lines.push(`  ${renderVerdict(verdict, explanation)}`)
  for (const fault of explanation.faults ?? []) lines.push(`  ${cut(fault, 600)}`)
  if (answer !== undefined) lines.push(`The client gets ${answer.text}.`)
  if (responseFields.length > 0) lines.push('', 'Response fields:')
  for (const [name, value] of responseFields) lines.push(`  ${name}: ${cut(value)}`)
  if (readable !== undefined) {
    lines.push('', `The page may read: ${cut(readable.read.join(', '), 1000)}`)
    lines.push(`and not: ${readable.hidden.join(', ')} (ExposeHeaders lets it)`)
  }
  if (change !== undefined) {
    lines.push('', `The smallest change that allows it, ${change.where}:`, `${change.how}.`, '')
    for (const line of change.yaml.split('\n')) lines.push(`  ${line}`)
    if (change.risks.length > 0) lines.push('')
    for (const risk of change.risks) lines.push(`Risk: ${risk.message}.`)
  }
  if (noChange !== undefined)
    lines.push('', `No change of the rules allows it: ${noChange}${noChange.endsWith('?') ? '' : '.'}`)
  return `${lines.join('\n')}\n`
}

function renderQuestion({ bucket, request }: Explanation): string[] {
  const lines = [`Bucket:  ${quoteShort(bucket)}`]
  if (request === undefined) return lines
  lines.push(`Origin:  ${quoteShort(request.origin)}`, `Method:  ${cut(request.method)}`)
  if (request.headerNames.length > 0) lines.push(`Headers: ${cut(request.headerNames.join(', '), 1000)}`)
  return lines
}

function renderVerdict(verdict: RuleVerdict, { nearest }: Explanation): string {
  const id = verdict.id === undefined ? '' : ` ${quoteShort(verdict.id)}`
  const name = `rule ${verdict.index + 1}${id}`
  if (verdict.failed === undefined) return `${name}: matches`
  const near = verdict.index === nearest?.index ? ' (nearest)' : ''
  const denied = verdict.deniedHeaders.length > 0 ? `: ${renderList(verdict.deniedHeaders)}` : ''
  return `${name}${near}: ${verdict.failed} fails${denied}; it lists ${renderList(verdict.lists)}`
}

function renderList(values: readonly string[]): string {
  if (values.length === 0) return 'none'
  const shown = values
    .slice(0, shownValues)
    .map(value => quoteShort(value))
    .join(', ')
  const rest = values.length - shownValues
  return rest > 0 ? `${shown} and ${rest} more` : shown
}

function cut(value: string, limit = 200): string {
  if (value.length <= limit) return escapeText(value)
  return `${escapeText(value.slice(0, limit))}... (cut: ${value.length} characters)`
}
