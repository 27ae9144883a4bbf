import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientResponse } from '../../client/client-response.ts'
import { inTurn } from '../../client/close-listeners.ts'
import { dateLine, keepAliveLines, statusLine } from '../../client/head-lines.ts'
import type { OutgoingFields } from '../../client/outgoing-fields.ts'
import { memoryOf } from '../../shares/client-memory.ts'
import type { ProxyRequest } from '../proxy-request.ts'

/** How the end of a response's content is told. `close`: by the end of the connection. */
type Framing = 'none' | 'length' | 'chunked' | 'close'

/** Fewer are found soon enough when the ledger counts what clients make the proxy hold. */
const tellingBytes = 4096

/** What Node's server keeps in a connection: the response whose turn it is. */
type ServedSocket = Socket & { _httpMessage?: object | null }

/**
 * One response, in the place of Node's own: the class is given to the server by its documented option `ServerResponse`.
 *
 * Node parses the request, keeps the order of pipelined ones and watches over the connection; what is sent is written here, in
 * as few writes as it takes. Node's class prepares every response for whatever a program may do with it: `bench --scenario
 * switched-on` has both, by `nodeResponses`. What the server calls and reads of a response stands in the
 * second half of the class; that it is enough is tried on every supported version of Node.
 */
export class ProxyResponse implements ClientResponse {
  readonly req: ProxyRequest
  /** Null before the response's turn, and after its end. */
  socket: Socket | null = null
  statusCode = 0
  /** The head is made, and is sent with what follows it. */
  headersSent = false
  writableEnded = false
  /** All of it has left. */
  writableFinished = false
  destroyed = false
  /** Bytes that were written and are copies of this process's own: heads, and content given to `end`. */
  ownBytes = 0
  /** Set by the server: the client's wish, which the response may refuse. */
  shouldKeepAlive = false

  #head = ''
  #framing: Framing = 'none'
  #toldToContinue = false
  #onFinish: (() => void) | undefined
  #onTurn: (() => void) | undefined
  #onClose: (() => void) | undefined

  constructor(request: ProxyRequest) {
    this.req = request
  }

  /**
   * Makes the head; keep-alive, Date and Transfer-Encoding are added to `fields`. `untilClose`: content of unknown length ends
   * with the connection even in HTTP/1.1.
   */
  writeHead(statusCode: number, reason: string | undefined, fields: OutgoingFields, untilClose = false): void {
    const { idLine, lines, lengthLine } = fields
    const isHttp11 = this.req.httpVersionMinor === 1
    if (this.req.method === 'HEAD' || statusCode === 204 || statusCode === 304) this.#framing = 'none'
    else if (lengthLine !== '') this.#framing = 'length'
    else this.#framing = isHttp11 && !untilClose ? 'chunked' : 'close'
    // A client that was not told to send its content may send it all the same, RFC 9110 §10.1.1.
    const isUnasked = this._expect_continue && !this.#toldToContinue
    // A HTTP/1.0 client that keeps its connection has to know the length, also of content that is not there.
    const isEndless = this.#framing === 'close' || (lengthLine === '' && !isHttp11)
    this._last = fields.closes || !this.shouldKeepAlive || isUnasked || isEndless
    const connection = this._last ? 'Connection: close\r\n' : keepAliveLines(this._keepAliveTimeout)
    const date = fields.isDated ? '' : dateLine()
    const coding = this.#framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
    this.#head = `${statusLine(statusCode, reason)}${idLine}${lines}${lengthLine}${date}${connection}${coding}\r\n`
    this.statusCode = statusCode
    this.headersSent = true
  }

  /** Sends the head before there is content. */
  flushHead(): void {
    if (this.#head !== '') this.socket?.write(this.#takeHead(), 'latin1')
  }

  /** Sends content after the head. `onTaken` is called when the kernel has taken it, and the buffer may be used again. */
  write(content: Buffer, onTaken: () => void): void {
    const { socket } = this
    if (socket === null || this.destroyed || this.#framing === 'none') return
    const isChunked = this.#framing === 'chunked'
    const before = this.#takeHead() + (isChunked ? `${content.length.toString(16)}\r\n` : '')
    if (before === '') {
      socket.write(content, onTaken)
      return
    }
    socket.cork()
    socket.write(before, 'latin1')
    if (isChunked) {
      socket.write(content)
      socket.write('\r\n', 'latin1', onTaken)
    } else socket.write(content, onTaken)
    socket.uncork()
  }

  /** Ends the response, with content if there is more: as a string, each character is a byte. */
  end(content: string | Buffer = ''): void {
    if (this.writableEnded) return
    this.writableEnded = true
    const { socket } = this
    if (socket === null || this.destroyed) return
    const onSent = (error?: Error | null) => {
      if (error === undefined || error === null) this.#finish()
    }
    const before = this.#takeHead()
    const hasContent = this.#framing !== 'none' && content.length > 0
    if (hasContent) this.#own(content.length)
    const size = hasContent && this.#framing === 'chunked' ? `${content.length.toString(16)}\r\n` : ''
    const after = this.#framing === 'chunked' ? `${size === '' ? '' : '\r\n'}0\r\n\r\n` : ''
    if (!hasContent || typeof content === 'string') {
      const text = `${before}${size}${hasContent ? content : ''}${after}`
      if (text === '' && socket.writableLength === 0) process.nextTick(onSent)
      else socket.write(text, 'latin1', onSent)
      return
    }
    socket.cork()
    socket.write(before + size, 'latin1')
    socket.write(content)
    socket.write(after, 'latin1', onSent)
    socket.uncork()
  }

  /** Tells a client that waits for it to send its content. */
  writeContinue(): void {
    this.#toldToContinue = true
    this.socket?.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  /** `socket`: its turn has come. `close`: it is over, sent or not. */
  once(event: 'socket' | 'close', listener: () => void): void {
    if (event === 'socket') this.#onTurn = listener
    else this.#onClose = inTurn(this.#onClose, listener)
  }

  /** Tells Node that a response that waits for its turn has so many bytes more to send, or fewer. */
  pendingBytes(bytes: number): void {
    this._onPendingData?.(bytes)
  }

  /** The turn of this response was another's, which has been sent. */
  finishAs(other: ServerResponse & { readonly _last?: boolean }): void {
    this._last = other._last !== false
    this.statusCode = other.statusCode
    this.headersSent = true
    this.writableEnded = true
    this.#finish()
  }

  /** Nothing of it will be sent any more. */
  close(): void {
    if (this._closed) return
    this.destroyed = true
    this._closed = true
    this.#closed()
  }

  #takeHead(): string {
    const head = this.#head
    this.#head = ''
    this.#own(head.length)
    return head
  }

  #own(bytes: number): void {
    this.ownBytes += bytes
    if (bytes > tellingBytes && this.socket !== null) memoryOf(this.socket)?.wrote(bytes)
  }

  #finish(): void {
    this.writableFinished = true
    this.#onFinish?.()
  }

  #closed(): void {
    const listener = this.#onClose
    this.#onClose = undefined
    listener?.()
  }

  // What Node's server sets, reads and calls.

  _keepAliveTimeout = 0
  _maxRequestsPerSocket: number | null = 0
  _onPendingData: ((bytes: number) => void) | undefined = undefined
  _expect_continue = false
  /** The connection ends after this response. */
  _last = false
  _closed = false

  /** Not before it has left: a connection whose response is finished is idle to the server, which may close it. */
  get finished(): boolean {
    return this.writableFinished
  }

  assignSocket(socket: ServedSocket): void {
    if (!watched.has(socket)) {
      watched.add(socket)
      socket.on('close', closeResponse)
    }
    socket._httpMessage = this
    this.socket = socket
    const onTurn = this.#onTurn
    this.#onTurn = undefined
    onTurn?.()
  }

  detachSocket(socket: ServedSocket): void {
    socket._httpMessage = null
    this.socket = null
  }

  /** Only `finish` has a listener of the server's. */
  on(event: string, listener: () => void): this {
    if (event === 'finish') this.#onFinish = listener
    return this
  }

  /** Called with `close` when the response has been sent, and with `timeout`, which has no listener here. */
  emit(event: string): boolean {
    if (event !== 'close') return false
    this.#closed()
    return true
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this
    this.destroyed = true
    if (this.socket !== null) this.socket.destroy(error)
    else process.nextTick(() => this.close())
    return this
  }
}

/** Connections that tell their response when they close: one listener for all responses of a connection. */
const watched = new WeakSet<Socket>()

function closeResponse(this: ServedSocket): void {
  const response = this._httpMessage
  if (response instanceof ProxyResponse) response.close()
}
