const isTokenCode = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  isTokenCode[character.charCodeAt(0)] = 1
}

/** Says whether `text[start, end)` is a token, not empty: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2. */
export function isToken(text: string, start = 0, end = text.length): boolean {
  for (let at = start; at < end; at++) if (isTokenCode[text.charCodeAt(at)] !== 1) return false
  return start < end
}
