/** ASCII that stands for itself: what nearly every text is made of. */
const plain = /^[\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*$/

/**
 * Escapes `text` for the content of an XML element.
 *
 * A carriage return becomes a reference, because a reader turns a bare one into a line feed. Characters that XML 1.0 cannot
 * hold, not even as references (https://www.w3.org/TR/xml/#charsets), become U+FFFD.
 */
export function escapeXmlText(text: string): string {
  if (plain.test(text)) return text
  let escaped = ''
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      i++
      continue
    }
    const replacement = replacementOf(code)
    if (replacement === undefined) continue
    escaped += text.slice(copied, i) + replacement
    copied = i + 1
  }
  return copied === 0 ? text : escaped + text.slice(copied)
}

function replacementOf(code: number): string | undefined {
  if (code === 0x26) return '&amp;'
  if (code === 0x3c) return '&lt;'
  if (code === 0x3e) return '&gt;'
  if (code === 0x0d) return '&#13;'
  if (code >= 0x20 && code < 0xd800) return undefined
  if (code === 0x09 || code === 0x0a) return undefined
  return code >= 0xe000 && code <= 0xfffd ? undefined : '\ufffd'
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
