import { escapeControls } from './escape-controls.ts'
import type { LogFields } from './log-fields.ts'
import { redactText } from './redact.ts'

/** Fields whose values hardly ever come twice. */
const unique: ReadonlySet<string> = new Set(['target', 'requestId'])

/** Longer ones are not worth their place. */
const maxRememberedLength = 256
const maxRemembered = 1024

/** Nothing here is redacted, by any rule of `redactText`, or escaped; but a configured secret may look like it. */
const plain = /^[A-Za-z0-9._~/-]{0,256}$/

/**
 * Makes the lines of requests: `{"level", "time", "event":"request", …fields}`, each string redacted and escaped as in every other
 * line. The general way, through the logger, costs as much as a preflight; this one a tenth of it, because what comes again and
 * again (an origin, a bucket, a peer) is made safe once.
 */
export function createRequestLines(
  secrets: readonly string[],
): (level: string, fields: LogFields, atMs: number) => string {
  // By strings of clients, so bounded: what comes when it is full starts it anew.
  const remembered = new Map<string, string>()
  let secondMs = Number.NaN
  let second = ''

  function quote(text: string): string {
    if (plain.test(text) && !text.includes('eyJ') && !secrets.some(secret => text.includes(secret))) return `"${text}"`
    return escapeControls(JSON.stringify(redactText(text, secrets)))
  }

  function quoteOnce(text: string): string {
    const known = remembered.get(text)
    if (known !== undefined) return known
    const quoted = quote(text)
    if (text.length <= maxRememberedLength) {
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(text, quoted)
    }
    return quoted
  }

  function timeOf(atMs: number): string {
    const ofSecond = Math.floor(atMs / 1000) * 1000
    if (ofSecond !== secondMs) {
      secondMs = ofSecond
      second = new Date(ofSecond).toISOString().slice(0, -4)
    }
    return `${second}${String(Math.floor(atMs) - ofSecond).padStart(3, '0')}Z`
  }

  return (level, fields, atMs) => {
    let line = `{"level":"${level}","time":"${timeOf(atMs)}","event":"request"`
    for (const name in fields) {
      const value = fields[name]
      if (value === undefined) continue
      const text = typeof value !== 'string' ? String(value) : unique.has(name) ? quote(value) : quoteOnce(value)
      line += `,"${name}":${text}`
    }
    return `${line}}\n`
  }
}
