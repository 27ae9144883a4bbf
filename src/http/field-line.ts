import { lowerCaseFieldName } from './field-name.ts'
import { withoutWhitespace } from './whitespace.ts'

const tab = 0x09
const space = 0x20
const del = 0x7f

/** Whether `text[from, to)` holds a control character other than TAB: NUL, CR and LF among them. */
export function hasControl(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if ((code < space && code !== tab) || code === del) return true
  }
  return false
}

/**
 * Reads one field line of a response, header or trailer: `name ":" OWS value OWS`, nothing more lenient.
 *
 * No whitespace before the colon and no line folding, both of which have hidden framing fields from one of two parsers:
 * https://www.rfc-editor.org/rfc/rfc9112#section-5.1, https://www.rfc-editor.org/rfc/rfc9112#section-5.2. A gateway may
 * repair either in a response; we refuse, because no endpoint needs it. Values keep obs-text as latin1 and hold no control
 * but TAB: https://www.rfc-editor.org/rfc/rfc9110#section-5.5.
 *
 * The object is reused for line after line; its properties hold until the next one.
 */
export class FieldLine {
  /** As sent. */
  name = ''
  lowerCaseName = ''
  /** Without the whitespace around it. */
  value = ''

  /** What was read is needed no more. */
  forget(): void {
    this.name = ''
    this.lowerCaseName = ''
    this.value = ''
  }

  /** Reads `text[from, to)`, a line without its CRLF; says what is wrong with it, else undefined. */
  read(text: string, from: number, to: number): 'field-name' | 'field-value' | undefined {
    const colon = text.indexOf(':', from)
    if (colon === -1 || colon >= to) return 'field-name'
    this.name = text.slice(from, colon)
    const lowerCaseName = lowerCaseFieldName(this.name)
    if (lowerCaseName === undefined) return 'field-name'
    this.lowerCaseName = lowerCaseName

    if (hasControl(text, colon + 1, to)) return 'field-value'
    this.value = withoutWhitespace(text, colon + 1, to)
    return undefined
  }
}
