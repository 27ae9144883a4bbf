import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../node/client-request.ts'
import type { ClientResponse } from '../node/client-response.ts'
import { endConnectionAfter } from '../node/lingering-close.ts'
import { OutgoingFields } from '../node/outgoing-fields.ts'
import { resetConnection } from '../node/reset-connection.ts'
import { unsentBytes } from '../node/write-queue.ts'
import { clientAddress } from '../request/client-address.ts'
import { endRequest, type RequestRecord } from '../request/request-record.ts'
import type { Holding } from '../shares/client-memory.ts'
import { clientNetwork } from '../upstream/client-network.ts'
import { ClientPace } from '../upstream/client-pace.ts'
import type { PoolClient, PoolConnection } from '../upstream/pool-client.ts'
import { framingLine, hasContent, RequestBody } from '../upstream/request-body.ts'
import type { ResponseHead } from '../upstream/response/response-head.ts'
import type { BodyFraming } from '../upstream/response/response-parser.ts'
import type { UpstreamExchange } from '../upstream/upstream-exchange.ts'
import { failureAnswer, type UpstreamFailure } from '../upstream/upstream-failure.ts'
import type { UpstreamPool } from '../upstream/upstream-pool.ts'
import type { ExchangeContext, ExchangeUnderWay } from './exchange-context.ts'
import type { ExchangePlan } from './exchange-plan.ts'
import { findHostRefusal } from './host-refusal.ts'
import { sendError } from './local-reply.ts'
import { appendCors, relayedFields } from './relayed-fields.ts'
import { findSignatureMismatch } from './signature-mismatch.ts'

// RFC 9110 §10.1.1: a client should not wait indefinitely either; curl gives up after one second.
const continueMs = 1000
// One string, one write: pays for small objects, and larger ones come in several reads anyway.
const maxStringBodyBytes = 4096

/** One request on its way to the endpoint and its response on the way back. When either end dies, so does the other. */
export class Exchange implements UpstreamExchange, PoolClient, ExchangeUnderWay, Holding {
  listedAt = -1
  pace: ClientPace | undefined

  readonly #context: ExchangeContext
  readonly #request: ClientRequest
  readonly #response: ClientResponse
  readonly #plan: ExchangePlan
  readonly #record: RequestRecord
  #connection: PoolConnection | undefined
  #body: RequestBody | undefined
  /** Until it is relayed: it may have 64 KB, and a client may take hours. */
  #head: ResponseHead | undefined
  #statusCode = 0
  #framing: BodyFraming = 'none'
  #early = false
  #ended = false
  /** The client has not yet taken what was written; the connection's buffer must stay as it is. */
  #blocked = false
  #over = false
  #brokenOff = false
  #retried = false
  #continueTimer: NodeJS.Timeout | undefined
  #toldToContinue = false
  #sentAtMs = 0
  #lastActiveMs = 0
  #client: string | undefined

  constructor(
    context: ExchangeContext,
    request: ClientRequest,
    response: ClientResponse,
    plan: ExchangePlan,
    record: RequestRecord,
  ) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.#plan = plan
    this.#record = record
  }

  start(): void {
    const { request, expectsContinue, pool } = this.#plan
    this.#context.exchanges.add(this)
    this.#request.holder = this
    this.#response.once('close', () => this.#close())
    if (!hasContent(request)) {
      this.#acquire()
      return
    }
    this.#body = new RequestBody(this.#request, request, this.#record, () => {
      this.#sentAtMs = this.#context.now()
    })
    // The endpoint's word about the head comes before the content; but where others wait for connections, none is held
    // for a client that may never send any.
    if (expectsContinue && !pool.exhausted) {
      this.#acquire()
      return
    }
    if (expectsContinue) this.#tellToContinue()
    this.#body.await(() => this.#acquire())
  }

  onConnection(connection: PoolConnection): void {
    const { request, host, forwardedLines, expectsContinue } = this.#plan
    this.#connection = connection
    connection.begin(this, request.method)
    this.#lastActiveMs = this.#context.now()
    this.#record.upstreamStartedAtMs = this.#lastActiveMs
    const head = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${request.lines}${forwardedLines}${framingLine(request)}\r\n`
    if (this.#body === undefined) {
      connection.writeText(head)
      this.#sentAtMs = this.#lastActiveMs
      return
    }
    if (expectsContinue && !this.#toldToContinue) {
      connection.writeText(head)
      this.#continueTimer = setTimeout(() => this.#continue(), continueMs)
      return
    }
    // With the content that has come, in one write.
    connection.cork()
    connection.writeText(head)
    this.#body.start(connection)
    connection.uncork()
  }

  onUnavailable(failure: UpstreamFailure): void {
    this.#fail(failure)
  }

  onInformation(head: ResponseHead): void {
    if (head.statusCode === 100 && this.#continueTimer !== undefined) this.#continue()
    // Other interim responses are dropped: 103 would have to carry a CORS decision, and S3 sends none.
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    this.#head = head
    this.#statusCode = head.statusCode
    this.#framing = framing
    const now = this.#context.now()
    this.#record.upstreamFirstByteAtMs = now
    if (this.#connection !== undefined) this.#connection.activeMs = now
    if (this.#continueTimer !== undefined) clearTimeout(this.#continueTimer)
    this.#continueTimer = undefined
    this.#body?.releaseSent()
    if (this.#body !== undefined && !this.#body.done) {
      this.#early = true
      this.#body.stop()
    }
  }

  onBody(bytes: Buffer): void {
    const response = this.#response
    if (this.#record.responseBodyBytes === 0) {
      if (this.#statusCode >= 400) this.#warnOfRefusal(bytes)
      else if (this.#statusCode === 200) this.#plan.look?.(bytes)
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
    if (socket.writableLength > 0) {
      this.#blocked = true
      this.#connection?.pause()
    }
  }

  onRead(ended: boolean): void {
    const response = this.#response
    if (this.#head !== undefined && !response.headersSent) {
      this.#writeHead()
      if (!ended) response.flushHead()
    }
    if (!ended) return
    this.#ended = true
    // Else when the client has taken the rest: Node holds a connection whose response has ended for idle, and would cut a
    // slow reader off in a drain.
    if (!this.#blocked) this.#finish()
  }

  onFailure(failure: UpstreamFailure): void {
    const connection = this.#connection
    this.#connection = undefined
    const again = connection?.reused === true && !connection.answered && !this.#retried && this.repeatable
    if (!again || failure.reason === 'malformed') {
      this.#fail(failure)
      return
    }
    this.#retried = true
    this.#plan.pool.acquire(this, this.#plan.servername, true)
  }

  onDrain(): void {
    this.#lastActiveMs = this.#context.now()
    this.#body?.resume()
  }

  /** Looks at the clock for this exchange; called by the shared ticker. */
  tick(nowMs: number): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#lookAtPace(nowMs)
    if (this.#ended) return
    if (connection.active || this.#blocked) {
      connection.active = false
      this.#lastActiveMs = nowMs
    }
    const idle = nowMs - this.#lastActiveMs >= this.#plan.idleMs
    if (this.#statusCode > 0) {
      if (idle) this.#timeOut('the endpoint sent nothing more of its response')
    } else if (this.#sentAtMs > 0) {
      if (nowMs - this.#sentAtMs >= this.#plan.responseMs) this.#timeOut('no response head in time')
    } else if (this.#body?.blocked === true && idle) {
      this.#timeOut('the endpoint took nothing more of the request')
    }
  }

  /**
   * RFC 9110 §9.2.2: only what is safe, and has no content. DELETE is not, since it would add a second delete marker to a versioned
   * bucket.
   */
  get repeatable(): boolean {
    const { method } = this.#plan.request
    return this.#body === undefined && (method === 'GET' || method === 'HEAD')
  }

  /** The pool that it began with. */
  get pool(): UpstreamPool {
    return this.#plan.pool
  }

  /** Of the network that its client is in. */
  get client(): string {
    if (this.#client === undefined) {
      const { request, forwardedFor } = this.#plan
      const policy = { mode: 'append', trusted: forwardedFor.trusted } as const
      this.#client = clientNetwork(clientAddress(this.#record.peerAddress, request.forwardedFields, policy) ?? '')
    }
    return this.#client
  }

  get awaitsEndpoint(): boolean {
    return this.#statusCode === 0 && this.#body?.awaitsClient !== true
  }

  giveWay(): void {
    this.#fail({ reason: 'slow_client', detail: 'others waited for a connection, and this client moved least' })
  }

  /** Content of the request that waits for a connection, or for the endpoint to take it. */
  get heldBytes(): number {
    return (this.#body?.heldBytes ?? 0) + (this.#connection?.unsentBytes ?? 0)
  }

  /** The client is still owed an answer, or the rest of one. */
  get underWay(): boolean {
    return !this.#over && !this.#response.writableEnded
  }

  /** The client's socket was idle for its limit: if it is the client that is waited for, the exchange ends. */
  endForIdleClient(): void {
    if (this.#body?.awaitsClient !== true && !this.#blocked) return
    this.#record.clientAborted = true
    this.abort(s3Errors.requestTimeout)
  }

  /** The client has ended its side: a client that ends while an answer is owed has left. */
  onClientLeft(): void {
    if (!this.underWay) return
    this.#drop()
    this.#record.clientAborted = true
    if (this.#response.headersSent) this.#breakOff()
    else this.#request.socket.destroy()
  }

  /** A fault of our own, found while the endpoint's bytes were handled. */
  onFault(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#context.observer.warned('internal_error', { detail })
    this.abort(s3Errors.internalError)
  }

  /** Ends the exchange from our side: with `error` where no head was sent yet, else by breaking the connection off. */
  abort(error: S3Error): void {
    this.#drop()
    if (this.#response.headersSent) this.#breakOff()
    else this.#answer(error)
  }

  #acquire(): void {
    const { pool, servername } = this.#plan
    try {
      pool.acquire(this, servername, false)
    } catch (error) {
      this.onFault(error)
    }
  }

  #continue(): void {
    clearTimeout(this.#continueTimer)
    this.#continueTimer = undefined
    if (this.#connection === undefined || this.#body === undefined) return
    this.#tellToContinue()
    this.pace = ClientPace.ofFirstContent(this.#context.now())
    this.#body.start(this.#connection)
  }

  #tellToContinue(): void {
    this.#toldToContinue = true
    this.#response.writeContinue()
  }

  /** The client that is waited for counts as slow or not while others wait: the client that has to send, or to take, and no other. */
  #lookAtPace(nowMs: number): void {
    const record = this.#record
    const awaited = this.#blocked || this.#body?.awaitsClient === true
    const untaken = this.#blocked && this.#response.socket !== null ? unsentBytes(this.#response.socket) : 0
    const bytes = record.requestBodyBytes + record.responseBodyBytes - untaken
    if (this.pace === undefined) this.pace = new ClientPace(nowMs, bytes)
    else this.pace.advance(nowMs, bytes, awaited)
  }

  #writeHead(): void {
    const head = this.#head as ResponseHead
    const response = this.#response
    const fields = relayedFields(head, this.#plan.cors, this.#record)
    // Neither side knows the length: the end of the connection is the end of the content, as it came.
    const untilClose = this.#framing === 'close'
    if (this.#early || untilClose || this.#context.draining) {
      fields.closes = true
      endConnectionAfter(this.#context.closing, this.#request, this.#early)
    }
    this.#record.status = head.statusCode
    response.writeHead(head.statusCode, head.reason, fields, untilClose)
    this.#head = undefined
  }

  readonly #written = (): void => {
    if (!this.#blocked || (this.#response.socket?.writableLength ?? 0) > 0) return
    this.#blocked = false
    this.#lastActiveMs = this.#context.now()
    if (this.#ended) this.#finish()
    else this.#connection?.resume()
  }

  #finish(): void {
    if (!this.#response.writableEnded) this.#response.end()
    this.#release()
  }

  /** Tells of an error of the endpoint that the setting `upstream.host` may be the cause of. */
  #warnOfRefusal(content: Buffer): void {
    const { request, host, preservesHost } = this.#plan
    const status = this.#statusCode
    if (status === 403) {
      const mismatch = findSignatureMismatch(content, request, host)
      if (mismatch !== undefined) this.#context.observer.warned('signature_mismatch', mismatch)
    } else if (preservesHost && (status === 404 || status === 421)) {
      const { bucket, bucketNamed: isNamed } = this.#record
      const refusal = findHostRefusal(status, content, { host, bucket, isNamed })
      if (refusal !== undefined) this.#context.observer.warned('host_not_taken', refusal)
    }
  }

  #release(): void {
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    const sent = this.#body === undefined || this.#body.done
    if (sent && !this.#early && connection.flushed) this.#plan.pool.release(connection)
    else connection.destroy()
  }

  #timeOut(detail: string): void {
    this.#drop()
    this.#fail({ reason: 'timeout', detail })
  }

  #drop(): void {
    clearTimeout(this.#continueTimer)
    this.#continueTimer = undefined
    this.#body?.stop()
    this.#connection?.destroy()
    this.#connection = undefined
    this.#plan.pool.cancel(this)
  }

  #fail(failure: UpstreamFailure): void {
    if (this.#over) return
    this.#drop()
    this.#record.upstreamFailure = failure.reason
    this.#record.upstreamFailureDetail = failure.detail
    if (this.#response.headersSent) this.#breakOff()
    else this.#answer(failureAnswer(failure.reason))
  }

  #answer(error: S3Error): void {
    if (this.#response.destroyed) return
    const fields = new OutgoingFields()
    appendCors(fields, this.#plan.cors, undefined)
    sendError(this.#context, this.#request, this.#response, this.#record, error, fields)
  }

  /** Makes the client see that the response is incomplete: no final chunk, fewer bytes than announced, or a reset. */
  #breakOff(): void {
    this.#brokenOff = true
    const framed = this.#framing === 'length' || (this.#framing === 'chunked' && this.#request.httpVersionMinor === 1)
    if (framed) this.#response.destroy()
    else resetConnection(this.#request.socket)
  }

  #close(): void {
    this.#over = true
    this.#context.exchanges.delete(this)
    // Aborted by the client, unless it was us who broke off.
    if (!this.#response.writableFinished && !this.#brokenOff && this.#record.upstreamFailure === undefined)
      this.#record.clientAborted = true
    this.#drop()
    endRequest(this.#context, this.#record)
  }
}
