import { isUtf8 } from 'node:buffer'
import { positionAt, type SourceFault, type SourcePosition } from '../../text/source-position.ts'

/** What is wrong with a text, and where. */
export interface TextFault extends SourceFault {
  /** One kebab-case word for programs. */
  readonly reason: string
}

/** 1 MiB: a thousand buckets with ten rules each come to a third of that. */
export const maxFileBytes = 1_048_576

/** Characters that neither YAML 1.2 (§5.1), JSON nor XML 1.0 takes unescaped. */
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]/

/** Bytes to text, or the reason why they are none: too many, not UTF-8, a byte order mark, control characters. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly fault: TextFault } {
  const start = { line: 1, column: 1 }
  if (bytes.length > maxFileBytes) return { fault: { ...start, ...tooLarge(bytes.length) } }
  if (isUtf16(bytes)) {
    return {
      fault: {
        ...start,
        reason: 'encoding',
        message: 'the file is UTF-16',
        allowed: 'UTF-8 without a byte order mark',
      },
    }
  }
  if (!isUtf8(bytes)) {
    const allowed = 'UTF-8 without a byte order mark'
    return {
      fault: { line: firstBadLine(bytes), column: 1, reason: 'encoding', message: 'the line is not UTF-8', allowed },
    }
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  if (text.startsWith('\ufeff')) {
    const message = 'the file starts with a byte order mark'
    return { fault: { ...start, reason: 'encoding', message, allowed: 'UTF-8 without one' } }
  }
  const control = text.search(forbidden)
  if (control < 0) return { text }
  const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0')
  const message = `the control character U+${code} stands here`
  const allowed = 'text; in a double-quoted string it can be escaped'
  return { fault: { ...positionAt(text, control), reason: 'control-character', message, allowed } }
}

/** By its mark, or because each of the first two characters is of ASCII, with a zero beside it. */
function isUtf16([first, second, third, fourth]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  const isPair = (zero: number | undefined, other: number | undefined) => zero === 0 && other !== undefined && other > 0
  return hasMark || (isPair(second, first) && isPair(fourth, third)) || (isPair(first, second) && isPair(third, fourth))
}

/** The fault of a file that is larger than anything that should be read. */
function tooLarge(bytes: number): Omit<TextFault, keyof SourcePosition> {
  return { reason: 'too-large', message: `the file has ${bytes} bytes`, allowed: `at most ${maxFileBytes} bytes` }
}

function firstBadLine(bytes: Uint8Array): number {
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline
    if (!isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
  return line
}
