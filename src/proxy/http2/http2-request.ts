import type { IncomingHttpHeaders } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { type ClientRequest, headBytesOf } from '../client/client-request.ts'
import type { Holding } from '../shares/client-memory.ts'
import type { RequestFields } from './request-fields.ts'
import type { StreamSocket } from './stream-socket.ts'

type Listener = (chunk: Buffer) => void

/** Counts content that came, read or not, with the heads of its frames. */
export interface ContentCount {
  contentBytes: number
}

/** One request of HTTP/2, as its handler knows one of HTTP/1.1. */
export class Http2Request implements ClientRequest {
  readonly method: string
  /** The request-target, byte for byte. */
  readonly url: string
  readonly httpVersion = '2.0'
  readonly httpVersionMajor = 2
  readonly httpVersionMinor = 0
  /** Those of frames and of TLS records. */
  readonly comesInPieces = true
  readonly rawHeaders: readonly string[]
  readonly socket: StreamSocket
  /** It did not end with its head. */
  readonly hasContent: boolean
  /** What keeps bytes for its handling. */
  holder: Holding | undefined
  /** Content was read since the clock looked last. */
  hasRead = false

  readonly #stream: ServerHttp2Stream
  readonly #count: ContentCount
  /** Bytes of content that are still to come; NaN where no length was announced. */
  #owedBytes: number
  /** The piece that content as long as announced ends with, until its end has come. */
  #lastPiece: Buffer | undefined
  #watchesReading = false
  /** The end of its content has come. */
  #hasEnded = false
  /** Pieces of content that came and were not read. */
  #waitingPieces = 0
  #headers: IncomingHttpHeaders | undefined
  #endListeners: Map<Listener, () => void> | undefined

  /** `count`: of the connection. */
  constructor(
    stream: ServerHttp2Stream,
    socket: StreamSocket,
    fields: RequestFields,
    hasContent: boolean,
    count: ContentCount,
  ) {
    this.#stream = stream
    this.#count = count
    this.hasContent = hasContent
    this.socket = socket
    this.method = fields.method
    this.url = fields.target
    this.rawHeaders = fields.lines
    this.#owedBytes = fields.contentLength === -1 ? Number.NaN : fields.contentLength
    if (hasContent) this.#watchPieces()
  }

  /** All fields, as Node documents them. */
  get headers(): IncomingHttpHeaders {
    if (this.#headers === undefined) {
      // A field may have the name of what every object has.
      const headers: Record<string, string> = Object.create(null)
      const { rawHeaders } = this
      for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = (rawHeaders[i] as string).toLowerCase()
        const value = rawHeaders[i + 1] as string
        headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
      }
      this.#headers = headers
    }
    return this.#headers
  }

  /** They are read already. */
  readAllHeaders(): void {}

  /** All of its content was read, or it has none. */
  get complete(): boolean {
    return !this.hasContent || this.#stream.readableEnded
  }

  /** Its stream was over before its content had come. */
  get isCut(): boolean {
    return this.hasContent && !this.#hasEnded
  }

  get destroyed(): boolean {
    return this.#stream.destroyed
  }

  get headBytes(): number {
    return headBytesOf(this.url, this.rawHeaders)
  }

  get heldBytes(): number {
    const waiting = Math.max(this.#stream.readableLength, this.#waitingPieces * pieceBytes)
    return this.headBytes + waiting + (this.#lastPiece?.length ?? 0) + (this.holder?.heldBytes ?? 0)
  }

  on(event: string, listener: Listener): this {
    if (event === 'data') this.#watchReading()
    if (event !== 'end') {
      this.#stream.on(event, listener)
      return this
    }
    // Node tells of the end of a stream that was reset, too: content that was cut must not be taken for whole.
    const whenWhole = () => {
      if (!this.#stream.closed) (listener as () => void)()
    }
    this.#endListeners ??= new Map()
    this.#endListeners.set(listener, whenWhole)
    this.#stream.on('end', whenWhole)
    return this
  }

  off(event: string, listener: Listener): this {
    const attached = event === 'end' ? this.#endListeners?.get(listener) : listener
    if (attached !== undefined) this.#stream.off(event, attached)
    return this
  }

  pipe<T extends NodeJS.WritableStream>(destination: T): T {
    this.#watchReading()
    // The end of a stream that was reset is none.
    this.on('end', () => destination.end())
    return this.#stream.pipe(destination, { end: false })
  }

  pause(): this {
    this.#stream.pause()
    return this
  }

  resume(): this {
    this.#stream.resume()
    return this
  }

  isPaused(): boolean {
    return this.#stream.isPaused()
  }

  #watchReading(): void {
    if (this.#watchesReading) return
    this.#watchesReading = true
    this.#stream.on('data', () => {
      this.hasRead = true
      if (this.#waitingPieces > 0) this.#waitingPieces--
    })
  }

  /**
   * Counts what comes against what Content-Length announced, https://www.rfc-editor.org/rfc/rfc9113#section-8.1.1. nghttp2 resets a
   * stream that says otherwise; but the endpoint takes content that is as long for whole, so the last piece waits for the end.
   */
  #watchPieces(): void {
    const stream = this.#stream
    const push = stream.push
    stream.push = (piece: Buffer | null) => {
      if (piece === null) return this.#pushEnd(push)
      this.#count.contentBytes += piece.length + frameHeadBytes
      this.#owedBytes -= piece.length
      if (this.#owedBytes < 0) this.socket.destroy()
      if (this.#owedBytes > 0 || Number.isNaN(this.#owedBytes)) return this.#pushPiece(push, piece)
      this.#lastPiece = copyOf(piece)
      return true
    }
  }

  /** Node also tells of the end of a stream that was reset. */
  #pushEnd(push: ServerHttp2Stream['push']): boolean {
    const last = this.#lastPiece
    this.#lastPiece = undefined
    if (!this.#stream.closed) {
      this.#hasEnded = true
      if (this.#owedBytes > 0) this.socket.destroy()
      else if (last !== undefined) this.#pushPiece(push, last)
    }
    return push.call(this.#stream, null)
  }

  /** Windows count bytes: what a piece costs beside them, and the read that it lies in, are no business of HTTP/2. */
  #pushPiece(push: ServerHttp2Stream['push'], piece: Buffer): boolean {
    const stream = this.#stream
    this.#waitingPieces++
    const isSmall = piece.length * 4 < piece.buffer.byteLength
    const more = push.call(stream, isSmall && !stream.readableFlowing ? copyOf(piece) : piece)
    if (stream.readableLength === 0) this.#waitingPieces = 0
    return more
  }
}

/** By itself, so that it does not keep what it was read with. */
function copyOf(piece: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(piece.length)
  piece.copy(copy)
  return copy
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
const frameHeadBytes = 9

/** So does a piece of content, however short, with the buffer in which it lies. */
const pieceBytes = 200
