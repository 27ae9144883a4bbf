/**
 * Field names: validated and lower-cased once, then remembered.
 *
 * An endpoint sends the same dozen names with every response, so a look-up replaces the walk over their characters.
 */

/** Enough for every name that S3 and its neighbours send; a hostile sender of fresh names costs no memory beyond it. */
const maxEntries = 512
/** `x-amz-server-side-encryption-customer-key-md5` is longer, and rare; most names are far shorter. */
const maxCachedLength = 40

const lowerCaseNames = new Map<string, string>()

const isTokenCode = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  isTokenCode[character.charCodeAt(0)] = 1
}

/**
 * The lower-case form of `name`, or undefined when it is no field name: a token of at least one character, see
 * https://www.rfc-editor.org/rfc/rfc9110#section-5.1 and https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2.
 */
export function lowerCaseFieldName(name: string): string | undefined {
  return lowerCaseNames.get(name) ?? validate(name)
}

function validate(name: string): string | undefined {
  if (name.length === 0) return undefined
  for (let i = 0; i < name.length; i++) {
    if (isTokenCode[name.charCodeAt(i)] !== 1) return undefined
  }
  if (name.length > maxCachedLength || lowerCaseNames.size >= maxEntries) return name.toLowerCase()
  // A copy: `name` is often a slice of a whole response head, which the cache would keep alive.
  const copy = Buffer.from(name, 'latin1').toString('latin1')
  const lowerCase = copy.toLowerCase()
  lowerCaseNames.set(copy, lowerCase)
  return lowerCase
}
