/**
 * `text` as a double-quoted YAML scalar, https://yaml.org/spec/1.2.2/#double-quoted-style, in printable ASCII alone. What
 * could mean something to YAML, a terminal, a log or an HTML page is escaped, so that a hostile value can do nothing there.
 */
export function quote(text: string): string {
  return `"${escapeText(text)}"`
}

/** The inside of {@link quote}. */
export function escapeText(text: string): string {
  let escaped = ''
  for (const character of text) escaped += escapeCharacter(character)
  return escaped
}

/** `text` in quotes, cut after `limit` characters with a note that says so: to be read, not to be pasted. */
export function quoteShort(text: string, limit = 200): string {
  if (text.length <= limit) return quote(text)
  return `"${escapeText(text.slice(0, limit))}..." (cut: ${text.length} characters)`
}

const alwaysEscaped = new Set(['"', '\\', '<', '>', '&'])

function escapeCharacter(character: string): string {
  const code = Number(character.codePointAt(0))
  if (code >= 0x20 && code <= 0x7e && !alwaysEscaped.has(character)) return character
  if (character === '"' || character === '\\') return `\\${character}`
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  if (code <= 0xffff) return `\\u${hex.padStart(4, '0')}`
  return `\\U${hex.padStart(8, '0')}`
}
