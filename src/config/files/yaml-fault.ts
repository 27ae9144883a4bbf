// What is no YAML, in plain words: what the library calls it tells of its grammar, not of what a person typed.

import { delimitedTemplate, templateFault } from '../../text/template-mark.ts'
import type { TextFault } from './decode-text.ts'
import { excerptLine, holdsSecret, lineAt, maxLineCharacters } from './line-excerpt.ts'

/** A fault and where it stands, in UTF-16 units from the start of the text. */
export interface YamlFault extends Pick<TextFault, 'reason' | 'message' | 'allowed'> {
  readonly offset: number
}

/** An error of the library: its code, its words, and where it says that it stands. */
export interface LibraryError {
  readonly code: string
  readonly message: string
  readonly offset: number
}

interface Words {
  readonly code: string
  /** What the library says, where the code alone does not tell. Its first group is `$1` of `message` and `allowed`. */
  readonly says?: RegExp
  readonly message: string
  readonly allowed: string
}

const keyAndValue = '"KEY: VALUE", with ":" and a blank after the key'
const inQuotes = 'the value in quotes'
const sameIndent = 'the same spaces before all keys of one mapping'
const items = 'values within [ ] or { }, with a comma between two of them'

/** The first that fits holds. https://yaml.org/spec/1.2.2/ */
const table: readonly Words[] = [
  { code: 'MULTIPLE_DOCS', message: 'a second document begins here', allowed: 'one document in a file, without "---"' },
  { code: 'TAB_AS_INDENT', message: 'a tab indents this line', allowed: 'spaces' },
  { code: 'BAD_SCALAR_START', says: /tab/, message: 'a tab indents this line', allowed: 'spaces' },
  { code: 'BAD_SCALAR_START', says: /(,)/, message: 'a comma stands where a value is expected', allowed: items },
  {
    code: 'BAD_SCALAR_START',
    says: /(\S)$/,
    message: 'a value begins with "$1", which YAML keeps for itself',
    allowed: inQuotes,
  },
  { code: 'BAD_DQ_ESCAPE', says: /(\\.*)$/s, message: '$1 is no escape in double quotes', allowed: 'single quotes' },
  { code: 'NON_STRING_KEY', message: 'a list or a mapping stands where a key is expected', allowed: 'text as keys' },
  {
    code: 'MULTILINE_IMPLICIT_KEY',
    message: '":" is missing in this line',
    allowed: keyAndValue,
  },
  { code: 'MISSING_CHAR', says: /^Implicit map keys/, message: '":" is missing after this key', allowed: keyAndValue },
  { code: 'MISSING_CHAR', says: /^Missing space/, message: 'a blank is missing after ":"', allowed: keyAndValue },
  { code: 'MISSING_CHAR', says: /^Missing ,/, message: 'a comma is missing before this', allowed: items },
  {
    code: 'MISSING_CHAR',
    says: /^Comments/,
    message: '"#" stands right after a value',
    allowed: `a blank before "#" for a comment, else ${inQuotes}`,
  },
  {
    code: 'MISSING_CHAR',
    says: /^Sequence item/,
    message: '"- " is missing before this item of a list',
    allowed: '"- " before each item',
  },
  {
    code: 'MISSING_CHAR',
    says: /directives-end marker/,
    message: 'the first key stands in the line of "---"',
    allowed: 'no "---"',
  },
  {
    code: 'BLOCK_AS_IMPLICIT_KEY',
    says: /^Nested/,
    message: 'a second ": " stands in this line',
    allowed: `one key in a line; ${inQuotes} if ": " belongs to it`,
  },
  {
    code: 'BLOCK_AS_IMPLICIT_KEY',
    message: 'this item of a list stands among keys, or is indented otherwise than the items before it',
    allowed: 'the same spaces before all items of one list',
  },
  {
    code: 'BAD_INDENT',
    says: /^All mapping/,
    message: 'this line is indented otherwise than the keys beside it',
    allowed: sameIndent,
  },
  {
    code: 'BAD_INDENT',
    says: /^All sequence/,
    message: 'this item is indented otherwise than the items beside it',
    allowed: 'the same spaces before all items of one list',
  },
  {
    code: 'BAD_INDENT',
    says: /^Flow/,
    message: 'a bracket is not closed before this line',
    allowed: '"]" for each "[" and "}" for each "{"',
  },
  { code: 'BAD_INDENT', message: 'the lines of a text are indented unevenly', allowed: 'text in quotes, in one line' },
  {
    code: 'BLOCK_IN_FLOW',
    message: 'a comma is missing before a key, or "- " stands within brackets',
    allowed: items,
  },
  { code: 'KEY_OVER_1024_CHARS', message: 'a key is longer than 1024 characters', allowed: keyAndValue },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /same line with key/,
    message: '"- " stands in the line of a key',
    allowed: 'the item in a line of its own, or [VALUE, VALUE]',
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /flow-(?:seq|map)-end/,
    message: 'a bracket closes here that was not opened',
    allowed: '"]" for each "[" and "}" for each "{"',
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Unexpected (?:,|empty item)/,
    message: 'a comma stands without a value before it',
    allowed: items,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /^Block scalar header/,
    message: '"|" and ">" begin a text of several lines: nothing may stand behind them',
    allowed: inQuotes,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /at node end$/,
    message: 'something stands after a value that is complete',
    allowed: 'one value after each key, in quotes if it holds quotes, brackets or "#"',
  },
]

const anyFault = { message: 'this is not YAML', allowed: `${keyAndValue}; "- " before each item of a list` }

/** Where and what, with the line itself; of the errors of one line the first, and of what only follows from others nothing. */
export function describeErrors(errors: readonly LibraryError[], text: string): readonly YamlFault[] {
  const told = new Set<number>()
  return errors.flatMap((error, index) => {
    const { isCertain, ...fault } = describeError(error, text)
    const line = text.lastIndexOf('\n', fault.offset - 1)
    if (told.has(line) || (index > 0 && !isCertain)) return []
    told.add(line)
    return [fault]
  })
}

function describeError(error: LibraryError, text: string): YamlFault & { readonly isCertain: boolean } {
  const { code, message } = error
  const isNested =
    code === 'BLOCK_AS_IMPLICIT_KEY' && /^Nested/.test(message) && !/:(?:\s|$)/.test(restOf(text, error.offset))
  const offset = isNested ? error.offset + restOf(text, error.offset).length : error.offset
  const at = code === 'BAD_INDENT' || isNested ? skipBlanks(text, offset) : offset
  const line = lineAt(text, at)
  const special = isNested ? indentedMore : specialOf(code, message, line)
  if (special !== undefined) return { ...faultAt(at, special, text), isCertain: true }
  const isAfterAll = /at node end$/.test(message) && text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === ''
  if (isAfterAll) return { ...faultAt(at, indentedLess, text), isCertain: false }
  const words = table.find(entry => entry.code === code && (entry.says === undefined || entry.says.test(message)))
  if (words === undefined) return { ...faultAt(at, anyFault, text), isCertain: false }
  const found = words.says?.exec(message)?.[1] ?? ''
  // More than a mark may be part of a secret.
  const group = found.length > 1 && holdsSecret(text, at) ? '…' : found
  const said = { message: words.message.replace('$1', () => group), allowed: words.allowed }
  // Of a line that has its ":", the next one is at fault, and told of.
  const isOfNext = code === 'MULTILINE_IMPLICIT_KEY' && /:\s/.test(line)
  return { ...faultAt(at, said, text), isCertain: !isOfNext }
}

type Said = Pick<YamlFault, 'message' | 'allowed'>

function faultAt(offset: number, { message, allowed }: Said, text: string): YamlFault {
  return { offset, reason: 'yaml', message: withLine(message, text, offset), allowed }
}

const indentedMore: Said = {
  message: 'this line is indented more than the one before, which has a value already',
  allowed: sameIndent,
}
const indentedLess: Said = { message: 'this line is indented less than the first one', allowed: sameIndent }

/** What the line itself tells better than the error. */
function specialOf(code: string, message: string, line: string): Said | undefined {
  if (code === 'MULTIPLE_DOCS') return undefined
  if (/^(?:<{7}|={7}|>{7})/.test(line))
    return { message: 'a mark of a merge that is not finished stands here', allowed: 'the lines to keep' }
  if (delimitedTemplate.test(line)) {
    return { ...templateFault, allowed: `${templateFault.allowed}, or the value in quotes` }
  }
  if (code === 'BAD_INDENT' && /^All mapping/.test(message) && !/:(?:\s|$)/.test(line))
    return {
      message: '":" is missing after this key, or "- " before this item of a list',
      allowed: `${keyAndValue}; "- " before each item`,
    }
  if (code !== 'MULTILINE_IMPLICIT_KEY' && !/^Implicit map keys|-end/.test(message)) return undefined
  const key = /^(?:- +)*([\w.*-]+):(?=[^\s/])/.exec(line)?.[1]
  return key === undefined ? undefined : { message: `a blank is missing after "${key}:"`, allowed: keyAndValue }
}

/** A quote or bracket that is never closed, at its place: the library tells where the text ends. */
export function describeUnclosed(offset: number, text: string): YamlFault {
  const mark = text[offset] as keyof typeof closing
  const quoted = (character: string) => (character === '"' ? `'"'` : `"${character}"`)
  const message = withLine(`${quoted(mark)} is not closed`, text, offset)
  return { offset, reason: 'yaml', message, allowed: `${quoted(closing[mark])} at its end` }
}

const closing = { '[': ']', '{': '}', '"': '"', "'": "'" } as const

function withLine(what: string, text: string, offset: number): string {
  const excerpt = excerptLine(text, offset)
  return excerpt === '' ? what : `${what}: ${excerpt}`
}

/** From a place to the end of its line. */
function restOf(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  return text.slice(offset, end === -1 ? text.length : end)
}

function skipBlanks(text: string, offset: number): number {
  const blanks = /^\s*/.exec(text.slice(offset, offset + maxLineCharacters))?.[0].length ?? 0
  return offset + blanks < text.length ? offset + blanks : offset
}
