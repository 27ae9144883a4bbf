/** What a list keeps about a member in the member itself: where it is, -1 when it is not listed. */
export interface Listed {
  listedAt: number
}

/**
 * What is under way, exchanges or connections, in no order.
 *
 * Not a Set: whenever V8 makes a new table for one, the old table keeps what it held and points to the new one, and the
 * collection of young objects takes all that for alive once the old table has grown old itself. With an exchange coming and
 * going for every request, each one, and its request and response, was copied twice and left to the large collection
 * (`bench --scenario get-1k`).
 */
export class LiveList<T extends Listed> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    if (member.listedAt >= 0) return
    member.listedAt = this.#members.length
    this.#members.push(member)
  }

  delete(member: T): void {
    const at = member.listedAt
    if (at < 0) return
    member.listedAt = -1
    const last = this.#members.pop() as T
    if (last === member) return
    this.#members[at] = last
    last.listedAt = at
  }

  /** Those of this moment, whatever comes and goes meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice()[Symbol.iterator]()
  }
}
