import type { S3Error } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
import { OutgoingFields } from '../client/outgoing-fields.ts'
import { endConnectionAfter } from '../node/lingering-close.ts'
import { resetConnection } from '../node/reset-connection.ts'
import { unsentBytes } from '../node/write-queue.ts'
import type { RequestRecord } from '../request/request-record.ts'
import type { ResponseHead } from '../upstream/response/response-head.ts'
import type { BodyFraming } from '../upstream/response/response-parser.ts'
import type { ExchangePlan } from './exchange-plan.ts'
import { findHostRefusal } from './host-refusal.ts'
import { type ReplyContext, sendError } from './local-reply.ts'
import { appendCors, relayedFields } from './relayed-fields.ts'
import { findSignatureMismatch } from './signature-mismatch.ts'

// One string, one write: pays for small objects, and larger ones come in several reads anyway.
const maxStringBodyBytes = 4096

/** Hears of the client. */
export interface RelayListener {
  /** Everything that was written has been taken, after it was not at once. */
  onTaken(): void
}

/** The way of a response to its client: the endpoint's, or what the proxy answers where there is none. */
export class ResponseRelay {
  /** The endpoint's status; 0 before its head. */
  statusCode = 0
  /** The client has not yet taken what was written; the buffer that it lies in must stay as it is. */
  isBlocked = false
  /** All of the endpoint's response has come. */
  isWhole = false

  readonly #context: ReplyContext
  readonly #request: ClientRequest
  readonly #response: ClientResponse
  readonly #plan: ExchangePlan
  readonly #record: RequestRecord
  readonly #listener: RelayListener
  /** Until it is relayed: it may have 64 KB, and a client may take hours. */
  #head: ResponseHead | undefined
  #framing: BodyFraming = 'none'
  /** The endpoint answered while content of the request was still to come, which is not read. */
  #isEarly = false
  /** The end of the response was cut off from our side. */
  #isBrokenOff = false

  constructor(context: ReplyContext, plan: ExchangePlan, listener: RelayListener) {
    this.#context = context
    this.#request = plan.clientRequest
    this.#response = plan.clientResponse
    this.#plan = plan
    this.#record = plan.record
    this.#listener = listener
  }

  /** Takes a head, which is sent with what follows it. `isEarly`: content of the request is still to come, and will not be read. */
  takeHead(head: ResponseHead, framing: BodyFraming, isEarly: boolean): void {
    this.#head = head
    this.statusCode = head.statusCode
    this.#framing = framing
    this.#isEarly = isEarly
  }

  /** Sends content. */
  write(bytes: Buffer): void {
    const response = this.#response
    if (this.#record.responseBodyBytes === 0) {
      if (this.statusCode >= 300) this.#warnOfRefusal(bytes)
      else if (this.statusCode === 200) this.#plan.look?.(bytes)
    }
    this.#record.responseBodyBytes += bytes.length
    if (!response.headersSent) {
      if (bytes.length === this.#head?.contentLength && bytes.length <= maxStringBodyBytes) {
        this.#writeHead()
        response.end(bytes.toString('latin1'))
        return
      }
      this.#writeHead()
    }
    const { socket } = response
    if (socket === null) return // gone: 'close' follows
    response.write(bytes, this.#written)
    if (socket.writableLength > 0) this.isBlocked = true
  }

  /** Sends what was held back; nothing more is at hand. `ended`: nor is anything to come. */
  flush(ended: boolean): void {
    const response = this.#response
    this.isWhole = ended
    if (this.#head === undefined || response.headersSent) return
    this.#writeHead()
    if (!ended) response.flushHead()
  }

  end(): void {
    if (!this.#response.writableEnded) this.#response.end()
  }

  /** The client needs nothing more from here. */
  get isEnded(): boolean {
    return this.#response.writableEnded
  }

  /** The client did not get all of the response, and it was not cut off from our side. */
  get isCutShort(): boolean {
    return !this.#response.writableFinished && !this.#isBrokenOff
  }

  /** Content that the client has sent or taken. */
  get movedBytes(): number {
    const { requestBodyBytes, responseBodyBytes } = this.#record
    const { socket } = this.#response
    return requestBodyBytes + responseBodyBytes - (this.isBlocked && socket !== null ? unsentBytes(socket) : 0)
  }

  /** There will be no more of the endpoint's response: the client gets `error` instead, or sees what it has as incomplete. */
  fail(error: S3Error): void {
    if (this.#response.headersSent) this.#breakOff()
    else if (!this.#response.destroyed) {
      const fields = new OutgoingFields()
      appendCors(fields, this.#plan.cors, undefined)
      sendError(this.#context, this.#request, this.#response, this.#record, error, fields)
    }
  }

  /** The client has left: nothing more is sent. */
  abandon(): void {
    if (this.#response.headersSent) this.#breakOff()
    else this.#request.socket.destroy()
  }

  #writeHead(): void {
    const head = this.#head as ResponseHead
    const fields = relayedFields(head, this.#plan.cors, this.#record)
    // Neither side knows the length: the end of the connection is the end of the content, as it came.
    const untilClose = this.#framing === 'close'
    if (this.#isEarly || untilClose || this.#context.draining) {
      fields.closes = true
      endConnectionAfter(this.#context.closing, this.#request, this.#isEarly)
    }
    this.#record.status = head.statusCode
    this.#response.writeHead(head.statusCode, head.reason, fields, untilClose)
    this.#head = undefined
  }

  /** Makes the client see that the response is incomplete: no final chunk, fewer bytes than announced, or a reset. */
  #breakOff(): void {
    this.#isBrokenOff = true
    const framed = this.#framing === 'length' || (this.#framing === 'chunked' && this.#request.httpVersionMinor === 1)
    if (framed) this.#response.destroy()
    else resetConnection(this.#request.socket)
  }

  readonly #written = (): void => {
    if (!this.isBlocked || (this.#response.socket?.writableLength ?? 0) > 0) return
    this.isBlocked = false
    this.#listener.onTaken()
  }

  /** Tells of an error of the endpoint that the setting `upstream.host` may be the cause of. */
  #warnOfRefusal(content: Buffer): void {
    const { request, host, unsentName } = this.#plan
    const status = this.statusCode
    if (status === 403) {
      const mismatch = findSignatureMismatch(content, request, host)
      if (mismatch !== undefined) this.#context.observer.warned('signature_mismatch', mismatch)
    } else if (unsentName !== undefined) {
      const { bucket, bucketNamed: isNamed } = this.#record
      const refusal = findHostRefusal(status, content, { host, endpointName: unsentName, bucket, isNamed })
      if (refusal !== undefined) this.#context.observer.warned('host_not_taken', refusal)
    }
  }
}
