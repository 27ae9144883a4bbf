import { withoutWhitespace } from './whitespace.ts'

/** The values of every field line with this name, given in lower case, from names and values in turn. */
export function fieldValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const own = headers[i] ?? ''
    if (own.length === name.length && own.toLowerCase() === name) values.push(withoutWhitespace(headers[i + 1] ?? ''))
  }
  return values
}
