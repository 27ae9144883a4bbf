import { deserialize, serialize } from 'node:v8'

/** Plain data, and bytes beside it, on their way between two processes. */
export interface Parcel {
  readonly data: unknown
  readonly body: PiecedBytes
}

/** It ends before it should: whoever sent it did not come to its end. */
export class IncompleteParcel extends RangeError {
  override readonly name = 'IncompleteParcel'
}

/** How long the data is, before it: 32 bits, little-endian. */
const prefixBytes = 4

/** The pieces to send one after the other. Bodies are not copied. */
export function packParcel(data: unknown, bodies: readonly Uint8Array[]): readonly Uint8Array[] {
  const head = serialize(data)
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32LE(head.length)
  return [prefix, head, ...bodies]
}

/** Takes apart what was received, in any pieces; throws {@link IncompleteParcel} when it ends too early. */
export function unpackParcel(pieces: readonly Uint8Array[]): Parcel {
  const all = new PiecedBytes(pieces)
  const bodyStart = prefixBytes + all.slice(0, prefixBytes).readUInt32LE()
  return { data: deserialize(all.slice(prefixBytes, bodyStart)), body: all.from(bodyStart) }
}

/**
 * Bytes that stay in the pieces in which they were received. One copy of all would be as much memory again, and V8 counts it:
 * a collection of old objects, and requests that wait for it, would come so much sooner.
 */
export class PiecedBytes {
  readonly #pieces: readonly Uint8Array[]
  readonly #start: number
  readonly length: number

  constructor(pieces: readonly Uint8Array[], start = 0) {
    this.#pieces = pieces
    this.#start = start
    this.length = pieces.reduce((sum, { length }) => sum + length, 0) - start
  }

  /** All but the first bytes. */
  from(start: number): PiecedBytes {
    return new PiecedBytes(this.#pieces, this.#start + start)
  }

  /** A copy of the bytes from `start` to before `end`; throws {@link IncompleteParcel} when there are not so many. */
  slice(start: number, end: number): Buffer {
    if (start < 0 || end < start || end > this.length)
      throw new IncompleteParcel(`no bytes ${start} to ${end} of ${this.length}`)
    const copy = Buffer.allocUnsafe(end - start)
    let offset = this.#start + start
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
