import { toFieldValue } from '../patterns/field-value.ts'
import type { CorsRule } from '../rules/rule.ts'

/** The AllowedOrigins of all rules, in order, as one text. */
export interface OriginPatterns {
  /** Their field values, one behind the other: one byte for each character, see {@link toFieldValue}. */
  readonly text: Uint8Array
  /** How many bytes each of them has. */
  readonly lengths: readonly number[]
}

const encoder = new TextEncoder()

/** All at once, because that is many times cheaper than one by one. */
export function readPatterns(rules: readonly CorsRule[]): OriginPatterns {
  const patterns: string[] = []
  const lengths: number[] = []
  for (const { allowedOrigins } of rules) {
    for (const pattern of allowedOrigins) {
      patterns.push(pattern)
      lengths.push(pattern.length)
    }
  }
  const joined = patterns.join('')
  const text = encoder.encode(joined)
  // As many bytes as characters: all of it is ASCII.
  if (text.length === joined.length) return { text, lengths }
  // One by one: half of a character at the end of one and the other half at the beginning of the next must not become one.
  const values = patterns.map(toFieldValue)
  return {
    text: Uint8Array.from(values.join(''), character => character.charCodeAt(0)),
    lengths: values.map(value => value.length),
  }
}
