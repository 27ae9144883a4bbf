const bitsPerWord = 32

/** A set of small numbers, from 0, one bit for each: gone through in ascending order, and used again and again. */
export class NumberSet {
  #words: Int32Array

  /** `limit`: as many numbers have room at once; for a higher one room is made. */
  constructor(limit = 128) {
    this.#words = new Int32Array(wordsFor(limit))
  }

  add(number: number): void {
    const word = number >>> 5
    if (word >= this.#words.length) this.#makeRoom(word + 1)
    this.#words[word] = (this.#words[word] as number) | (1 << number)
  }

  has(number: number): boolean {
    return ((this.#words[number >>> 5] ?? 0) & (1 << number)) !== 0
  }

  /** The least number that is `from` or more, or -1. */
  next(from: number): number {
    const words = this.#words
    let word = from >>> 5
    if (word >= words.length) return -1
    let left = (words[word] as number) & (-1 << from)
    while (left === 0) {
      if (++word === words.length) return -1
      left = words[word] as number
    }
    return bitsPerWord * word + bitsPerWord - 1 - Math.clz32(left & -left)
  }

  clear(): void {
    const words = this.#words
    for (let word = 0; word < words.length; word++) words[word] = 0
  }

  /** Adds the set of this number among `sets`, which were made for the same limit. */
  addFrom(sets: NumberSets, number: number): void {
    const words = this.#words
    const { bits } = sets
    const start = number * words.length
    for (let word = 0; word < words.length; word++) {
      words[word] = (words[word] as number) | (bits[start + word] as number)
    }
  }

  /** Removes what is not in `other`, a set for the same limit, and says whether something is left. */
  keep(other: NumberSet): boolean {
    const words = this.#words
    let left = 0
    for (let word = 0; word < words.length; word++) {
      const both = (words[word] as number) & (other.#words[word] as number)
      words[word] = both
      left |= both
    }
    return left !== 0
  }

  /** Whether everything in `other`, a set for the same limit, is here too. */
  hasAll(other: NumberSet): boolean {
    const words = this.#words
    for (let word = 0; word < words.length; word++) {
      if (((other.#words[word] as number) & ~(words[word] as number)) !== 0) return false
    }
    return true
  }

  #makeRoom(length: number): void {
    const words = new Int32Array(2 * length)
    words.set(this.#words)
    this.#words = words
  }
}

/** Sets of numbers below a limit that were made once: equal ones are one, and all of them stand in one piece of memory. */
export class NumberSets {
  /** The words of all sets, one set behind the other. */
  readonly bits: number[] = []
  readonly #words: number
  readonly #known = new Map<string, number>()

  constructor(limit: number) {
    this.#words = wordsFor(limit)
  }

  /** The number of the set of `members`. */
  numberOf(members: readonly number[]): number {
    const words = new Int32Array(this.#words)
    for (const member of members) words[member >>> 5] = (words[member >>> 5] as number) | (1 << member)
    const key = words.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const number = this.#known.size
    this.#known.set(key, number)
    this.bits.push(...words)
    return number
  }
}

function wordsFor(limit: number): number {
  return Math.ceil(limit / bitsPerWord)
}
