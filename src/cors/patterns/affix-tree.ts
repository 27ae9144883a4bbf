/**
 * Texts that values begin with, or end with, as a tree whose ways part where the texts do. A value's way from the root leads past
 * every text that it begins with, the shortest first, and reads no character twice. What is written of beginnings holds for ends
 * as well, read backwards.
 */
export class AffixTree<Content> {
  readonly #ends: boolean
  readonly #root: Node<Content> | undefined

  /** What is kept under each text. `ends`: the texts are the ends of values. */
  constructor(contents: ReadonlyMap<string, Content>, ends: boolean) {
    this.#ends = ends
    this.#root = contents.size === 0 ? undefined : growTree([...contents], 0, ends)
  }

  /** Writes what is kept under the texts that `value` begins with into `path`, the shortest text first; says how many there are. */
  follow(value: string, path: Content[]): number {
    const ends = this.#ends
    const { length } = value
    let count = 0
    let read = 0
    let node = this.#root
    while (node !== undefined) {
      const { edge, content, only, children } = node
      if (edge !== '') {
        if (!(ends ? value.endsWith(edge, length - read) : value.startsWith(edge, read))) break
        read += edge.length
      }
      if (content !== undefined) path[count++] = content
      if (read === length) break
      const code = value.charCodeAt(ends ? length - 1 - read : read)
      read++
      if (only !== undefined) node = only.code === code ? only : undefined
      else node = children?.get(code)
    }
    return count
  }
}

interface Node<Content> {
  /** The character that leads here; of the root none. */
  readonly code: number
  /** The characters behind it, up to where ways part or a text is whole. */
  readonly edge: string
  /** What is kept under the text that is whole here, if one is. */
  readonly content: Content | undefined
  /** Where the one way goes on, or each of several by its character. */
  readonly only: Node<Content> | undefined
  readonly children: ReadonlyMap<number, Node<Content>> | undefined
}

/** The tree of distinct texts that all begin with the same `read` characters, the last of which is `code`. */
function growTree<Content>(
  contents: readonly (readonly [string, Content])[],
  read: number,
  ends: boolean,
  code = -1,
): Node<Content> {
  const [[first]] = contents as [readonly [string, Content]]
  let same = first.length
  for (const [text] of contents) same = sameUpTo(first, text, same, ends)
  let content: Content | undefined
  const groups = new Map<number, (readonly [string, Content])[]>()
  for (const entry of contents) {
    const [text] = entry
    if (text.length === same) {
      content = entry[1]
      continue
    }
    const next = text.charCodeAt(ends ? text.length - 1 - same : same)
    const group = groups.get(next)
    if (group === undefined) groups.set(next, [entry])
    else group.push(entry)
  }
  const edge = ends ? first.slice(first.length - same, first.length - read) : first.slice(read, same)
  const children = new Map<number, Node<Content>>()
  for (const [next, group] of groups) children.set(next, growTree(group, same + 1, ends, next))
  const [only] = children.size === 1 ? children.values() : []
  return { code, edge, content, only, children: children.size > 1 ? children : undefined }
}

/** How many characters two texts begin with alike, `most` at most. */
function sameUpTo(one: string, other: string, most: number, ends: boolean): number {
  let same = 0
  if (ends) while (same < most && one.at(-1 - same) === other.at(-1 - same)) same++
  else while (same < most && one[same] === other[same]) same++
  return same
}
