// A field value arrives as one character per byte (Latin-1). A rule arrives as text. Both are compared in the first form:
// text stands for its UTF-8 bytes, which is what a client that sends such a value would put on the wire.

/** The field value whose bytes are `text` in UTF-8, one character per byte. ASCII is returned as it is. */
export function toFieldValue(text: string): string {
  if (isAscii(text)) return text
  let value = ''
  for (const byte of new TextEncoder().encode(text)) value += String.fromCharCode(byte)
  return value
}

/** The text whose UTF-8 bytes are the field value, or undefined when they are not UTF-8, or no bytes at all. */
export function fromFieldValue(value: string): string | undefined {
  if (isAscii(value)) return value
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(value, character => character.charCodeAt(0)),
    )
  } catch {
    return undefined
  }
}

/** Says whether every character of `text` is in ASCII. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
