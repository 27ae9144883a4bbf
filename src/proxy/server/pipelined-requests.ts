import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ProxyRequest } from '../node/proxy-request.ts'
import type { ProxyResponse } from '../node/proxy-response.ts'
import { type ClientFault, memoryOf, type RequestsAhead, requestBytes } from './client-memory.ts'

/** Requests that may wait for their turn in one connection, besides what came with them and is not parsed yet. */
export const maxWaiting = 4

/** Bytes that may be parsed ahead of the answers; what comes in the read that passes it is kept as it came. */
export const maxAheadBytes = 64 * 1024

/**
 * What llhttp takes from its callback `on_headers_complete` for "stop here": its error code HPE_PAUSED. Node hands on what
 * `onIncoming` returns, and reports the stop as a fault with that code; a test holds both.
 */
const pauseParser = 21

/** What Node's server keeps in a connection. */
type ParsedSocket = Socket & {
  parser: { onIncoming: (request: IncomingMessage, keepAlive: boolean) => number } | null
  _paused: boolean
}

/** The requests that one client has sent ahead of the answers to those before. */
export class PipelinedRequests implements RequestsAhead {
  readonly #waiting: ProxyRequest[] = []

  readonly #socket: ParsedSocket
  #readBefore = 0
  /** What was read and is not parsed yet; undefined while the parser goes on. */
  #unparsed: Buffer | undefined
  /** The response that tells Node to stop reading. */
  #stopper: ProxyResponse | undefined
  #isOver = false

  constructor(socket: Socket) {
    this.#socket = socket as ParsedSocket
    const { parser } = this.#socket
    if (parser === null) return
    const { onIncoming } = parser
    parser.onIncoming = (request, keepAlive) => {
      const result = onIncoming(request, keepAlive)
      return result === 0 && (this.#isOver || this.#stopper !== undefined) ? pauseParser : result
    }
  }

  get heldBytes(): number {
    let held = this.#unparsed?.buffer.byteLength ?? 0
    for (const request of this.#waiting) held += requestBytes + request.heldBytes
    return held
  }

  /** `response` waits for its turn, and `handle` is called when it has come. */
  add(request: ProxyRequest, response: ProxyResponse, handle: () => void): void {
    if (this.#waiting.length === 0) this.#readBefore = this.#socket.bytesRead
    this.#waiting.push(request)
    if (this.#isFull()) this.#stop(response)
    response.once('socket', () => {
      this.#waiting.shift()
      handle()
      if (this.#waiting.length === 0 && this.#stopper !== undefined) process.nextTick(() => this.#goOn())
    })
  }

  /** The parser has stopped, or was given more after it had: keeps what is not parsed. False for any other fault. */
  keep(fault: ClientFault): boolean {
    if (fault.code !== 'HPE_PAUSED') return false
    if (this.#isOver) return true
    if (this.#stopper === undefined) return false
    const { rawPacket = Buffer.alloc(0), bytesParsed = 0 } = fault
    // TLS goes on to hand over what it has deciphered; then `bytesParsed` means nothing.
    this.#unparsed =
      this.#unparsed === undefined ? rawPacket.subarray(bytesParsed) : Buffer.concat([this.#unparsed, rawPacket])
    return true
  }

  /**
   * No more requests are taken from this connection. Node would go on to make a request and a response of each that has come,
   * and at the connection's end an error for each: a read holds two thousand.
   */
  end(): void {
    this.#isOver = true
  }

  #isFull(): boolean {
    return this.#waiting.length >= maxWaiting || this.#socket.bytesRead - this.#readBefore > maxAheadBytes
  }

  /**
   * Node stops reading while more is queued in responses that wait than a socket takes, and it alone starts again: it is told
   * of a queue that long. It does not look at the socket meanwhile, so that a client that leaves is noticed with the next answer.
   */
  #stop(response: ProxyResponse): void {
    if (this.#stopper !== undefined) return
    this.#stopper = response
    response.pendingBytes(this.#socket.writableHighWaterMark + 1)
    this.#socket._paused = true
    this.#socket.pause()
  }

  /** The last one that was parsed has its turn. */
  #goOn(): void {
    const socket = this.#socket
    if (socket.destroyed || !socket.writable) return
    const unparsed = this.#unparsed
    this.#unparsed = undefined
    const stopper = this.#stopper
    this.#stopper = undefined
    // Resumes the parser, and the reading, which begins after what follows here.
    stopper?.pendingBytes(-(socket.writableHighWaterMark + 1))
    // Also when nothing is left: the parser has stopped before the end of a message without content.
    if (unparsed === undefined) return
    socket.emit('data', unparsed)
    memoryOf(socket)?.parsed()
  }
}
