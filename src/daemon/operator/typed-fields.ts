// A method and field names as a person types them: in any letters, with values, as a list, out of a command.

import { quoteShort } from '../../cors/explain/quoted-scalar.ts'
import { isSafelistedField } from '../../http/safelisted-field.ts'
import { isToken } from '../../http/token.ts'

/** A method or field names as a person typed them, and what was read otherwise. */
export interface UnderstoodWord<Word> {
  readonly sent: Word
  readonly notes: readonly string[]
}

const methodWord = /\b(?:GET|HEAD|POST|PUT|DELETE)\b/gi

/** Reads a method: browsers send those of S3 in upper case, however a program writes them (https://fetch.spec.whatwg.org/#concept-method-normalize). */
export function understandMethod(typed: string): UnderstoodWord<string> {
  const text = typed.trim()
  if (text.toUpperCase() === 'OPTIONS') {
    return {
      sent: typed,
      notes: ['OPTIONS is the preflight itself: the method is the one of the request that follows'],
    }
  }
  // Out of a request line, a command or a list; a path may hold such a word.
  const [found, ...others] = new Set(
    text
      .replace(/\s\/\S*/g, '')
      .slice(0, 1000)
      .toUpperCase()
      .match(methodWord),
  )
  if (others.length > 0) return { sent: typed, notes: ['one method is asked about at a time'] }
  if (found === undefined || typed === found || /^[\w-]+$/.test(text) !== (text.toUpperCase() === found)) {
    return { sent: typed, notes: [] }
  }
  return { sent: found, notes: [`a browser sends ${found}, not ${quoteShort(typed)}`] }
}

/** https://fetch.spec.whatwg.org/#forbidden-request-header: no preflight asks for these. With a colon in front: of HTTP/2. */
const forbidden =
  /^(?::.*|accept-(?:charset|encoding)|access-control-request-(?:headers|method)|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|(?:proxy|sec)-.*)$/i

/** Fields whose value is a list of names. */
const listOfNames = /^(?:access-control-(?:request|allow)-headers|allowed-?headers?|signedheaders)$/i

/** `Name: value`, perhaps as an argument of a command or a member of an object; the value may be left out. */
const fieldLine = /^(:?[!#$%&*+.^_|~\w-]+)["'`]?[ \t]*[:=](.*)$/s

/** Reads field names: out of whole field lines and of lists, without those that no preflight asks for. */
export function understandHeaders(typed: readonly string[]): UnderstoodWord<readonly string[]> {
  const notes: string[] = []
  const sent: string[] = []
  for (const one of typed.flatMap(linesOf)) {
    const line = fieldLine.exec(one)
    const [, name = '', value = ''] = line ?? []
    const isList = listOfNames.test(name)
    const names = isList || line === null ? (isList ? value : one).replaceAll(';', ',') : name
    const hasValue = line !== null && !isList
    if (hasValue && isSafelistedField(name, withoutQuotes(value))) {
      notes.push(`with this value, no preflight asks for ${quoteShort(name)}`)
      continue
    }
    if (hasValue) notes.push(`the field is ${quoteShort(name)}; its value is not asked for`)
    const kept: string[] = []
    for (const element of names.split(',')) {
      const bare = withoutQuotes(element)
      if (forbidden.test(bare)) {
        notes.push(`browsers set ${quoteShort(bare)} by themselves, and no preflight asks for it`)
        continue
      }
      kept.push(isToken(bare, 0, bare.length) ? bare : element)
      if (bare.includes('*')) {
        notes.push(`${quoteShort(bare)} is asked about as the name of one field; name each field that the page sends`)
      }
      if (/^access-control-(?:allow|expose)-/i.test(bare) || /^access-control-max-age$/i.test(bare)) {
        notes.push(`${quoteShort(bare)} is a field of answers: a page has no reason to send it`)
      }
    }
    if (kept.length > 0) sent.push(kept.join(','))
  }
  return { sent, notes: notes.slice(0, 20) }
}

/** Between field lines: of a text, and of the members of an object or of a list with values, where a name and a colon follow. */
const lineEnd = /\r?\n|,(?=[ \t]*["'`]?[a-z][\w-]{0,100}["'`]?[ \t]?:(?!\/\/))/i

/** Each line of a text, without the words of a command in front and the braces of an object around it. */
function linesOf(typed: string): readonly string[] {
  return typed.split(lineEnd).map(line =>
    line
      .trim()
      .replace(/^(?:-H|--header)[ \t=]*/, '')
      .replace(/^[{[][ \t]*/, '')
      .replace(/[ \t]*[}\]]$/, '')
      .replace(/^["'`]/, ''),
  )
}

function withoutQuotes(element: string): string {
  return element.trim().replace(/^["'`]+|["'`]+$/g, '')
}
