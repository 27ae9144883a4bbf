const zero = 0x30
const quotationMark = 0x22
const point = 0x2e

/** By code unit: 1 for what `addPlain` takes. */
const plain = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-') {
  plain[character.charCodeAt(0)] = 1
}

/** Fewer bytes than this are copied one by one. */
const shortSegment = 32
const maxInteger = 0x7fffffff

/** Lines, one after the other, as the bytes that are written. Joined as strings they would be copied twice and leave garbage. */
export class LineBytes {
  #bytes: Uint8Array
  #length = 0

  /** It grows when it has to. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What comes after the first `length` bytes is forgotten. */
  cut(length: number): void {
    this.#length = length
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  add(segment: Uint8Array): void {
    const { length } = segment
    const bytes = this.#room(length)
    const start = this.#length
    if (length < shortSegment) {
      for (let i = 0; i < length; i++) bytes[start + i] = segment[i] as number
    } else bytes.set(segment, start)
    this.#length = start + length
  }

  /** Any text, as UTF-8. */
  addText(text: string): void {
    this.add(Buffer.from(text))
  }

  /**
   * `text` as a JSON string, if it has nothing but letters, digits and `._~/-`, and no `eyJ`: no pattern of `redactText` finds
   * anything in it, and nothing of it needs an escape. Otherwise false, and nothing is added.
   */
  addPlain(text: string): boolean {
    const { length } = text
    const bytes = this.#room(length + 2)
    const start = this.#length + 1
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (plain[code] !== 1) return false
      if (code === 0x4a && i >= 2 && bytes[start + i - 1] === 0x79 && bytes[start + i - 2] === 0x65) return false
      bytes[start + i] = code
    }
    bytes[start - 1] = quotationMark
    bytes[start + length] = quotationMark
    this.#length = start + length + 1
    return true
  }

  /** As `String` writes it, but without making a string of a whole number, or of one with at most six decimals. */
  addNumber(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= maxInteger) {
      this.#addDigits(value, 1)
      return
    }
    const whole = Math.floor(value)
    const millionths = Math.round((value - whole) * 1e6)
    const isShort = value > 0 && value < 1e6 && millionths > 0 && (whole * 1e6 + millionths) / 1e6 === value
    if (!isShort) {
      this.addText(String(value))
      return
    }
    this.#addDigits(whole, 1)
    this.#room(1)[this.#length++] = point
    this.#addDigits(millionths, 6)
    while (this.#bytes[this.#length - 1] === zero) this.#length--
  }

  /** At most `maxInteger`. `| 0` keeps it a 32-bit integer, whose division by a constant is a multiplication. */
  #addDigits(value: number, atLeast: number): void {
    let digits = 1
    for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) digits++
    if (digits < atLeast) digits = atLeast
    const bytes = this.#room(digits)
    const start = this.#length
    let rest = value | 0
    for (let i = start + digits - 1; i >= start; i--) {
      const next = (rest / 10) | 0
      bytes[i] = zero + rest - next * 10
      rest = next
    }
    this.#length = start + digits
  }

  /** The bytes, with room for so many more. */
  #room(more: number): Uint8Array {
    const needed = this.#length + more
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    return this.#bytes
  }
}
