/** One result of asking the endpoint. */
export interface Finding {
  /** `note` is what a person should know; a `warning` is likely to be regretted; with a `fault` it cannot work as configured. */
  readonly severity: 'ok' | 'note' | 'warning' | 'fault'
  /** The setting it is about, e.g. `upstream.url` or `buckets.my-media`. */
  readonly about: string
  readonly what: string
  /** What to do about it, as one clause. */
  readonly todo?: string | undefined
}

/** One line for a person: `SEVERITY: ABOUT: what; to do: what to do`. Printable ASCII: parts of it come from the endpoint. */
export function describeFinding({ severity, about, what, todo }: Finding): string {
  const line = `${severity}: ${about}: ${what}${todo === undefined ? '' : `; to do: ${todo}`}`
  return line.replace(/[^\x20-\x7e]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
