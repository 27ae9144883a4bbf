import { AffixTree } from './affix-tree.ts'
import type { NumberSet, NumberSets } from './number-set.ts'

/** A pattern with a `*`, and the lists that hold it. */
export interface ListedWildcard {
  readonly prefix: string
  readonly suffix: string
  readonly lists: readonly number[]
}

/**
 * Which lists hold a wildcard that stands for a value, however many do: for each beginning that the value has there is one search
 * among numbers.
 */
export class WildcardIndex {
  readonly #beginnings: AffixTree<Beginning>
  readonly #ends: AffixTree<End>
  readonly #sets: NumberSets

  constructor(wildcards: readonly ListedWildcard[], sets: NumberSets) {
    const ends = placeEnds(wildcards)
    this.#beginnings = new AffixTree(readBeginnings(wildcards, ends, sets), false)
    this.#ends = new AffixTree(ends, true)
    this.#sets = sets
  }

  /** Adds the lists to `found`, until all that are `wanted` are there. */
  find(value: string, found: NumberSet, wanted: NumberSet): void {
    const beginnings = this.#beginnings.follow(value, beginningPath)
    const ends = beginnings === 0 ? 0 : this.#ends.follow(value, endPath)
    if (ends === 0) return
    // From the longest beginning to the shortest: each leaves room for the same ends or for longer ones too.
    let end = -1
    for (let at = beginnings - 1; at >= 0 && !found.hasAll(wanted); at--) {
      const { length, places, sets } = beginningPath[at] as Beginning
      while (end + 1 < ends && (endPath[end + 1] as End).length + length <= value.length) end++
      if (end === -1) continue
      const set = lastUpTo(places, (endPath[end] as End).place)
      if (set !== -1) found.addFrom(this.#sets, sets[set] as number)
    }
  }
}

/** What stands behind the `*` of wildcards. */
interface End {
  readonly length: number
  /** Its place among all ends in the order of a dictionary that is read backwards: right behind it come those that end with it. */
  readonly place: number
  /** The place of the first one behind those. */
  readonly after: number
}

/** What stands before the `*` of wildcards. */
interface Beginning {
  readonly length: number
  /** Ascending places of ends. */
  readonly places: readonly number[]
  /** From each of these places up to the next: the lists of the wildcards that begin so, and end as the end of the place does. */
  readonly sets: readonly number[]
}

/** Scratch: what a value begins with, and what it ends with. */
const beginningPath: Beginning[] = []
const endPath: End[] = []

/** Where the last number stands that is `most` or less, or -1. */
function lastUpTo(ascending: readonly number[], most: number): number {
  let low = -1
  let high = ascending.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) <= most) low = middle
    else high = middle
  }
  return low
}

function placeEnds(wildcards: readonly ListedWildcard[]): ReadonlyMap<string, End> {
  const texts = [...new Set(wildcards.map(({ suffix }) => suffix))]
  const backwards = texts.map(text => ({ text, read: text.split('').reverse().join('') }))
  // By code units, as the tree has them.
  const sorted = backwards.sort((one, other) => (one.read < other.read ? -1 : 1))
  const ends = new Map<string, End>()
  const afters: number[] = []
  for (let place = sorted.length - 1; place >= 0; place--) {
    const { text, read } = sorted[place] as (typeof sorted)[number]
    let after = place + 1
    while (sorted[after]?.read.startsWith(read)) after = afters[after] as number
    afters[place] = after
    ends.set(text, { length: text.length, place, after })
  }
  return ends
}

function readBeginnings(
  wildcards: readonly ListedWildcard[],
  ends: ReadonlyMap<string, End>,
  sets: NumberSets,
): ReadonlyMap<string, Beginning> {
  const byPrefix = new Map<string, EndedList[]>()
  for (const { prefix, suffix, lists } of wildcards) {
    const wildcard = { end: ends.get(suffix) as End, lists }
    const others = byPrefix.get(prefix)
    if (others === undefined) byPrefix.set(prefix, [wildcard])
    else others.push(wildcard)
  }
  const beginnings = new Map<string, Beginning>()
  for (const [prefix, ended] of byPrefix) beginnings.set(prefix, { length: prefix.length, ...sortSets(ended, sets) })
  return beginnings
}

/** An end, and the lists of the wildcards with it. */
interface EndedList {
  readonly end: End
  readonly lists: readonly number[]
}

/** Goes through the ends in order, and notes wherever another set of lists begins to hold. */
function sortSets(ended: readonly EndedList[], sets: NumberSets): Pick<Beginning, 'places' | 'sets'> {
  const places: number[] = []
  const numbers: number[] = []
  const note = (place: number, lists: readonly number[]) => {
    if (places.at(-1) === place) numbers.pop()
    else places.push(place)
    numbers.push(sets.numberOf(lists))
  }
  // The ends that the one at hand ends with, the longest last, each with the lists of all before it.
  const around: EndedList[] = []
  const leaveThoseBefore = (place: number) => {
    for (let last = around.at(-1); last !== undefined && last.end.after <= place; last = around.at(-1)) {
      around.pop()
      note(last.end.after, around.at(-1)?.lists ?? [])
    }
  }
  for (const { end, lists } of ended.toSorted((one, other) => one.end.place - other.end.place)) {
    leaveThoseBefore(end.place)
    const all = [...(around.at(-1)?.lists ?? []), ...lists]
    note(end.place, all)
    around.push({ end, lists: all })
  }
  leaveThoseBefore(Number.POSITIVE_INFINITY)
  return { places, sets: numbers }
}
