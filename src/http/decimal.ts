// Numbers in messages, in one way everywhere: decimal digits and nothing else. No sign, no blank, no other base, no exponent.

const zero = 0x30
const nine = 0x39

/**
 * The number that `text[from, to)` writes in decimal digits alone, at least one; -1 for anything else or beyond 2^53 - 1. For
 * what HTTP defines as 1*DIGIT, where leading zeros are allowed and mean nothing; what goes on is written anew.
 */
export function parseDecimal(text: string, from = 0, to = text.length): number {
  if (from >= to) return -1
  let number = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    // A negated test, so that NaN, past the end of the text, fails it.
    if (!(code >= zero && code <= nine)) return -1
    number = number * 10 + (code - zero)
    if (number > Number.MAX_SAFE_INTEGER) return -1
  }
  return number
}

/** The same where only the one form counts that every peer writes and reads alike: -1 for leading zeros, too. */
export function parseCanonicalDecimal(text: string, from = 0, to = text.length): number {
  return to - from > 1 && text.charCodeAt(from) === zero ? -1 : parseDecimal(text, from, to)
}
