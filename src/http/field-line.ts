import { lowerCaseFieldName, lowerCaseNameWithin } from './field-name.ts'
import { skipWhitespace, trimWhitespace } from './whitespace.ts'

const tab = 0x09
const lf = 0x0a
const cr = 0x0d
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
  lowerCaseName = ''
  /** The line with its CRLF is `text` as it is. */
  isAsSent = false

  #source = ''
  #from = 0
  #colon = 0
  #first = 0
  #end = 0

  /** `name: value` with its CRLF: the name as sent, the value without the whitespace around it. */
  get text(): string {
    return `${this.#source.slice(this.#from, this.#colon)}: ${this.value}\r\n`
  }

  get value(): string {
    return this.#source.slice(this.#first, this.#end)
  }

  /** What was read is needed no more. */
  forget(): void {
    this.#source = ''
    this.lowerCaseName = ''
  }

  /** Reads `text[from, to)`, a line without its CRLF, which may follow; says what is wrong with it, else undefined. */
  read(text: string, from: number, to: number): 'field-name' | 'field-value' | undefined {
    const colon = text.indexOf(':', from)
    if (colon === -1 || colon >= to) return 'field-name'
    const lowerCaseName = lowerCaseNameWithin(text, from, colon)
    if (lowerCaseName === undefined) return 'field-name'
    this.lowerCaseName = lowerCaseName

    if (hasControl(text, colon + 1, to)) return 'field-value'
    const first = skipWhitespace(text, colon + 1, to)
    const end = trimWhitespace(text, first, to)
    this.isAsSent =
      first === colon + 2 &&
      end === to &&
      text.charCodeAt(colon + 1) === space &&
      text.charCodeAt(to) === cr &&
      text.charCodeAt(to + 1) === lf
    this.#source = text
    this.#from = from
    this.#colon = colon
    this.#first = first
    this.#end = end
    return undefined
  }
}

/** Field lines one behind another, each `name: value` with its CRLF, without whitespace around the value. */
export interface FieldLines {
  readonly text: string
  /** The name of each in lower case. */
  readonly names: readonly string[]
  /** Where each ends in `text`, and the next one begins. */
  readonly ends: readonly number[]
}

/** The value of the line number `index`. */
export function valueAt({ text, names, ends }: FieldLines, index: number): string {
  const start = index === 0 ? 0 : (ends[index - 1] as number)
  return text.slice(start + (names[index] as string).length + 2, (ends[index] as number) - 2)
}

/**
 * The field lines without those of these names, in lower case. Rare, so it walks the lines again instead of making every request carry a
 * second list.
 */
export function withoutFields(lines: string, names: readonly string[]): string {
  let kept = ''
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start) + 2
    const name = lowerCaseFieldName(lines.slice(start, lines.indexOf(':', start)))
    if (name !== undefined && !names.includes(name)) kept += lines.slice(start, end)
    start = end
  }
  return kept
}
