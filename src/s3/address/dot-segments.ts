// Keys that lead above their bucket. S3 has none (a key's `..` may not outnumber the names before them), and an endpoint that
// keeps objects as files takes `/BUCKET/../OTHER/KEY` for the other bucket's.

/** What may hide a dot, or the mark of an encoding, once and again; `%2f`, `%3b` and `%5c` stay as they are. */
const hidden = /%(?:2[5e]|3\d|[46][1-6])/gi
const mayHide = /%(?:%|2[5e]|3\d|[46][1-6])/i
/** More rounds than any server decodes. */
const mostRounds = 8

/** What readers take for a slash: that alone, or what is encoded, or what is one to Windows and to browsers, or both. */
const slashes = [/\//, /\/|%2f/i, /[/\\]|%5c/i, /[/\\]|%2f|%5c/i]
/** Java's servers cut off what follows: https://jakarta.ee/specifications/servlet/6.1/jakarta-servlet-spec-6.1#request-path-elements */
const parameter = /(?:;|%3b).*$/is

/**
 * Whether a key that begins after the slash at `slash` of the request-target leads above where it begins, for any reader: for each
 * way to find segments, and with parameters as part of a name, cut off before an encoded slash is one, or after.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-guidelines
 */
export function leadsAbove(target: string, slash: number): boolean {
  if (!target.includes('..', slash) && !(target.includes('%', slash) && mayHide.test(target))) return false
  const question = target.indexOf('?', slash)
  const key = decodeDots(question === -1 ? target.slice(slash) : target.slice(slash, question))
  if (key === undefined) return true
  if (!key.includes('..')) return false
  const cutFirst = key.split('/').map(withoutParameter).join('/')
  return slashes.some(separator => {
    const segments = key.split(separator)
    return rises(segments) || rises(segments.map(withoutParameter)) || rises(cutFirst.split(separator))
  })
}

/** Undefined: it is encoded more often than any server decodes. */
function decodeDots(key: string): string | undefined {
  let text = key
  for (let round = 0; round < mostRounds; round++) {
    const decoded = text.replace(hidden, code => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
    if (decoded === text) return text
    text = decoded
  }
  return undefined
}

function withoutParameter(segment: string): string {
  return segment.replace(parameter, '')
}

/** Whether a segment leads above the first one. */
function rises(segments: readonly string[]): boolean {
  let depth = 0
  for (const name of segments) {
    if (name === '..') depth--
    else if (name !== '' && name !== '.') depth++
    if (depth < 0) return true
  }
  return false
}
