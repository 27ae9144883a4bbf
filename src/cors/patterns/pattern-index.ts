import { type Affixes, longestAffix, placesOf, sortAffixes } from './affixes.ts'
import { parseWildcard } from './wildcard.ts'

/**
 * Which of many pattern lists cover a value, found for all lists at once: the value is read once, instead of being compared with
 * every pattern of every list. So a bucket's rules cannot make a request cost a hundred times what it costs with one of them.
 * For the few patterns of an ordinary rule {@link covers} costs less.
 */
export class PatternIndex {
  /** Equal lists are one: which one each of the given lists is. */
  readonly #numberOf: readonly number[]
  /** The patterns without `*`, by their number. */
  readonly #exact: ReadonlyMap<string, number>
  /** The lists that hold each pattern, one set behind the other. */
  readonly #lists: Int32Array
  /** The wildcards by what stands before their `*`, and by what stands behind it. */
  readonly #beginnings: WildcardHalves
  readonly #ends: WildcardHalves
  /** The lists that cover the values that were asked about last. */
  readonly #covering: Int32Array
  readonly #all: Int32Array
  /** Scratch: those that cover one value. */
  readonly #ofValue: Int32Array

  /** Patterns hold at most one `*` each. */
  constructor(lists: readonly (readonly string[])[]) {
    const { numberOf, distinct } = numberLists(lists)
    const words = Math.ceil(distinct.length / bitsPerWord)
    const { exact, wildcards, lists: listsOf } = sortPatterns(distinct, words)
    const beginnings = sortAffixes(new Set(wildcards.map(({ prefix }) => prefix)), false)
    const ends = sortAffixes(new Set(wildcards.map(({ suffix }) => suffix)), true)
    const beginningOf = placesOf(beginnings)
    const endOf = placesOf(ends)
    const placed = wildcards.map(({ prefix, suffix, pattern }) => ({
      beginning: beginningOf.get(prefix) as number,
      end: endOf.get(suffix) as number,
      length: prefix.length + suffix.length,
      pattern,
    }))
    this.#numberOf = numberOf
    this.#exact = exact
    this.#lists = listsOf
    this.#beginnings = sortWildcards(placed, beginnings)
    this.#ends = sortWildcards(placed, ends)
    this.#covering = new Int32Array(words)
    this.#all = new Int32Array(words)
    for (const list of distinct.keys()) addList(this.#all, list)
    this.#ofValue = new Int32Array(words)
  }

  /** Finds the lists that cover every one of `values`: {@link covers} then tells. */
  ask(values: readonly string[]): void {
    const covering = this.#covering
    covering.set(this.#all)
    for (const value of values) {
      this.#askOne(value)
      let left = 0
      for (let word = 0; word < covering.length; word++) {
        const both = (covering[word] as number) & (this.#ofValue[word] as number)
        covering[word] = both
        left |= both
      }
      // Nothing is left to be found out.
      if (left === 0) return
    }
  }

  /** Whether the list that was given as the one at `index` covers all values that were asked about last. */
  covers(index: number): boolean {
    const list = this.#numberOf[index] as number
    return ((this.#covering[list >>> 5] as number) & (1 << list)) !== 0
  }

  #askOne(value: string): void {
    const lists = this.#ofValue
    lists.fill(0)
    const exact = this.#exact.get(value)
    if (exact !== undefined) add(lists, this.#lists, exact)
    const beginning = longestAffix(this.#beginnings.affixes, value)
    const end = longestAffix(this.#ends.affixes, value)
    if (beginning === -1 || end === -1) return
    // A wildcard has to be among those of both: the smaller number is gone through.
    if ((this.#beginnings.upTo[beginning] as number) < (this.#ends.upTo[end] as number)) {
      this.#addWildcards(value.length, this.#beginnings, beginning, this.#ends, end)
    } else this.#addWildcards(value.length, this.#ends, end, this.#beginnings, beginning)
  }

  /** Adds the lists of the wildcards whose one half is `near` or within it, and whose other half is `far` or within it. */
  #addWildcards(
    length: number,
    nearHalves: WildcardHalves,
    near: number,
    farHalves: WildcardHalves,
    far: number,
  ): void {
    const lists = this.#ofValue
    const { found } = farHalves
    const { first, other, lengths, patterns } = nearHalves
    const nearWithin = nearHalves.affixes.within
    const farWithin = farHalves.affixes.within
    for (let half = far; half !== -1; half = farWithin[half] as number) found[half] = 1
    for (let half = near; half !== -1 && !hasAll(lists, this.#covering); half = nearWithin[half] as number) {
      const after = first[half + 1] as number
      for (let at = first[half] as number; at < after; at++) {
        // The length, so that the halves never overlap: see `matches` in wildcard.ts.
        if (found[other[at] as number] === 1 && (lengths[at] as number) <= length) {
          add(lists, this.#lists, patterns[at] as number)
        }
      }
    }
    for (let half = far; half !== -1; half = farWithin[half] as number) found[half] = 0
  }
}

const bitsPerWord = 32

function addList(lists: Int32Array, list: number): void {
  lists[list >>> 5] = (lists[list >>> 5] as number) | (1 << list)
}

/** Adds to `lists` those that hold the pattern. */
function add(lists: Int32Array, listsOf: Int32Array, pattern: number): void {
  const start = pattern * lists.length
  for (let word = 0; word < lists.length; word++) {
    lists[word] = (lists[word] as number) | (listsOf[start + word] as number)
  }
}

/** Whether `lists` has every one of `wanted`. */
function hasAll(lists: Int32Array, wanted: Int32Array): boolean {
  for (let word = 0; word < lists.length; word++)
    if (((wanted[word] as number) & ~(lists[word] as number)) !== 0) return false
  return true
}

/** A wildcard: where its halves stand among the others', the length of both, and its number. */
interface PlacedWildcard {
  readonly beginning: number
  readonly end: number
  readonly length: number
  readonly pattern: number
}

/** The wildcards of all lists, sorted by one of their halves. */
interface WildcardHalves {
  readonly affixes: Affixes
  /** Of each half where its wildcards start; the next one's are behind them. */
  readonly first: Int32Array
  /** Of each half how many wildcards it has, with those within it. */
  readonly upTo: Int32Array
  /** Of each wildcard where its other half stands, the length of both, and its number. */
  readonly other: Int32Array
  readonly lengths: Int32Array
  readonly patterns: Int32Array
  /** Scratch: which halves the value has that is asked about. All 0 between two values. */
  readonly found: Uint8Array
}

function sortWildcards(wildcards: readonly PlacedWildcard[], affixes: Affixes): WildcardHalves {
  const half = ({ beginning, end }: PlacedWildcard) => (affixes.ends ? end : beginning)
  const sorted = wildcards.toSorted((one, other) => half(one) - half(other))
  const halves = affixes.texts.length
  const first = new Int32Array(halves + 1)
  for (const wildcard of sorted) first[half(wildcard) + 1] = (first[half(wildcard) + 1] as number) + 1
  const upTo = new Int32Array(halves)
  for (let at = 0; at < halves; at++) {
    const around = affixes.within[at] as number
    upTo[at] = (first[at + 1] as number) + (around === -1 ? 0 : (upTo[around] as number))
    first[at + 1] = (first[at + 1] as number) + (first[at] as number)
  }
  return Object.freeze({
    affixes,
    first,
    upTo,
    other: Int32Array.from(sorted, ({ beginning, end }) => (affixes.ends ? beginning : end)),
    lengths: Int32Array.from(sorted, ({ length }) => length),
    patterns: Int32Array.from(sorted, ({ pattern }) => pattern),
    found: new Uint8Array(halves),
  })
}

function numberLists(lists: readonly (readonly string[])[]) {
  const numbers = new Map<string, number>()
  const distinct: (readonly string[])[] = []
  const numberOf = lists.map(list => {
    const patterns = [...new Set(list)].sort()
    // As JSON, in which no list can look like another.
    const key = JSON.stringify(patterns)
    const known = numbers.get(key)
    if (known !== undefined) return known
    numbers.set(key, distinct.length)
    return distinct.push(patterns) - 1
  })
  return { numberOf, distinct }
}

/** Each pattern once, with its number, and the lists that hold it. */
function sortPatterns(distinct: readonly (readonly string[])[], words: number) {
  const numbers = new Map<string, number>()
  for (const pattern of distinct.flat()) if (!numbers.has(pattern)) numbers.set(pattern, numbers.size)
  const lists = new Int32Array(numbers.size * words)
  for (const [list, patterns] of distinct.entries()) {
    for (const pattern of patterns) {
      const start = (numbers.get(pattern) as number) * words
      addList(lists.subarray(start, start + words), list)
    }
  }
  const exact = new Map<string, number>()
  const wildcards: { readonly prefix: string; readonly suffix: string; readonly pattern: number }[] = []
  for (const [text, pattern] of numbers) {
    const { prefix, suffix } = parseWildcard(text)
    if (suffix === undefined) exact.set(text, pattern)
    else wildcards.push({ prefix, suffix, pattern })
  }
  return { exact, wildcards, lists }
}
