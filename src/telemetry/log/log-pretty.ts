// Log lines for a person in front of a terminal.
import { escapeControls } from '../../text/escape-controls.ts'

const colours: Readonly<Record<string, string>> = {
  trace: '\u001b[2m',
  debug: '\u001b[2m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
}
const dim = '\u001b[2m'
const reset = '\u001b[0m'

/** What may stand without quotes and still be told from the next field. */
const bare = /^[^\s"'=]+$/

function formatValue(value: unknown): string {
  if (typeof value !== 'string') return escapeControls(JSON.stringify(value))
  return bare.test(value) ? escapeControls(value) : escapeControls(JSON.stringify(value))
}

function indent(text: string): string {
  return text
    .split('\n')
    .map(line => `    ${escapeControls(line)}\n`)
    .join('')
}

/**
 * One JSON line as `TIME LEVEL event field=value …`, and below it, indented, what is of several lines (the change that would
 * allow a denied request, a stack). Everything but the colours is escaped, so no client's string reaches the terminal raw.
 */
export function formatPretty(line: string, colour: boolean): string {
  const { level, time, event, ...fields } = JSON.parse(line) as Record<string, unknown>
  const paint = (code: string | undefined, text: string) => (colour && code !== undefined ? code + text + reset : text)
  const parts = [
    paint(dim, escapeControls(String(time)).slice(11, 23)),
    paint(colours[String(level)], escapeControls(String(level)).toUpperCase().padEnd(5)),
    escapeControls(String(event)),
  ]
  let below = ''
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && value.includes('\n')) below += `  ${escapeControls(name)}:\n${indent(value)}`
    else parts.push(`${paint(dim, `${escapeControls(name)}=`)}${formatValue(value)}`)
  }
  return `${parts.join(' ')}\n${below}`
}
