import type { ContentSource } from '../../client/client-request.ts'
import type { GuardedRequest } from '../../request/request-guard.ts'
import type { RequestRecord } from '../../request/request-record.ts'
import type { UpstreamConnection } from '../upstream-connection.ts'
import type { Expectation } from './expectation.ts'

/** Hears how far the content of a request has come. */
export interface BodyListener {
  /** The first of it has come from the client, or its end: it needs a connection. */
  acquireConnection(): void
  /** The client has been told to send it. On a connection that may be lost it is not sent: it needs another. */
  onContentInvited(): void
  /** All of it was handed to the connection. */
  onContentSent(): void
}

/** Moves a request's content from the client to the endpoint, at the pace of the slower. */
export class RequestBody {
  /** All of it was handed to the connection. */
  done = false
  /** The endpoint takes no more for now. */
  blocked = false
  started = false

  readonly #request: ContentSource
  readonly #chunked: boolean
  readonly #length: number
  readonly #record: RequestRecord
  readonly #listener: BodyListener
  /** Of a client that waits to be told to send its content. */
  readonly #expectation: Expectation | undefined
  #connection: UpstreamConnection | undefined
  #listens = false
  #awaited = false
  /** The first content, until there is a connection for it. */
  #first: Buffer | undefined
  #ended = false
  /** What this turn of the event loop brings leaves at its end, in one write. */
  #gathers = false
  /** Chunks that were written and had not left at once. */
  readonly #unsent: Buffer[] = []

  constructor(
    request: ContentSource,
    guarded: GuardedRequest,
    record: RequestRecord,
    listener: BodyListener,
    expectation: Expectation | undefined,
  ) {
    this.#request = request
    this.#chunked = guarded.chunked
    this.#length = guarded.chunked ? -1 : Number(guarded.contentLength)
    this.#record = record
    this.#listener = listener
    this.#expectation = expectation
  }

  /** The client is to send content. */
  get awaitsClient(): boolean {
    return this.#listens && !this.blocked && !this.done && !this.#ended && this.#first === undefined
  }

  /** The client has not been told to send it, though it waits for that. */
  get isHeldBack(): boolean {
    return this.#expectation?.isMet === false
  }

  /** Bytes that wait for a connection. */
  get heldBytes(): number {
    return this.#first?.length ?? 0
  }

  /** Waits for content, which the client is told to send. */
  await(): void {
    this.#expectation?.meet()
    this.#awaited = true
    this.#listen()
  }

  /** Sends the request's head, and the content behind it as soon as the client may send that. */
  sendAfter(head: string, connection: UpstreamConnection): void {
    if (this.#expectation?.isMet === false) {
      connection.writeText(head)
      this.#expectation.leaveToEndpoint(() => {
        this.#listener.onContentInvited()
        if (!connection.mayBeLost) this.start(connection)
      })
      return
    }
    // With the content that has come, in one write.
    connection.cork()
    connection.writeText(head)
    this.start(connection)
    connection.uncork()
  }

  /** The connection of the head is dead, and there will be another. */
  wait(): void {
    this.#expectation?.drop()
  }

  /** The endpoint is ready for the content. */
  onContinue(): void {
    this.#expectation?.onContinue()
  }

  /** The endpoint has answered: true where it did so before it had all of the content, which then stays here. */
  onAnswered(): boolean {
    this.releaseSent()
    if (this.done) return false
    this.stop()
    return true
  }

  start(connection: UpstreamConnection): void {
    this.#connection = connection
    this.started = true
    const first = this.#first
    this.#first = undefined
    if (!this.#listens) this.#listen()
    else if (first !== undefined) this.#take(first)
    if (this.#ended) this.#end()
    // Held back since the first content, unless that went on at once.
    else if (!this.blocked && this.#request.isPaused()) this.#request.resume()
  }

  /** Gives the memory of content that has left back. */
  releaseSent(): void {
    if (this.#unsent.length === 0 || this.#connection?.flushed !== true) return
    for (const chunk of this.#unsent) release(chunk)
    this.#unsent.length = 0
  }

  /** The endpoint takes more. */
  resume(): void {
    this.releaseSent()
    if (!this.blocked) return
    this.blocked = false
    this.#request.resume()
  }

  /** Sends no more: the endpoint has answered, or is gone. */
  stop(): void {
    this.#expectation?.drop()
    this.#connection = undefined
    this.#first = undefined
    this.blocked = false
    if (!this.#listens) return
    this.#listens = false
    this.#request.off('data', this.#take)
    this.#request.off('end', this.#end)
    this.#request.pause()
  }

  #listen(): void {
    this.#listens = true
    this.#request.on('data', this.#take)
    this.#request.on('end', this.#end)
  }

  readonly #take = (chunk: Buffer): void => {
    const connection = this.#connection
    if (connection === undefined) {
      this.#first = chunk
      this.#tellFirst()
      if (this.#first !== undefined) this.#request.pause()
      return
    }
    this.#record.requestBodyBytes += chunk.length
    this.releaseSent()
    if (this.#request.comesInPieces === true && !this.#gathers) this.#gather(connection)
    let more: boolean
    if (this.#chunked) {
      connection.cork()
      connection.writeText(`${chunk.length.toString(16)}\r\n`)
      connection.write(chunk)
      more = connection.writeText('\r\n')
      connection.uncork()
    } else {
      more = connection.write(chunk)
      // Known before Node's own 'end', so that an answer to a complete request is not taken for an early one.
      if (this.#record.requestBodyBytes === this.#length) this.#finish()
    }
    if (connection.flushed) release(chunk)
    else if (this.#unsent.push(chunk) >= maxUnsentChunks && more) {
      more = false
      connection.whenFlushed(() => this.resume())
    }
    if (!more && !this.done) {
      this.blocked = true
      this.#request.pause()
    }
  }

  /** A write for each piece costs more than all that is done with it (`bench --scenario h2-put-1m`). */
  #gather(connection: UpstreamConnection): void {
    this.#gathers = true
    connection.cork()
    setImmediate(() => {
      this.#gathers = false
      connection.uncork()
      this.releaseSent()
    })
  }

  readonly #end = (): void => {
    if (this.done) return
    if (this.#connection === undefined) {
      this.#ended = true
      this.#tellFirst()
      return
    }
    // Node emits 'end' only for a message whose end has come: an aborted upload never gets its last chunk. Trailers are
    // discarded (RFC 9110 §6.5.1); S3's own travel inside the content.
    if (this.#chunked) this.#connection.writeText('0\r\n\r\n')
    this.#finish()
  }

  /** Once: Node emits the end of content whose last piece was just taken, even though that has paused the request. */
  #tellFirst(): void {
    if (!this.#awaited) return
    this.#awaited = false
    this.#listener.acquireConnection()
  }

  #finish(): void {
    this.done = true
    this.#listener.onContentSent()
  }
}

// Each costs some hundred bytes, however short it is: a client that sends byte after byte is stopped before the bytes are many.
const maxUnsentChunks = 64

// Smaller ones are left to the collector.
const minReleasedBytes = 16 * 1024

/**
 * Gives the memory of content that has left back at once. Node allocates every chunk anew; left to the garbage collector,
 * a few dozen megabytes of uploads make it mark the whole heap (`bench --scenario put-1m`).
 */
function release(chunk: Buffer): void {
  const { buffer } = chunk
  // Any other would be shared with another request.
  if (chunk.length < minReleasedBytes || buffer.byteLength !== chunk.length) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
