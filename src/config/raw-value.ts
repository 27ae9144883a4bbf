/** The value at `path` inside plain data of any shape; undefined where the shape ends. Own properties only. */
export function child(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value
  for (const step of path) {
    if (!isMapping(current) && !Array.isArray(current)) return undefined
    if (!Object.hasOwn(current, step)) return undefined
    current = (current as Readonly<Record<string | number, unknown>>)[step]
  }
  return current
}

/** Whether the value is a map with string keys. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
