import { escapeControlsInLines } from '../text/escape-controls.ts'

/** What the admin port answers. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** `[name, value]` beside those that every answer has. */
  readonly fields?: readonly (readonly [string, string])[] | undefined
}

/**
 * An answer of plain data, for people with curl, too: a line end closes it, and what would steer their terminal is written as
 * `\uXXXX`, which means the same in JSON.
 */
export function jsonAnswer(status: number, value: unknown, fields?: Answer['fields']): Answer {
  const body = escapeControlsInLines(JSON.stringify(value, undefined, 2))
  return { status, type: 'application/json', body: `${body}\n`, fields }
}

/** An answer that says what is wrong, in words of our own. */
export function errorAnswer(status: number, error: string, fields?: Answer['fields']): Answer {
  return jsonAnswer(status, { error }, fields)
}

/** A time in an answer; undefined where there is none. */
export function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
