// Optional whitespace, OWS: SP and TAB, https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3. `trim()` would take away a no-break
// space too, and with it turn what is no token into one.

const tab = 0x09
const space = 0x20

function isWhitespace(code: number): boolean {
  return code === space || code === tab
}

/** The first place in `text[start, end)` that holds no whitespace, else `end`. */
export function skipWhitespace(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isWhitespace(text.charCodeAt(at))) at++
  return at
}

/** The place behind the last character of `text[start, end)` that is no whitespace, else `start`. */
export function trimWhitespace(text: string, start: number, end: number): number {
  let at = end
  while (at > start && isWhitespace(text.charCodeAt(at - 1))) at--
  return at
}

/** `text[start, end)` without the whitespace around it. */
export function withoutWhitespace(text: string, start = 0, end = text.length): string {
  const first = skipWhitespace(text, start, end)
  return text.slice(first, trimWhitespace(text, first, end))
}
