/**
 * The texts that stand before the `*` of many patterns, or behind it. Those of them that a value begins with, or ends with, are
 * found without asking each. What is written below of beginnings holds for ends as well, read backwards.
 */
export interface Affixes {
  readonly ends: boolean
  /** Each once, in the order of a dictionary; ends have their characters in reverse order. */
  readonly texts: readonly string[]
  /** Of each text where the longest other one stands that it begins with, or -1. Follow it for all of them. */
  readonly within: Int32Array
}

/** Sorts the distinct `texts`. `ends`: they are the ends of values. */
export function sortAffixes(texts: ReadonlySet<string>, ends: boolean): Affixes {
  // By code units, as the search compares them.
  const sorted = (ends ? Array.from(texts, reversed) : [...texts]).sort()
  const within = new Int32Array(sorted.length)
  for (const [at, text] of sorted.entries()) {
    // In this order whatever begins with a text comes right behind it, so what this one begins with is on the way from the last.
    let before = at - 1
    while (before !== -1 && !text.startsWith(sorted[before] as string)) before = within[before] as number
    within[at] = before
  }
  return Object.freeze({ ends, texts: Object.freeze(sorted), within })
}

/** Where a text stands of which {@link sortAffixes} was given. */
export function placesOf({ ends, texts }: Affixes): ReadonlyMap<string, number> {
  return new Map(texts.map((text, at) => [ends ? reversed(text) : text, at]))
}

/** Where the longest text stands that `value` begins with, or -1: the others that it begins with are {@link Affixes.within} it. */
export function longestAffix({ ends, texts, within }: Affixes, value: string): number {
  const last = value.length - 1
  // The value comes behind the text at `low` and before the one at `high`; how many characters it begins with as they do.
  let low = -1
  let high = texts.length
  let lowSame = 0
  let highSame = 0
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    const text = texts[middle] as string
    const shorter = Math.min(text.length, value.length)
    // What is between two texts begins as both of them do: no character is compared again.
    let same = Math.min(lowSame, highSame)
    if (ends) while (same < shorter && text.charCodeAt(same) === value.charCodeAt(last - same)) same++
    else while (same < shorter && text.charCodeAt(same) === value.charCodeAt(same)) same++
    // A text that the value begins with is not behind it.
    const isBehind =
      same < text.length &&
      (same === value.length || text.charCodeAt(same) > value.charCodeAt(ends ? last - same : same))
    if (isBehind) {
      high = middle
      highSame = same
    } else {
      low = middle
      lowSame = same
    }
  }
  // The last text that is not behind the value begins with every text that the value begins with.
  let at = low
  while (at !== -1 && (texts[at] as string).length > lowSame) at = within[at] as number
  return at
}

function reversed(text: string): string {
  let reverse = ''
  for (let at = text.length - 1; at >= 0; at--) reverse += text[at]
  return reverse
}
