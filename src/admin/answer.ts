/** What the admin port answers. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** `[name, value]` beside those that every answer has. */
  readonly fields?: readonly (readonly [string, string])[] | undefined
}

/** An answer of plain data. A line end closes it, for people with curl. */
export function jsonAnswer(status: number, value: unknown, fields?: Answer['fields']): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value, undefined, 2)}\n`, fields }
}

/** An answer that says what is wrong, in words of our own. */
export function errorAnswer(status: number, error: string, fields?: Answer['fields']): Answer {
  return jsonAnswer(status, { error }, fields)
}

/** A time in an answer; undefined where there is none. */
export function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
