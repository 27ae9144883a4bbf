import { FieldLine } from '../../../http/field-line.ts'
import { LineReader } from './line-reader.ts'

/** What is wrong with a chunked body. */
export type ChunkFault =
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-end'
  | 'line-end'
  | 'field-name'
  | 'field-value'
  | 'too-many-trailers'
  | 'trailers-too-large'

/** Takes the content of a body: a view that holds until the call returns. */
export interface BodySink {
  onBody(bytes: Buffer): void
}

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailers' | 'done'

/** 64 bits. More digits than any size needs, so leading zeros are bounded: https://www.rfc-editor.org/rfc/rfc9112#section-7.1. */
const maxSizeDigits = 16
/** Extensions mean nothing to us; the bound keeps a flood of them from costing time (CVE-2024-22019). */
const maxExtensionBytes = 256

const cr = 0x0d
const lf = 0x0a
const semicolon = 0x3b

/**
 * Decodes the chunked transfer coding, https://www.rfc-editor.org/rfc/rfc9112#section-7.1, with no tolerance.
 *
 * Whitespace around the size is a fault, although the grammar has BWS before the semicolon and old servers padded sizes:
 * parsers that skip it differ in what they skip. Extensions are dropped, as are trailer fields, which must be field lines all
 * the same. Reused for body after body.
 */
export class ChunkedDecoder {
  /** Why `decode` returned -1. */
  fault: ChunkFault = 'chunk-size'

  readonly #maxTrailers: number
  readonly #lines: LineReader
  readonly #line = new FieldLine()
  #state: State = 'done'
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #trailers = 0

  constructor(limits: { readonly trailerBytes: number; readonly trailers: number }) {
    this.#lines = new LineReader(limits.trailerBytes)
    this.#maxTrailers = limits.trailers
  }

  /** The last chunk and the trailer section have been read. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** Prepares for a new body. */
  begin(): void {
    this.#beginSize()
    this.#trailers = 0
  }

  /** Stops, `decode` included if it is running: nothing more is given to the sink. */
  abandon(): void {
    this.#state = 'done'
  }

  /** Decodes `buffer[start, end)` up to the end of the body: the position after what was read, or -1 for a fault. */
  decode(buffer: Buffer, start: number, end: number, sink: BodySink): number {
    let at = start
    while (at < end && this.#state !== 'done') {
      switch (this.#state) {
        case 'data':
          at = this.#readData(buffer, at, end, sink)
          break
        case 'trailers':
          at = this.#readTrailer(buffer, at, end)
          break
        default:
          if (!this.#readFraming(buffer[at] as number)) return -1
          at++
      }
      if (at === -1) return -1
    }
    return at
  }

  /** One byte of what surrounds the data. */
  #readFraming(byte: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#readSize(byte)
      case 'extension':
        if (byte === cr) this.#state = 'size-lf'
        else if (byte < 0x20 || byte === 0x7f || ++this.#extensionBytes > maxExtensionBytes)
          return this.#fail('chunk-extension')
        return true
      case 'size-lf':
        if (byte !== lf) return this.#fail('line-end')
        if (this.#size === 0) {
          this.#lines.begin()
          this.#state = 'trailers'
        } else {
          this.#state = 'data'
        }
        return true
      case 'data-cr':
        if (byte !== cr) return this.#fail('chunk-end')
        this.#state = 'data-lf'
        return true
      default:
        if (byte !== lf) return this.#fail('chunk-end')
        this.#beginSize()
        return true
    }
  }

  #readSize(byte: number): boolean {
    const digit = hexadecimal(byte)
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit
      if (++this.#digits > maxSizeDigits || this.#size > Number.MAX_SAFE_INTEGER) return this.#fail('chunk-size')
      return true
    }
    if (this.#digits === 0) return this.#fail('chunk-size')
    if (byte === cr) this.#state = 'size-lf'
    else if (byte === semicolon) this.#state = 'extension'
    else return this.#fail('chunk-size')
    return true
  }

  #readData(buffer: Buffer, start: number, end: number, sink: BodySink): number {
    const stop = Math.min(end, start + this.#size)
    this.#size -= stop - start
    if (this.#size === 0) this.#state = 'data-cr'
    sink.onBody(start === 0 && stop === buffer.length ? buffer : buffer.subarray(start, stop))
    return stop
  }

  #readTrailer(buffer: Buffer, start: number, end: number): number {
    const next = this.#lines.read(buffer, start, end)
    if (next === -1) return end
    if (next === -2) return this.#failAt(this.#lines.fault === 'too-large' ? 'trailers-too-large' : 'line-end')
    const line = this.#lines.line
    if (line === '') {
      this.#state = 'done'
      return next
    }
    if (++this.#trailers > this.#maxTrailers) return this.#failAt('too-many-trailers')
    const fault = this.#line.read(line, 0, line.length)
    return fault === undefined ? next : this.#failAt(fault)
  }

  #beginSize(): void {
    this.#size = 0
    this.#digits = 0
    this.#extensionBytes = 0
    this.#state = 'size'
  }

  #fail(fault: ChunkFault): false {
    this.fault = fault
    return false
  }

  #failAt(fault: ChunkFault): -1 {
    this.fault = fault
    return -1
  }
}

function hexadecimal(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lowerCase = byte | 0x20
  return lowerCase >= 0x61 && lowerCase <= 0x66 ? lowerCase - 0x57 : -1
}
