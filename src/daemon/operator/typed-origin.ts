// An origin as a person types it: out of an address bar, a field line, a command, a message of the browser.

import { browserOrigin, meantScheme, takeApart } from '../../cors/lint/browser-origin.ts'
import { isNeverSent, severalOrigins } from '../../cors/lint/origin-lint.ts'
import { fromFieldValue, toFieldValue } from '../../cors/patterns/field-value.ts'
import { decodeEscapes } from '../../text/decode-escapes.ts'

/** What a browser sends for an origin that a person typed, as a field value. */
export interface UnderstoodOrigin {
  readonly origin: string
  /** What was typed, where a browser sends something else. */
  readonly typed?: string | undefined
  /** Of several in one text: each, for a person. A browser sends one. */
  readonly several?: string | undefined
}

/** Reads an origin out of what stands around it. `value` is text, as forms send it, or the field value of it. */
export function understandOrigin(value: string): UnderstoodOrigin {
  const text = fromFieldValue(value)
  const typed = text ?? value
  const unread = { origin: text === undefined ? toFieldValue(value) : value }
  const meant = originInside(typed)
  const several = severalOrigins(meant)
  if (several !== undefined) return { ...unread, several }
  if (isLocalFile(meant)) return { origin: 'null', typed }
  if (meant.includes('*') || (meant === typed && !isNeverSent(typed))) return unread
  // A guess is told where it is denied.
  if (meantScheme(takeApart(meant).scheme ?? '') !== undefined) return unread
  const sent = browserOrigin(meant)
  if (sent === undefined || sent === typed || isNeverSent(sent)) return unread
  return { origin: toFieldValue(sent), typed }
}

/** A file of this machine, by its URL or by its path. `file://` alone is what some apps send. */
function isLocalFile(meant: string): boolean {
  return /^(?:file:|[a-z]:[\\/](?!\/))/i.test(meant) && meant !== 'file://'
}

/** After the word, what may stand between it and the origin. */
const named =
  /origins?["'>]{0,2}[ \t]?[:=]?[ \t]?\[?["'\u2018\u201c]?(null\b|[a-z][a-z0-9+.-]{0,30}(?::\/\/|%3A%2F%2F)[^\s"'`\u2018\u2019\u201c\u201d,;<>(){}]+)/i
const fieldLine = /^(?:origin|referer)[ \t]*:[ \t]*(\S+)$/i

/** The part of a longer text that is about the origin. */
function originInside(typed: string): string {
  const text = typed.trim()
  const found = namedOrigin(text) ?? fieldLine.exec(text)?.[1] ?? text
  if (/^https?%3A%2F%2F[\w%.:-]+$/i.test(found)) return decodeEscapes(found)
  // What stood around it where it was copied; one sign in front alone or at the end alone.
  const bare = found
    .replace(/^-[ \t]+/, '')
    .replace(/^["'`\u2018-\u201f\u00ab\u00bb]+/, '')
    .replace(/(?<!["'`\u2018-\u201f\u00ab\u00bb,;])["'`\u2018-\u201f\u00ab\u00bb,;]+$/, '')
  if (found !== text) return bare
  return /[\s,;]/.test(bare) ? typed : bare === text ? typed : bare
}

/** What a text calls the origin; not what the query of a URL calls so. */
function namedOrigin(text: string): string | undefined {
  const found = named.exec(text)
  if (found === null || /^\S*[/?]\S*$/.test(text.slice(0, found.index))) return undefined
  return found[1]
}
