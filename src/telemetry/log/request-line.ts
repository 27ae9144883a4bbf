import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { BoundedMap } from '../../text/bounded-map.ts'
import { escapeControls } from '../../text/escape-controls.ts'
import { ownCopy } from '../../text/own-copy.ts'
import type { LineBytes } from './line-bytes.ts'
import { minSecretLength, redactText } from './redact.ts'
import { type FieldValue, type RequestField, requestFields } from './request-fields.ts'

/** Adds one line to `to`. */
export type AddRequestLine = (to: LineBytes, level: string, record: RequestRecord, atMs: number) => void

/** Adds some fields of it. */
type AddFields = (to: LineBytes, record: RequestRecord) => void

/** Longer strings are not worth their place. */
const maxRememberedLength = 256
const maxRemembered = 1024

const absent = Buffer.alloc(0)
const endOfLine = Buffer.from('}\n')

/**
 * Makes the lines of requests: `{"level", "time", "event":"request", …fields}`, each string redacted and escaped as in every
 * other line (`bench --scenario switched-on`): what comes again and again (an origin, a bucket, a peer) is made safe once, and what is as in the
 * line before is copied.
 */
export function createRequestLines(secrets: readonly string[]): AddRequestLine {
  const tellingSecrets = secrets.filter(({ length }) => length >= minSecretLength)
  // By strings of clients, so bounded: what comes when it is full starts it anew.
  const remembered = new BoundedMap<Uint8Array>(maxRemembered, 'restart')

  function quote(text: string): string {
    return escapeControls(JSON.stringify(redactText(text, secrets)))
  }

  function quoteOnce(text: string): Uint8Array {
    const known = remembered.get(text)
    if (known !== undefined) return known
    const quoted = Buffer.from(quote(text))
    if (text.length <= maxRememberedLength) {
      remembered.set(ownCopy(text), quoted)
    }
    return quoted
  }

  function hasSecret(text: string): boolean {
    for (const secret of tellingSecrets) if (text.includes(secret)) return true
    return false
  }

  function addVarying({ name, of }: RequestField): AddFields {
    const start = startOf(name)
    return (to, record) => {
      const value = of(record)
      if (value === undefined) return
      to.add(start)
      if (typeof value === 'number') to.addNumber(value)
      else if (typeof value !== 'string') to.addText(String(value))
      else if (hasSecret(value) || !to.addPlain(value)) to.addText(quote(value))
    }
  }

  /** Fields that stand side by side and seldom change: made anew only when one of them has. */
  function addSteady(fields: readonly RequestField[]): AddFields {
    const parts = fields.map(({ name, of }) => ({
      of,
      start: startOf(name),
      value: undefined as FieldValue,
      bytes: absent,
    }))
    let together = absent
    let isChanged = false
    return (to, record) => {
      for (const part of parts) {
        const value = part.of(record)
        if (value === part.value) continue
        isChanged = true
        const text = typeof value === 'string' ? quoteOnce(value) : Buffer.from(String(value))
        part.bytes = value === undefined ? absent : Buffer.concat([part.start, text])
        part.value = value
      }
      if (isChanged) together = Buffer.concat(parts.map(({ bytes }) => bytes))
      isChanged = false
      to.add(together)
    }
  }

  const adders: AddFields[] = []
  let steady: RequestField[] = []
  function addPending(): void {
    if (steady.length > 0) adders.push(addSteady(steady))
    steady = []
  }
  for (const field of requestFields) {
    if (field.varies) {
      addPending()
      adders.push(addVarying(field))
    } else steady.push(field)
  }
  addPending()

  const startOfRequest = createStarts()
  return (to, level, record, atMs) => {
    to.add(startOfRequest(level, atMs))
    for (const add of adders) add(to, record)
    to.add(endOfLine)
  }
}

/** What every line of the log begins with. */
export function startOfLine(level: string, atMs: number, event: string): string {
  return `{"level":"${level}","time":"${new Date(atMs).toISOString()}","event":${JSON.stringify(event)}`
}

function startOf(name: string): Buffer {
  return Buffer.from(`,"${name}":`)
}

/** What comes before the fields. Busy, there are several lines in a millisecond. */
function createStarts(): (level: string, atMs: number) => Uint8Array {
  let last = { level: '', atMs: Number.NaN, bytes: absent }
  return (level, atMs) => {
    if (atMs !== last.atMs || level !== last.level) {
      const bytes = Buffer.from(startOfLine(level, atMs, 'request'))
      last = { level, atMs, bytes }
    }
    return last.bytes
  }
}
