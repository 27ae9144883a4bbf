// Keys that lead above their bucket. S3 has none (a key's `..` may not outnumber the names before them), and an endpoint that
// keeps objects as files takes `/BUCKET/../OTHER/KEY` for the other bucket's.

/** A dot, encoded any number of times. */
const hiddenDot = /%(?:25)*2e/i
const hiddenDots = /%(?:25)*2e/gi
/** What some servers take for a slash. */
const otherSlash = /\\|%(?:25)*(?:2f|5c)/i
/** Java's servers cut off what follows: https://jakarta.ee/specifications/servlet/6.1/jakarta-servlet-spec-6.1#request-path-elements */
const parameter = /(?:;|%(?:25)*3b).*$/is

/**
 * Whether a key that begins after the slash at `slash` of the request-target leads above where it begins, for any reader: one that
 * decodes dots and slashes before it looks for segments, and one that does not.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-guidelines
 */
export function leadsAbove(target: string, slash: number): boolean {
  if (!target.includes('..', slash) && !(target.includes('%', slash) && hiddenDot.test(target))) return false
  const question = target.indexOf('?', slash)
  const key = question === -1 ? target.slice(slash) : target.slice(slash, question)
  let depth = 0
  for (const segment of key.split('/')) {
    let within = 0
    for (const part of segment.split(otherSlash)) {
      within += stepOf(part)
      if (depth + within < 0) return true
    }
    // To others it is one name.
    depth += Math.min(within, 1)
  }
  return false
}

/** How much deeper one segment leads. */
function stepOf(segment: string): -1 | 0 | 1 {
  const name = segment.replace(parameter, '').replace(hiddenDots, '.')
  if (name === '' || name === '.') return 0
  return name === '..' ? -1 : 1
}
