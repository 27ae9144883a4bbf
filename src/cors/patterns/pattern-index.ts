import { NumberSet, NumberSets } from './number-set.ts'
import { parsePattern } from './pattern.ts'
import { type ListedWildcard, WildcardIndex } from './wildcard-index.ts'

/**
 * Which of many pattern lists cover all of some values, found for all lists at once: each value is read once, instead of being
 * compared with every pattern of every list. So a hundred rules cannot make a request a hundred times as dear (`bench:micro names`).
 * For the few patterns of an ordinary rule there is {@link coversAll} in pattern-list.ts.
 */
export class PatternIndex {
  /** Equal lists are one: which one each of the given lists is. */
  readonly #numberOf: readonly number[]
  /** The patterns without `*`, each with the lists that hold it. */
  readonly #exact: ReadonlyMap<string, number>
  readonly #wildcards: WildcardIndex
  readonly #sets: NumberSets
  readonly #allLists: number
  /** The values that were asked about last, and the lists that cover them. */
  #values: readonly string[] | undefined
  readonly #covering: NumberSet
  /** Scratch: the lists that cover one value. */
  readonly #ofValue: NumberSet

  /** Patterns hold at most one `*` each. */
  constructor(lists: readonly (readonly string[])[]) {
    const { numberOf, distinct } = numberLists(lists)
    const sets = new NumberSets(distinct.length)
    const exact = new Map<string, number>()
    const wildcards: ListedWildcard[] = []
    for (const [pattern, listed] of listsOf(distinct)) {
      const { prefix, suffix } = parsePattern(pattern)
      if (suffix === undefined) exact.set(pattern, sets.numberOf(listed))
      else wildcards.push({ prefix, suffix, lists: listed })
    }
    this.#numberOf = numberOf
    this.#exact = exact
    this.#wildcards = new WildcardIndex(wildcards, sets)
    this.#sets = sets
    this.#allLists = sets.numberOf([...distinct.keys()])
    this.#covering = new NumberSet(distinct.length)
    this.#ofValue = new NumberSet(distinct.length)
  }

  /**
   * Whether the list that was given as the one at `index` covers every one of `values`. All lists are asked at once, when other
   * values come than before.
   */
  coversAll(index: number, values: readonly string[]): boolean {
    if (values !== this.#values) this.#ask(values)
    return this.#covering.has(this.#numberOf[index] as number)
  }

  #ask(values: readonly string[]): void {
    this.#values = values
    this.#covering.clear()
    this.#covering.addFrom(this.#sets, this.#allLists)
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as string
      this.#ofValue.clear()
      const exact = this.#exact.get(value)
      if (exact !== undefined) this.#ofValue.addFrom(this.#sets, exact)
      this.#wildcards.find(value, this.#ofValue, this.#covering)
      // Nothing is left to be found out.
      if (!this.#covering.keep(this.#ofValue)) return
    }
  }
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

/** Each pattern once, with the lists that hold it. */
function listsOf(distinct: readonly (readonly string[])[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [list, patterns] of distinct.entries()) {
    for (const pattern of patterns) {
      const others = found.get(pattern)
      if (others === undefined) found.set(pattern, [list])
      else others.push(list)
    }
  }
  return found
}
