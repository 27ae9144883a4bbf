import type { ServerResponse } from 'node:http'
import { constants, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { ClientResponse } from '../client/client-response.ts'
import { inTurn } from '../client/close-listeners.ts'
import type { OutgoingFields } from '../client/outgoing-fields.ts'
import type { Listed } from '../shares/live-list.ts'
import type { Http2Request } from './http2-request.ts'
import { headOf, respond } from './response-head.ts'
import { type StreamListener, tellOfEnd } from './stream-events.ts'
import type { StreamSocket } from './stream-socket.ts'

/** Where a response is listed while its stream is open. */
export interface StreamList {
  remove(response: Http2Response): void
}

function finish(response: Http2Response): void {
  response.onFinish()
}

/** One response of HTTP/2, as the handler of its request knows one of HTTP/1.1. */
export class Http2Response implements ClientResponse, Listed, StreamListener {
  listedAt = -1
  /** Since when neither content nor a response has moved, as the clock of all sees it. */
  idleSinceMs = Number.POSITIVE_INFINITY
  readonly req: Http2Request
  /** Null once the stream has ended. */
  socket: StreamSocket | null
  statusCode = 0
  headersSent = false
  writableEnded = false
  writableFinished = false
  /** What is written is counted by its stream. */
  readonly ownBytes = 0
  /** A stream ends with its response. */
  shouldKeepAlive = true

  readonly #stream: ServerHttp2Stream
  readonly #session: StreamList
  #head: string[] | undefined
  #hasNoContent = false
  #closed = false
  #hasMoved = true
  #wasReset = false
  /** The end of its stream was sent. */
  #wasSent = false
  #onClose: (() => void) | undefined

  constructor(stream: ServerHttp2Stream, request: Http2Request, session: StreamList) {
    this.#stream = stream
    this.#session = session
    this.req = request
    this.socket = request.socket
    tellOfEnd(stream, this)
    if (request.hasContent) this.#watchEnd()
  }

  get destroyed(): boolean {
    return this.#closed || this.#stream.destroyed || this.#stream.closed
  }

  /** Makes the head; it is sent with what follows it. HTTP/2 has no reason phrase. */
  writeHead(statusCode: number, _reason: string | undefined, fields: OutgoingFields): void {
    const head = headOf(statusCode, fields)
    this.#hasNoContent = this.req.method === 'HEAD' || statusCode === 204 || statusCode === 205 || statusCode === 304
    this.#head = head
    this.statusCode = statusCode
    this.headersSent = true
  }

  flushHead(): void {
    this.#respond(false)
  }

  /** `onTaken` is called when the content has gone into the connection, and the buffer may be used again. */
  write(content: Buffer, onTaken: () => void): void {
    if (this.destroyed || this.#hasNoContent) return
    this.#respond(false)
    this.#stream.write(content, () => {
      this.#hasMoved = true
      onTaken()
    })
  }

  /** Ends the response, with content if there is more: as a string, each character is a byte. */
  end(content: string | Buffer = ''): void {
    if (this.writableEnded) return
    this.writableEnded = true
    if (this.destroyed) return
    const isEmpty = this.#hasNoContent || content.length === 0
    const isWhole = this.#head !== undefined && isEmpty
    this.#respond(isWhole)
    if (isWhole) {
      // Node tells of no end of what has none.
      process.nextTick(finish, this)
      return
    }
    if (isEmpty) this.#stream.end()
    else if (typeof content === 'string') this.#stream.end(content, 'latin1')
    else this.#stream.end(content)
  }

  writeContinue(): void {
    if (!this.destroyed && !this.headersSent) this.#stream.additionalHeaders({ ':status': 100 })
  }

  once(event: 'socket' | 'close', listener: () => void): void {
    if (event === 'socket') return
    if (this.#closed) process.nextTick(listener)
    else this.#onClose = inTurn(this.#onClose, listener)
  }

  /** Every stream has its turn. */
  pendingBytes(): void {}

  destroy(): this {
    this.socket?.destroy()
    return this
  }

  /** A response of Node's own on this stream, for a library that needs one; nothing may be written to this one any more. */
  forLibrary(): ServerResponse {
    const own = new Http2ServerResponse(this.#stream)
    const stream = this.#stream
    const write = own.write.bind(own) as (...content: unknown[]) => boolean
    const moved = () => {
      this.#hasMoved = true
    }
    Object.defineProperty(own, 'write', {
      value: (...content: unknown[]) => {
        moved()
        return write(...content)
      },
    })
    own.on('drain', moved)
    // Of what the console asks, the one property that Node's class lacks. Node ends what a reset cuts.
    Object.defineProperty(own, 'writableFinished', {
      get: () => (stream.writableFinished || this.#wasSent) && !stream.aborted && own.writableEnded,
    })
    if (!this.req.hasContent) this.#watchEnd()
    // Nor is its response told of the end of a HEAD that was not answered.
    let isClosed = false
    own.once('close', () => {
      isClosed = true
    })
    stream.once('close', () => {
      if (!isClosed) own.emit('close')
    })
    return own as unknown as ServerResponse
  }

  /** Whether anything has moved since it was asked last. */
  hasMoved(): boolean {
    const moved = this.#hasMoved || this.req.hasRead
    this.#hasMoved = false
    this.req.hasRead = false
    return moved
  }

  /**
   * Ends a stream that was reset, or closed, without an error while it had more to read or to write: Node waits for that, and it will
   * never move. Called by the clock; the second call ends it, since Node may be about to do so. `isSent`: nothing of the connection waits
   * to be sent, so what this stream has written will not be told of any more.
   */
  endIfReset(isSent: boolean): void {
    if (this.#wasReset && isSent && !this.#stream.destroyed) this.#stream.destroy()
    this.#wasReset = this.#stream.closed
  }

  /** All of it has gone into the connection. */
  onFinish(): void {
    // Node ends the stream of a HEAD by itself, reset or not.
    if (this.#closed || !this.headersSent) return
    this.writableFinished = true
    // RFC 9113 §8.1: a response that is complete before its request asks the client to send no more.
    if (!this.req.complete) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    this.close()
  }

  onAborted(): void {
    this.close()
  }

  /** The stream is over. */
  onStreamClose(): void {
    this.close()
    this.#session.remove(this)
    // Node's table of streams keeps some of them until the large collection of memory, and with each what it leads to.
    tellOfEnd(this.#stream, undefined)
  }

  /** It is over, sent or not. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.socket = null
    const listener = this.#onClose
    this.#onClose = undefined
    listener?.()
  }

  /**
   * Node destroys a stream whose request was read to its end at once when the end of its response has left, and tells of no `finish`.
   * Until then the stream knows which of them was closed, and which was reset by a client that says no error.
   */
  #watchEnd(): void {
    const stream = this.#stream
    const destroy = stream.destroy
    stream.destroy = error => {
      if (stream.state.localClose === 1) {
        this.#wasSent = true
        this.onFinish()
      }
      return destroy.call(stream, error)
    }
  }

  #respond(endStream: boolean): void {
    const head = this.#head
    if (head === undefined || this.destroyed) return
    this.#head = undefined
    respond(this.#stream, head, endStream)
    // The stream keeps the list, and may be kept itself.
    head.length = 0
  }
}
