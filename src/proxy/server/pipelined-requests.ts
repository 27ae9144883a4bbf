import type { Socket } from 'node:net'
import type { ClientResponse } from '../client/client-response.ts'
import { parseKept, pauseAsServer, stopAfterRequest } from '../node/client-parser.ts'
import type { ProxyRequest } from '../node/proxy-request.ts'
import { type ClientFault, memoryOf, type RequestsAhead, requestBytes } from '../shares/client-memory.ts'

/** Requests that may wait for their turn in one connection, besides what came with them and is not parsed yet. */
export const maxWaiting = 4

/** Bytes that may be parsed ahead of the answers; what comes in the read that passes it is kept as it came. */
export const maxAheadBytes = 64 * 1024

/** The requests that one client has sent ahead of the answers to those before. */
export class PipelinedRequests implements RequestsAhead {
  readonly #waiting: ProxyRequest[] = []

  readonly #socket: Socket
  #readBefore = 0
  /** What was read and is not parsed yet; undefined while the parser goes on. */
  #unparsed: Buffer | undefined
  /** The response that tells Node to stop reading. */
  #stopper: ClientResponse | undefined
  #isOver = false

  constructor(socket: Socket) {
    this.#socket = socket
    stopAfterRequest(socket, () => this.#isOver || this.#stopper !== undefined)
  }

  get heldBytes(): number {
    let held = this.#unparsed?.buffer.byteLength ?? 0
    for (const request of this.#waiting) held += requestBytes + request.heldBytes
    return held
  }

  /** `response` waits for its turn, and `handle` is called when it has come. */
  add(request: ProxyRequest, response: ClientResponse, handle: () => void): void {
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
  #stop(response: ClientResponse): void {
    if (this.#stopper !== undefined) return
    this.#stopper = response
    response.pendingBytes(this.#socket.writableHighWaterMark + 1)
    pauseAsServer(this.#socket)
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
    parseKept(socket, unparsed)
    memoryOf(socket)?.parsed()
  }
}
