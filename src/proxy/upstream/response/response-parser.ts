import { ChunkedDecoder, type ChunkFault } from './chunked-decoder.ts'
import { LineReader } from './line-reader.ts'
import { type HeadFault, headPrefix, type ResponseHead, ResponseHeadReader } from './response-head.ts'

/** How the end of a response's content is known. */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close'

/** Why a response is malformed: a word for the log, one per kind of fault. */
export type ResponseFault = HeadFault | ChunkFault | 'head-too-large' | 'too-many-informational'

/** Takes a response as it is parsed. Called from within `feed` and `finish`. */
export interface ResponseSink {
  /** A 1xx. */
  onInformation(head: ResponseHead): void
  /** The final head. */
  onHead(head: ResponseHead, framing: BodyFraming): void
  /** Content: a view into the buffer that was fed, which holds as long as that buffer is not overwritten. */
  onBody(bytes: Buffer): void
  /** The certain end. `excess` is already set when bytes came after it. */
  onEnd(): void
}

/**
 * Where a parser stands. `idle`: no response is awaited and none was; `empty`: awaited, not a byte has come; `head`: some bytes,
 * but no final head yet; `body`; `done`: ended; `failed`: malformed.
 */
export type ResponseParserState = 'idle' | 'empty' | 'head' | 'body' | 'done' | 'failed'

/** What the end of the connection meant. `idle`: nothing was awaited; `empty`: not one byte had come of what was awaited. */
export type ResponseFinish = 'complete' | 'truncated' | 'empty' | 'idle'

/** Bounds: bytes of a head and of a trailer section, their field lines, and the 1xx before a final response. */
export interface ResponseLimits {
  readonly headerBytes: number
  readonly fields: number
  readonly informational: number
}

const emptyLine = Buffer.from('\r\n\r\n')

/**
 * Parses the responses on one connection, one after another, each to one request.
 *
 * Strict: what two parsers might read differently is a fault, and a fault means 502 and a destroyed connection. The same bytes
 * give the same calls and the same fault however they are cut, but for the cuts of the content itself.
 */
export class ResponseParser {
  /** Bytes were received that belong to no response: the connection must not be used again. */
  excess = false

  readonly #limits: ResponseLimits
  readonly #headReader: ResponseHeadReader
  readonly #lines: LineReader
  readonly #chunks: ChunkedDecoder
  #sink: ResponseSink | undefined
  #state: ResponseParserState = 'idle'
  #fault: ResponseFault | undefined
  #toHead = false
  #framing: BodyFraming = 'none'
  #reusable = true
  #informational = 0
  /** How many bytes of the prefix of the head under way were seen; lines of it that were read. */
  #prefixBytes = 0
  #headLines = 0
  #remaining = 0

  constructor(limits: ResponseLimits) {
    this.#limits = limits
    this.#headReader = new ResponseHeadReader(limits.fields)
    this.#lines = new LineReader(limits.headerBytes)
    this.#chunks = new ChunkedDecoder({ trailerBytes: limits.headerBytes, trailers: limits.fields })
  }

  get state(): ResponseParserState {
    return this.#state
  }

  /** How many bytes of content are still to come; Infinity where only their end will tell, 0 outside of content. */
  get remainingBytes(): number {
    return this.#state === 'body' ? this.#remaining : 0
  }

  /** Another response may be read: none is under way, and the last one, if any, ended for certain and left the connection open. */
  get reusable(): boolean {
    return (this.#state === 'idle' || this.#state === 'done') && this.#reusable && !this.excess
  }

  /** Prepares for the response to a request with `method`. */
  begin(method: string, sink: ResponseSink): void {
    // A response read as the answer to another request is the worst that can happen here, so a caller's mistake is not survived.
    if (!this.reusable) throw new Error('The connection cannot carry another response')
    this.#sink = sink
    this.#state = 'empty'
    this.#toHead = method === 'HEAD'
    this.#informational = 0
    this.#beginHead()
  }

  /** Nothing more is given to the sink, not even by the call that is running; the connection is not reusable. */
  abandon(): void {
    this.#state = 'done'
    this.#sink = undefined
    this.#reusable = false
    this.#chunks.abandon()
  }

  /** Parses `buffer[start, end)`; returns the fault if the response is malformed, now or before. */
  feed(buffer: Buffer, start: number, end: number): ResponseFault | undefined {
    let at = start
    while (at < end) {
      switch (this.#state) {
        case 'empty':
        case 'head':
          at = this.#readHead(buffer, at, end)
          break
        case 'body':
          at = this.#readBody(buffer, at, end)
          break
        case 'failed':
          return this.#fault
        default:
          this.excess = true
          return undefined
      }
    }
    return this.#fault
  }

  /** The peer has ended the connection in order; a reset is no end, and truncates whatever was under way. */
  finish(): ResponseFinish {
    switch (this.#state) {
      case 'idle':
      case 'done':
        return 'idle'
      case 'empty':
        return 'empty'
      case 'body':
        if (this.#framing !== 'close') return 'truncated'
        this.#end(0, 0)
        return 'complete'
      default:
        return 'truncated'
    }
  }

  #beginHead(): void {
    this.#lines.begin()
    this.#prefixBytes = 0
    this.#headLines = 0
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    this.#state = 'head'
    if (this.#prefixBytes === 0) {
      // The usual case, a head in one piece. `indexOf` may find what an earlier read left behind `end`.
      const found = buffer.indexOf(emptyLine, start) + emptyLine.length
      if (found > start + emptyLine.length && found <= end && found - start <= this.#limits.headerBytes) {
        const fault = this.#headReader.readAll(buffer.toString('latin1', start, found))
        return fault === undefined ? this.#endHead(found, end) : this.#fail(fault, end)
      }
    }
    return this.#readHeadLines(buffer, start, end)
  }

  #readHeadLines(buffer: Buffer, start: number, end: number): number {
    // What cannot become a response is refused with its first byte, not after a timeout.
    for (let i = start; i < end && this.#prefixBytes < headPrefix.length; i++) {
      if (buffer[i] !== headPrefix.charCodeAt(this.#prefixBytes)) return this.#fail('status-line', end)
      this.#prefixBytes++
    }
    let at = start
    while (at < end) {
      at = this.#lines.read(buffer, at, end)
      if (at === -1) return end
      if (at === -2) return this.#fail(this.#lines.fault === 'too-large' ? 'head-too-large' : 'line-end', end)
      const line = this.#lines.line
      if (line === '') return this.#endHead(at, end)
      const fault =
        this.#headLines++ === 0
          ? this.#headReader.readStatusLine(line, 0, line.length)
          : this.#headReader.readLine(line)
      if (fault !== undefined) return this.#fail(fault, end)
    }
    return end
  }

  /** The empty line was read; `at` is after it. */
  #endHead(at: number, end: number): number {
    const head = this.#headReader.end()
    if (typeof head === 'string') return this.#fail(head, end)
    if (head.statusCode < 200) {
      if (++this.#informational > this.#limits.informational) return this.#fail('too-many-informational', end)
      this.#beginHead()
      this.#sink?.onInformation(head)
      return at
    }

    this.#framing = this.#framingOf(head)
    this.#reusable = !head.closes && this.#framing !== 'close'
    this.#state = 'body'
    if (this.#framing === 'chunked') this.#chunks.begin()
    this.#remaining = this.#framing === 'length' ? head.contentLength : Number.POSITIVE_INFINITY
    this.#sink?.onHead(head, this.#framing)
    const ended = this.#framing === 'none' || this.#remaining === 0
    return ended && this.#state === 'body' ? this.#end(at, end) : at
  }

  /**
   * https://www.rfc-editor.org/rfc/rfc9112#section-6.3: what answers HEAD, and 204 and 304, has no content whatever its fields
   * say; then chunked, then Content-Length, which cannot be both; then the end of the connection.
   */
  #framingOf(head: ResponseHead): BodyFraming {
    if (this.#toHead || head.statusCode === 204 || head.statusCode === 304) return 'none'
    if (head.chunked) return 'chunked'
    return head.contentLength === -1 ? 'close' : 'length'
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const sink = this.#sink
    if (sink === undefined) return end
    if (this.#framing === 'chunked') {
      const at = this.#chunks.decode(buffer, start, end, sink)
      if (at === -1) return this.#fail(this.#chunks.fault, end)
      return this.#chunks.done && this.#state === 'body' ? this.#end(at, end) : at
    }
    const stop = Math.min(end, start + this.#remaining)
    this.#remaining -= stop - start
    sink.onBody(start === 0 && stop === buffer.length ? buffer : buffer.subarray(start, stop))
    return this.#remaining === 0 && this.#state === 'body' ? this.#end(stop, end) : stop
  }

  /** The response ended at `at`. What follows belongs to nothing: https://www.rfc-editor.org/rfc/rfc9112#section-6.3. */
  #end(at: number, end: number): number {
    const sink = this.#sink
    if (at < end) this.excess = true
    this.#state = 'done'
    this.#sink = undefined
    sink?.onEnd()
    // Never into the next response, even when the sink has begun it.
    return end
  }

  #fail(fault: ResponseFault, end: number): number {
    this.#fault = fault
    this.#state = 'failed'
    this.#sink = undefined
    this.#reusable = false
    return end
  }
}
