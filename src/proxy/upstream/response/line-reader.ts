const cr = 0x0d
const lf = 0x0a

/**
 * Collects the lines of a section (a head, a trailer section) that comes in several pieces, at most `maxBytes` of it.
 *
 * Lines end in CRLF only. A recipient may take a lone LF for a line end; two recipients that differ in it disagree about
 * where a message ends, so a CR or LF by itself is a fault as soon as it is seen:
 * https://www.rfc-editor.org/rfc/rfc9112#section-2.2.
 */
export class LineReader {
  /** The last line that `read` found, without its CRLF. */
  line = ''
  /** Why `read` returned -2. */
  fault: 'line-end' | 'too-large' = 'line-end'

  readonly #maxBytes: number
  #room: number
  #pending = ''
  #sawCr = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#room = maxBytes
  }

  /** Starts a new section. */
  begin(): void {
    this.#room = this.#maxBytes
    this.#pending = ''
    this.#sawCr = false
  }

  /** Reads on in `buffer[start, end)`: the position after a line, or -1 when all was read and no line ended, or -2: a fault. */
  read(buffer: Buffer, start: number, end: number): number {
    // What is beyond the room is not looked at, so that the same fault is found however the bytes are cut.
    const stop = Math.min(end, start + this.#room)
    let at = start
    if (this.#sawCr && at < stop) {
      if (buffer[at] !== lf) return this.#fail('line-end')
      return this.#finishLine(start, at + 1)
    }
    for (; at < stop; at++) {
      const byte = buffer[at]
      if (byte === lf) return this.#fail('line-end')
      if (byte !== cr) continue
      this.#pending += buffer.toString('latin1', start, at)
      if (at + 1 < stop) {
        if (buffer[at + 1] !== lf) return this.#fail('line-end')
        return this.#finishLine(start, at + 2)
      }
      this.#sawCr = true
      break
    }
    if (!this.#sawCr) this.#pending += buffer.toString('latin1', start, stop)
    this.#room -= stop - start
    return stop < end ? this.#fail('too-large') : -1
  }

  #finishLine(start: number, next: number): number {
    this.#room -= next - start
    this.line = this.#pending
    this.#pending = ''
    this.#sawCr = false
    return next
  }

  #fail(fault: 'line-end' | 'too-large'): number {
    this.fault = fault
    return -2
  }
}
