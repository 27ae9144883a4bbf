// Paths as the most lenient reader has them: guards compare by these, never what is forwarded.

import { decodeBytes } from './query-parameters.ts'

/** As often as an endpoint, and what stands in front of it, might decode; a path that goes on is read by none. */
const mostRounds = 4

/** What no file system shows: controls, and characters without a width, which some leave out of names. */
const unseen = /[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu

/**
 * The names of a path, `..` among them: neither empty ones nor dots count, and a backslash is a slash to some. Java's servers cut off
 * what follows a `;`, Windows what follows a `:` and blanks and dots at the end, and some file systems keep one form of letters alone.
 */
export function lenientSegments(path: string): readonly string[] {
  const segments: string[] = []
  for (const segment of path.normalize('NFKC').replace(unseen, '').split(/[/\\]/)) {
    const name = (segment.split(/[:;]/, 1)[0] as string).trim()
    const plain = name === '..' ? name : name.replace(/[. ]+$/, '')
    if (plain !== '') segments.push(plain)
  }
  return segments
}

/** Whether a key leads to its bucket itself, for any reader: nothing but slashes, dots and what is cut off, or names and as many `..`. */
export function isBucketItself(key: string): boolean {
  // Most keys begin with a letter and hold nothing that could lead back.
  if (/^\w/.test(key) && !key.includes('%') && !key.includes('..')) return false
  let text = key
  for (let round = 0; round < mostRounds; round++) {
    if (leadsBack(lenientSegments(text))) return true
    const next = decodeBytes(text, 'utf8')
    if (next === text) return false
    text = next
  }
  return true
}

function leadsBack(segments: readonly string[]): boolean {
  let depth = 0
  for (const name of segments) depth += name === '..' ? -1 : 1
  return depth <= 0
}
