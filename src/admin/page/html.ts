import { escapeControlsInLines } from '../../text/escape-controls.ts'

/** Text that is HTML already. Only {@link html} makes it, so nothing else can get onto a page unescaped. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** What may stand in a template: undefined and false are nothing, lists are their parts one after another. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * `text` for an element or a quoted attribute: https://html.spec.whatwg.org/#escapingString, and the apostrophe. Characters
 * that steer (controls, marks of direction) are written as `\uXXXX`: a person must see what was sent, not what it does.
 */
function escapeHtml(text: string): string {
  return escapeControlsInLines(text.replace(/[&<>"']/g, character => entities[character] ?? ''))
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(render).join('')
  return escapeHtml(String(value))
}

/** A template whose values are escaped. Attributes must be quoted in it. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((string, index) => string + render(values[index])).join(''))
}
