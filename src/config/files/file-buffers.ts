import type { FileContent } from './file-content.ts'

/** Smaller ones cost nothing worth keeping them. */
const minKeptBytes = 64 * 1024

/** What one look at the files needs of them: the content before and the content after a pause, of two large files. */
const maxKept = 4

/**
 * Memory for files that are read again and again. A large file in fresh memory at every look makes V8 collect all garbage every
 * few looks: it counts the bytes as its own, and each collection keeps requests waiting.
 */
export class FileBuffers {
  readonly #free: Uint8Array[] = []
  readonly #lent = new WeakSet<ArrayBufferLike>()

  /** `bytes` bytes, with anything in them; they are the caller's until it gives them back, if it does. */
  readonly take = (bytes: number): Uint8Array => {
    if (bytes < minKeptBytes) return new Uint8Array(bytes)
    const found = this.#free.findIndex(({ length }) => length >= bytes)
    const [buffer = new Uint8Array(Math.ceil(bytes / minKeptBytes) * minKeptBytes)] =
      found === -1 ? [] : this.#free.splice(found, 1)
    this.#lent.add(buffer.buffer)
    return buffer.subarray(0, bytes)
  }

  /** Takes back the memory of contents that are read no more; what did not come from here, or is back already, is left alone. */
  giveBack(contents: Iterable<FileContent>): void {
    for (const content of contents) {
      if (content.kind !== 'bytes' || !this.#lent.delete(content.bytes.buffer)) continue
      if (this.#free.length === maxKept) this.#free.shift()
      this.#free.push(new Uint8Array(content.bytes.buffer))
    }
  }
}
