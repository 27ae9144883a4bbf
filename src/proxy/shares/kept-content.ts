import type { Holding } from './client-memory.ts'

/** Content that is kept until it is whole, in one buffer: each piece by itself would cost as much as some hundred bytes. */
export class KeptContent implements Holding {
  readonly #maxBytes: number
  #buffer = Buffer.alloc(0)
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get heldBytes(): number {
    return this.#buffer.length
  }

  get content(): Buffer {
    return this.#buffer.subarray(0, this.#bytes)
  }

  /** False: with it the content is longer than it may be. */
  add(piece: Buffer): boolean {
    const bytes = this.#bytes + piece.length
    if (bytes > this.#maxBytes) return false
    if (bytes > this.#buffer.length) {
      const longer = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, Math.max(bytes, 2 * this.#buffer.length)))
      this.#buffer.copy(longer, 0, 0, this.#bytes)
      this.#buffer = longer
    }
    piece.copy(this.#buffer, this.#bytes)
    this.#bytes = bytes
    return true
  }
}
