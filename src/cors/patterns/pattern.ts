/** A pattern of AllowedOrigins or AllowedHeaders, cut at its one `*`. */
export interface Pattern {
  readonly prefix: string
  /** Undefined when the pattern holds no `*`: then it stands for itself alone. */
  readonly suffix: string | undefined
}

/**
 * Cuts `pattern` at its first `*`. S3 allows one per pattern, anywhere; a second one is a fault that parse-rules reports,
 * and would be an ordinary character here.
 */
export function parsePattern(pattern: string): Pattern {
  const star = pattern.indexOf('*')
  if (star === -1) return { prefix: pattern, suffix: undefined }
  return { prefix: pattern.slice(0, star), suffix: pattern.slice(star + 1) }
}

/**
 * Says whether `value` is what `pattern` stands for: anchored at both ends, `*` for any run of characters, the empty one
 * included. The length is compared first, so that prefix and suffix never overlap: `aba*aba` does not match `aba`.
 */
export function matches(pattern: Pattern, value: string): boolean {
  const { prefix, suffix } = pattern
  if (suffix === undefined) return value === prefix
  return value.length >= prefix.length + suffix.length && value.startsWith(prefix) && value.endsWith(suffix)
}
