import { deserialize, serialize } from 'node:v8'

/** Plain data, and bodies of bytes beside it, on their way between two processes. */
export interface Parcel {
  readonly data: unknown
  /** A copy of the body that was given as the one at `index`. */
  bodyAt(index: number): Buffer
}

/** What stands before the bodies. */
interface Head {
  readonly data: unknown
  readonly lengths: readonly number[]
}

/** It ends before it should: whoever sent it did not come to its end. */
export class IncompleteParcel extends RangeError {
  override readonly name = 'IncompleteParcel'
}

/** How long the head is, before it: 32 bits, little-endian. */
const prefixBytes = 4

/** The pieces to send one after the other. Bodies are not copied. */
export function packParcel(data: unknown, bodies: readonly Uint8Array[]): readonly Uint8Array[] {
  const head = serialize({ data, lengths: bodies.map(({ length }) => length) } satisfies Head)
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32LE(head.length)
  return [prefix, head, ...bodies]
}

/** Takes apart what was received, in any pieces; throws {@link IncompleteParcel} when it is not as long as it should be. */
export function unpackParcel(pieces: readonly Uint8Array[]): Parcel {
  const all = new PiecedBytes(pieces)
  const headEnd = prefixBytes + all.slice(0, prefixBytes).readUInt32LE()
  const { data, lengths } = deserialize(all.slice(prefixBytes, headEnd)) as Head
  let end = headEnd
  const ends = lengths.map(length => (end += length))
  if (end !== all.length) throw new IncompleteParcel(`${all.length} bytes instead of ${end}`)
  return { data, bodyAt: index => all.slice(ends[index - 1] ?? headEnd, ends[index] ?? Number.NaN) }
}

/**
 * Bytes that stay in the pieces in which they were received. One copy of all would be as much memory again, and V8 counts it:
 * a collection of old objects, and requests that wait for it, would come so much sooner.
 */
export class PiecedBytes {
  readonly #pieces: readonly Uint8Array[]
  readonly length: number

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces
    this.length = pieces.reduce((sum, { length }) => sum + length, 0)
  }

  /** A copy of the bytes from `start` to before `end`; throws {@link IncompleteParcel} when there are not so many. */
  slice(start: number, end: number): Buffer {
    if (!(start >= 0 && end >= start && end <= this.length))
      throw new IncompleteParcel(`no bytes ${start} to ${end} of ${this.length}`)
    const copy = Buffer.allocUnsafe(end - start)
    let offset = start
    let filled = 0
    for (const piece of this.#pieces) {
      if (filled === copy.length) break
      if (offset < piece.length) {
        const part = piece.subarray(offset, offset + copy.length - filled)
        copy.set(part, filled)
        filled += part.length
        offset = 0
      } else offset -= piece.length
    }
    return copy
  }
}
