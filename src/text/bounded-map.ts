/**
 * What a full map does with one more key: `refuse` keeps what came first, for keys that well-meaning senders repeat from the start;
 * `restart` forgets all, for keys that change with time.
 */
export type WhenFull = 'refuse' | 'restart'

/** A map for what is looked up rather than made again: never more than `maxEntries`, whatever keys a client invents. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #maxEntries: number
  readonly #whenFull: WhenFull

  constructor(maxEntries: number, whenFull: WhenFull) {
    this.#maxEntries = maxEntries
    this.#whenFull = whenFull
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  /** Says whether the map has the entry now. */
  set(key: string, value: V): boolean {
    if (this.#entries.size >= this.#maxEntries && !this.#entries.has(key)) {
      if (this.#whenFull === 'refuse') return false
      this.#entries.clear()
    }
    this.#entries.set(key, value)
    return true
  }
}
