import jsonc from 'jsonc-parser'
import { positionAt } from '../../text/source-position.ts'
import { beginsTemplate, templateFault } from '../../text/template-mark.ts'
import type { Path } from '../issue.ts'
import { isMapping } from '../raw-value.ts'
import type { Located } from './located.ts'
import { TextFault } from './text-fault.ts'

/** Deeper than any CORS configuration, and shallow enough to recurse. */
const maxDepth = 64

/**
 * Reads JSON strictly, duplicate keys refused, and keeps where every value and key stood. RFC 8259 has no way to go on after a
 * fault: the first ends it.
 */
export function readJson(text: string): Located {
  try {
    const places = findPlaces(text)
    return { value: parse(text), faults: [], locate: (path, at) => locate(text, places, path, at) }
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    const { message, allowed, offset } = error
    const fault = { ...positionAt(text, offset), reason: 'json', message, allowed }
    return { value: undefined, faults: [fault], locate: () => undefined }
  }
}

/** Maps without a prototype. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      isMapping(value) ? Object.assign(Object.create(null), value) : value,
    )
  } catch {
    throw new TextFault(0, 'the text is not JSON', 'JSON as RFC 8259 has it')
  }
}

/** Where values and keys stand; throws a {@link TextFault} at what is no JSON. */
function findPlaces(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  let depth = 0
  const enter = (offset: number, _length: number, _line: number, _column: number, path: () => Path) => {
    if (depth++ > maxDepth) throw new TextFault(offset, 'the values nest too deep', `at most ${maxDepth} brackets`)
    places.set(placeKey(path(), 'value'), offset)
  }
  const leave = () => {
    depth--
  }
  jsonc.visit(
    text,
    {
      onArrayBegin: enter,
      onArrayEnd: leave,
      onObjectBegin: enter,
      onObjectEnd: leave,
      onObjectProperty(name, offset, length, _line, _column, path) {
        const key = placeKey([...path(), name], 'key')
        if (places.has(key)) {
          const message = `the key ${text.slice(offset, offset + length)} stands twice`
          throw new TextFault(offset, message, 'each key once')
        }
        places.set(key, offset)
      },
      onLiteralValue(_value, offset, _length, _line, _column, path) {
        places.set(placeKey(path(), 'value'), offset)
      },
      onError(code, offset, length) {
        throw unexpected(text, code, offset, length)
      },
    },
    { disallowComments: true },
  )
  return places
}

/** What is expected by the library's ParseErrorCode; other codes are of what is no token of JSON. */
const expected: Readonly<Record<number, string>> = {
  3: 'a key in double quotes',
  4: 'a value',
  5: '":"',
  6: '"," or a closing bracket',
  7: '"," or "}"',
  8: '"," or "]"',
  9: 'the end of the file',
}

function unexpected(text: string, code: number, offset: number, length: number): TextFault {
  const allowed = expected[code] ?? 'JSON'
  if (offset === text.length) return new TextFault(offset, 'the text ends too early', afterOpening(text) ?? allowed)
  // The library takes `01` for two numbers, of which the second is not expected.
  let start = offset
  while (isOfWord(text[start]) && isOfWord(text[start - 1])) start--
  // The library takes the first bracket of `{{` and `{%` for that of an object.
  const template = [start - 1, start].find(place => place >= 0 && beginsTemplate(text, place))
  if (template !== undefined) return new TextFault(template, templateFault.message, templateFault.allowed)
  const isToken = code in expected && start === offset
  const found = isToken ? text.slice(offset, offset + length) : (/^[^ \t\r\n,\]}]+/.exec(text.slice(start))?.[0] ?? '')
  // A whole text has its quotes already.
  const shown = /^"[ !#-[\]-~]{0,38}"$/.test(found) ? found : JSON.stringify(found.slice(0, 40))
  const typographic = typographicMark(text, start, start + found.length)
  if (typographic !== undefined) {
    return new TextFault(typographic, `${text[typographic]} is a typographic quotation mark`, 'the plain "')
  }
  if (/^(?:\/[/*]|#)/.test(text.slice(start, start + 2))) {
    return new TextFault(start, 'a comment stands here', 'JSON, which knows no comments')
  }
  // The first example of the S3 user guide's page on CORS elements is not JSON: `["header1", "header2", etc.]`.
  if (/^(?:etc\.?|\.{3}|…)/.test(found)) {
    const instead = 'the further values written out in double quotes'
    return new TextFault(start, `${shown} is a placeholder, not JSON`, instead)
  }
  if (/^['A-Za-z]/.test(found) && !isToken) {
    return new TextFault(start, `${shown} is not JSON`, 'text in double quotes, numbers, true, false and null')
  }
  if (/^[\]}]/.test(found) && /,\s*$/.test(text.slice(0, offset))) {
    return new TextFault(start, 'a comma stands before this bracket', 'no comma after the last value')
  }
  return new TextFault(start, `${shown} stands here`, allowed)
}

/** Where a word processor's quotation mark stands in place of JSON's, if one does. */
function typographicMark(text: string, start: number, end: number): number | undefined {
  for (const { 0: token, 1: close, index } of text.slice(0, end).matchAll(stringOrMark)) {
    if (close === undefined) return index
    // One closes a string: then JSON's own mark comes in the next line, or begins the next string and so ends this one at the fault.
    let inside = -1
    if (close === '')
      inside =
        text
          .slice(index)
          .split('\n', 1)[0]
          ?.search(/[“”„‟](?=\s*(?:[,:\]}]|$))/) ?? -1
    else if (index + token.length === start) inside = token.search(/[“”„‟](?=[\s,:\]}{[]+"$)/)
    if (inside !== -1) return index + inside
  }
  return undefined
}

/** A string, with its end if it has one in its line (the group), or a mark outside of one. */
const stringOrMark = /"[^"\\\n]*(?:\\.[^"\\\n]*)*("?)|[“”„‟]/g

/** What may follow a text that ends with the beginning of a list or mapping, of which the library says only how it may end. */
function afterOpening(text: string): string | undefined {
  const trimmed = text.trimEnd()
  if (trimmed.endsWith('[')) return 'a value'
  return trimmed.endsWith('{') ? 'a key in double quotes' : undefined
}

function isOfWord(character: string | undefined): boolean {
  return character !== undefined && /[\w.+-]/.test(character)
}

function locate(text: string, places: ReadonlyMap<string, number>, path: Path, at: 'key' | 'value') {
  for (let length = path.length; length >= 0; length--) {
    const part = path.slice(0, length)
    const exact = length === path.length
    const offset = places.get(placeKey(part, exact ? at : 'value')) ?? places.get(placeKey(part, 'value'))
    if (offset !== undefined) return { ...positionAt(text, offset), exact }
  }
  return undefined
}

function placeKey(path: Path, at: 'key' | 'value'): string {
  return JSON.stringify([at, ...path.map(String)])
}
