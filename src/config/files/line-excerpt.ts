// A line of a file as a message or a log may show it: without the secrets that people write into such files.

import { shortened } from '../../text/shortened.ts'
import { howToGiveSecret } from '../secret-names.ts'

/** So many characters of a line are looked at. */
export const maxLineCharacters = 200
/** So many are shown. */
const shownCharacters = 60
/** So much of the text above a line is searched for the key that the line goes on with. */
const aboveCharacters = 4096

/** The line without blanks around it; of a long one the first characters. */
export function lineAt(text: string, offset: number): string {
  const start = startOfLine(text, offset)
  return text.slice(start, Math.min(endOfLine(text, offset), start + maxLineCharacters)).trim()
}

/**
 * The line of a place, cut, without what may be secret: the value of a key that names a secret, also where it goes on over several
 * lines; the user part of a URL; and in a line without a key, every long word that is no URL.
 */
export function excerptLine(text: string, offset: number): string {
  const line = lineAt(text, offset)
  if (line === '') return ''
  const key = keyOf(line)
  if (holdsSecret(text, offset)) return `${key ?? ''}…`
  const start = startOfLine(text, offset)
  const isUserBeyond = text.slice(start + maxLineCharacters, endOfLine(text, offset)).includes('@')
  const visible = (isUserBeyond ? line.replace(/\/\/.*$/, '//…') : line)
    .replace(/\/\/.*@/, '//…@')
    .replace(/[^\s"':/@[{,]+:(?!\/\/)[^\s/]*@/g, '…@')
  const shown = key === undefined ? visible.replace(/\S{16,}/g, hideWord) : visible
  return shortened(shown, shownCharacters)
}

/** Whether the value in the line of a place may be a secret. */
export function holdsSecret(text: string, offset: number): boolean {
  return isSecret(lineAt(text, offset)) || goesOnWithSecret(text, offset)
}

/** What the line of a continued secret, of a key or a token is made of: not a URL, and not a row of marks. */
function hideWord(word: string): string {
  return word.includes('://') || !/[A-Za-z\d]/.test(word) ? word : '…'
}

function keyOf(line: string): string | undefined {
  return /^(?:- +)*["']?([\w.-]+)["']? *[:=]/.exec(line)?.[1]
}

/** Names of fields stand in lists of rules: `Authorization` is a secret's name only where a value follows. */
const secretWord =
  /secret|token|pass|pwd|credential|bearer|(?:access|private|api)[_ -]?key|authorization["']?\s*[:=]|signature/i

function isSecret(line: string): boolean {
  return howToGiveSecret(keyOf(line) ?? '') !== undefined || secretWord.test(line)
}

/** Whether the nearest key above names a secret whose value the line may go on with: it has no key of its own, or is indented more. */
function goesOnWithSecret(text: string, offset: number): boolean {
  const start = startOfLine(text, offset)
  const indent = indentOf(text.slice(start, start + maxLineCharacters))
  const isKeyed = /^(?:- +)*["']?[\w.-]+["']?:(?:\s|$)/.test(lineAt(text, offset))
  for (const above of text
    .slice(Math.max(0, start - aboveCharacters), start)
    .split('\n')
    .reverse()) {
    if (keyOf(above.trim()) !== undefined && (!isKeyed || indentOf(above) < indent)) return isSecret(above.trim())
  }
  return false
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end
}
