import { positionAt } from '../../text/source-position.ts'
import type { Path } from '../issue.ts'
import type { TextFault } from './decode-text.ts'
import type { Located } from './located.ts'

/** Deeper than any CORS configuration, and shallow enough to recurse. */
const maxDepth = 64

const token =
  /[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-]))|(true|false|null)(?![\w.])|([[\]{},:])|$)/y

interface Token {
  readonly kind: 'string' | 'number' | 'word' | 'mark' | 'end'
  readonly text: string
  readonly offset: number
}

/** Thrown inside this file only, to leave the recursion at the first fault: RFC 8259 knows no way to go on after one. */
class JsonFault extends Error {
  readonly offset: number
  readonly allowed: string
  constructor(offset: number, message: string, allowed: string) {
    super(message)
    this.offset = offset
    this.allowed = allowed
  }
}

/** Reads JSON strictly (RFC 8259), duplicate keys refused, and keeps where every value and key stood. */
export function readJson(text: string): Located {
  const places = new Map<string, number>()
  const reader = createReader(text, places)
  try {
    const value = reader.value([], reader.next(), 0)
    const rest = reader.next()
    if (rest.kind !== 'end') throw unexpected(text, rest, 'the end of the file')
    return { value, faults: [], locate: (path, at) => locate(text, places, path, at) }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    const { message, allowed, offset } = error
    const fault: TextFault = { ...positionAt(text, offset), reason: 'json', message, allowed }
    return { value: undefined, faults: [fault], locate: () => undefined }
  }
}

function createReader(text: string, places: Map<string, number>) {
  let offset = 0
  const next = (): Token => {
    token.lastIndex = offset
    const match = token.exec(text)
    if (match === null) {
      const start = offset + (/^[ \t\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0)
      throw unexpected(
        text,
        { kind: 'mark', text: /^\S[^\s,\]}]*/.exec(text.slice(start))?.[0] ?? '', offset: start },
        'JSON',
      )
    }
    offset = token.lastIndex
    const [, string, number, word, mark] = match
    const found = string ?? number ?? word ?? mark ?? ''
    const kind =
      string !== undefined
        ? 'string'
        : number !== undefined
          ? 'number'
          : word !== undefined
            ? 'word'
            : mark !== undefined
              ? 'mark'
              : 'end'
    return { kind, text: found, offset: offset - found.length }
  }
  const value = (path: Path, first: Token, depth: number): unknown => {
    if (depth > maxDepth) throw new JsonFault(first.offset, 'the values nest too deep', `at most ${maxDepth} brackets`)
    places.set(placeKey(path, 'value'), first.offset)
    if (first.text === '[' && first.kind === 'mark') return array(path, depth)
    if (first.text === '{' && first.kind === 'mark') return object(path, depth)
    if (first.kind === 'mark' || first.kind === 'end') throw unexpected(text, first, 'a value')
    return JSON.parse(first.text)
  }
  const array = (path: Path, depth: number): unknown[] => {
    const items: unknown[] = []
    let item = next()
    if (item.text === ']' && item.kind === 'mark') return items
    for (;;) {
      items.push(value([...path, items.length], item, depth + 1))
      const separator = next()
      if (separator.kind === 'mark' && separator.text === ']') return items
      if (separator.kind !== 'mark' || separator.text !== ',') throw unexpected(text, separator, '"," or "]"')
      item = next()
    }
  }
  const object = (path: Path, depth: number): Record<string, unknown> => {
    const members: Record<string, unknown> = Object.create(null)
    let key = next()
    if (key.text === '}' && key.kind === 'mark') return members
    for (;;) {
      if (key.kind !== 'string') throw unexpected(text, key, 'a key in double quotes')
      const name: string = JSON.parse(key.text)
      if (Object.hasOwn(members, name))
        throw new JsonFault(key.offset, `the key ${key.text} stands twice`, 'each key once')
      places.set(placeKey([...path, name], 'key'), key.offset)
      const colon = next()
      if (colon.text !== ':') throw unexpected(text, colon, '":"')
      const member = value([...path, name], next(), depth + 1)
      Object.defineProperty(members, name, { value: member, enumerable: true, writable: true, configurable: true })
      const separator = next()
      if (separator.kind === 'mark' && separator.text === '}') return members
      if (separator.kind !== 'mark' || separator.text !== ',') throw unexpected(text, separator, '"," or "}"')
      key = next()
    }
  }
  return { next, value }
}

function unexpected(text: string, found: Token, allowed: string): JsonFault {
  if (found.kind === 'end') return new JsonFault(found.offset, 'the text ends too early', allowed)
  const shown = JSON.stringify(found.text.slice(0, 40))
  // The first example of the S3 user guide's page on CORS elements is not JSON: `["header1", "header2", etc.]`.
  if (/^(?:etc\.?|\.{3}|…)/.test(found.text)) {
    return new JsonFault(
      found.offset,
      `${shown} is a placeholder, not JSON`,
      'the further values written out in double quotes',
    )
  }
  if (/^['A-Za-z]/.test(found.text) && found.kind === 'mark') {
    return new JsonFault(found.offset, `${shown} is not JSON`, 'text in double quotes, numbers, true, false and null')
  }
  const trailing = (found.text === ']' || found.text === '}') && /,\s*$/.test(text.slice(0, found.offset))
  return new JsonFault(
    found.offset,
    trailing ? 'a comma stands before this bracket' : `${shown} stands here`,
    trailing ? 'no comma after the last value' : allowed,
  )
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
