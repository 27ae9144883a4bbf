import { BoundedMap } from '../text/bounded-map.ts'
import { ownCopy } from '../text/own-copy.ts'
import { isToken } from './token.ts'

/**
 * Field names: validated and lower-cased once, then remembered.
 *
 * An endpoint sends the same dozen names with every response, so a look-up replaces the walk over their characters. Each name
 * that comes is a new string, which a Map has to hash first, so it is compared with the name that came last to the
 * same place (`bench:micro guard`). A preflight has six names, a small GET twenty.
 */

/** Enough for every name that S3 and its neighbours send; a hostile sender of fresh names costs no memory beyond it. */
const maxEntries = 512
/** `x-amz-server-side-encryption-customer-key-md5` is longer, and rare; most names are far shorter. */
const maxCachedLength = 40

const lowerCaseNames = new BoundedMap<KnownName>(maxEntries, 'refuse')

interface KnownName {
  readonly name: string
  readonly lowerCase: string
}

const places = 512
/** Of the names that are remembered, the last one that came to each place. */
const lastNames = Array.from({ length: places }, (): KnownName => ({ name: '', lowerCase: '' }))

/** Where the name `text[start, end)` stands among the last. The factors give each of the eighty names that browsers, SDKs and endpoints send a place of its own. */
function placeOf(text: string, start: number, end: number): number {
  const length = end - start
  const within = text.charCodeAt(start) * 7 + text.charCodeAt(length < 4 ? start : end - 4) * 7
  return (length * 11 + within + text.charCodeAt(end - 1)) & (places - 1)
}

/**
 * The lower-case form of `name`, or undefined when it is no field name: a token of at least one character, see
 * https://www.rfc-editor.org/rfc/rfc9110#section-5.1 and https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2.
 */
export function lowerCaseFieldName(name: string): string | undefined {
  if (name.length === 0) return undefined
  const place = placeOf(name, 0, name.length)
  const last = lastNames[place] as KnownName
  return last.name === name ? last.lowerCase : find(name, place)
}

/** The same of the name `text[start, end)`, which is not cut out where it came last to its place. */
export function lowerCaseNameWithin(text: string, start: number, end: number): string | undefined {
  if (start === end) return undefined
  const place = placeOf(text, start, end)
  const last = lastNames[place] as KnownName
  const isLast = last.name.length === end - start && text.startsWith(last.name, start)
  return isLast ? last.lowerCase : find(text.slice(start, end), place)
}

function find(name: string, place: number): string | undefined {
  const known = lowerCaseNames.get(name)
  if (known === undefined) return validate(name)
  lastNames[place] = known
  return known.lowerCase
}

function validate(name: string): string | undefined {
  if (!isToken(name)) return undefined
  if (name.length > maxCachedLength || lowerCaseNames.size >= maxEntries) return name.toLowerCase()
  const copy = ownCopy(name)
  const lowerCase = internalised(copy.toLowerCase())
  lowerCaseNames.set(copy, { name: copy, lowerCase })
  return lowerCase
}

/** The same text as V8 keeps the names of properties: each once, so that a `switch` compares no characters. */
function internalised(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}
