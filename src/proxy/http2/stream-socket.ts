import type { ServerHttp2Stream } from 'node:http2'
import type { ClientSocket } from '../client/client-request.ts'

/** What a stream of HTTP/2 is to its request and response: a connection of their own. To end it is to reset the stream, with INTERNAL_ERROR. */
export class StreamSocket implements ClientSocket {
  readonly remoteAddress: string | undefined
  readonly encrypted = true
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, remoteAddress: string | undefined) {
    this.#stream = stream
    this.remoteAddress = remoteAddress
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  get writable(): boolean {
    return this.#stream.writable && !this.#stream.closed
  }

  /** Bytes that were written and that the client's windows, or its connection, have not let go. */
  get writableLength(): number {
    return this.#stream.writableLength
  }

  destroy(): this {
    // Not `close`: that sends the end of the stream before the reset, and a client takes what it has for the whole.
    if (!this.#stream.destroyed) this.#stream.destroy(new Error('broken off'))
    return this
  }

  resetAndDestroy(): this {
    return this.destroy()
  }
}
