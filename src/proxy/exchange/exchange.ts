import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import type { ClientRequest } from '../client/client-request.ts'
import type { ClientResponse } from '../client/client-response.ts'
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
import { Expectation } from './expectation.ts'
import { type RelayListener, ResponseRelay } from './response-relay.ts'

/** What can be sent again does not wait longer on a connection that may be lost. */
const lostMs = 3000

/** One request on its way to the endpoint and its response on the way back. When either end dies, so does the other. */
export class Exchange implements UpstreamExchange, PoolClient, ExchangeUnderWay, RelayListener, Holding {
  listedAt = -1
  pace: ClientPace | undefined

  readonly #context: ExchangeContext
  readonly #request: ClientRequest
  readonly #response: ClientResponse
  readonly #plan: ExchangePlan
  readonly #record: RequestRecord
  readonly #relay: ResponseRelay
  #connection: PoolConnection | undefined
  #body: RequestBody | undefined
  #expectation: Expectation | undefined
  #early = false
  #ended = false
  #over = false
  #retried = false
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
    this.#relay = new ResponseRelay(context, request, response, plan, record, this)
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
    if (expectsContinue) {
      this.#expectation = new Expectation(this.#response)
      if (!pool.exhausted) {
        this.#acquire()
        return
      }
      this.#expectation.meet()
    }
    this.#body.await(() => this.#acquire())
  }

  onConnection(connection: PoolConnection): void {
    const { request, host, forwardedLines } = this.#plan
    this.#connection = connection
    connection.begin(this, request.method)
    this.#lastActiveMs = this.#context.now()
    this.#record.upstreamStartedAtMs = this.#lastActiveMs
    if (!connection.reused) this.#record.upstreamHandshakeMs = connection.handshakeMs
    const head = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${host}\r\n${request.lines}${forwardedLines}${framingLine(request)}\r\n`
    if (this.#body === undefined) {
      connection.writeText(head)
      this.#sentAtMs = this.#lastActiveMs
      return
    }
    if (this.#expectation?.isMet === false) {
      connection.writeText(head)
      this.#expectation.leaveToEndpoint(() => this.#startContent())
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
    if (head.statusCode === 100) this.#expectation?.onContinue()
    // Other interim responses are dropped: 103 would have to carry a CORS decision, and S3 sends none.
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    const now = this.#context.now()
    this.#record.upstreamFirstByteAtMs = now
    if (this.#connection !== undefined) this.#connection.activeMs = now
    this.#expectation?.drop()
    this.#body?.releaseSent()
    if (this.#body !== undefined && !this.#body.done) {
      this.#early = true
      this.#body.stop()
    }
    this.#relay.takeHead(head, framing, this.#early)
  }

  onBody(bytes: Buffer): void {
    this.#relay.write(bytes)
    if (this.#relay.isBlocked) this.#connection?.pause()
  }

  onRead(ended: boolean): void {
    this.#relay.flush(ended)
    if (!ended) return
    this.#ended = true
    // Else when the client has taken the rest: Node holds a connection whose response has ended for idle, and would cut a
    // slow reader off in a drain.
    if (!this.#relay.isBlocked) this.#finish()
  }

  onTaken(): void {
    this.#lastActiveMs = this.#context.now()
    if (this.#ended) this.#finish()
    else this.#connection?.resume()
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
    if (connection.active || this.#relay.isBlocked) {
      connection.active = false
      this.#lastActiveMs = nowMs
    }
    const idle = nowMs - this.#lastActiveMs >= this.#plan.idleMs
    if (this.#relay.statusCode > 0) {
      if (idle) this.#timeOut('the endpoint sent nothing more of its response')
    } else if (this.#sentAtMs > 0) {
      const waitedMs = nowMs - this.#sentAtMs
      if (waitedMs >= this.#plan.responseMs) this.#timeOut('no response head in time')
      else if (waitedMs >= lostMs && !this.#retried && this.repeatable) connection.giveUpIfLost()
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
    return this.#relay.statusCode === 0 && this.#body?.awaitsClient !== true
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
    if (this.#body?.awaitsClient !== true && !this.#relay.isBlocked) return
    this.#record.clientAborted = true
    this.abort(s3Errors.requestTimeout)
  }

  /** The client has ended its side: a client that ends while an answer is owed has left. */
  onClientLeft(): void {
    if (!this.underWay) return
    this.#drop()
    this.#record.clientAborted = true
    if (this.#response.headersSent) this.#relay.breakOff()
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
    this.#relay.fail(error)
  }

  #acquire(): void {
    const { pool, servername } = this.#plan
    try {
      pool.acquire(this, servername, false)
    } catch (error) {
      this.onFault(error)
    }
  }

  #startContent(): void {
    if (this.#connection === undefined) return
    this.pace = ClientPace.ofFirstContent(this.#context.now())
    this.#body?.start(this.#connection)
  }

  /** The client that is waited for counts as slow or not while others wait: the client that has to send, or to take, and no other. */
  #lookAtPace(nowMs: number): void {
    const record = this.#record
    const awaited = this.#relay.isBlocked || this.#body?.awaitsClient === true
    const bytes = record.requestBodyBytes + record.responseBodyBytes - this.#relay.untakenBytes
    if (this.pace === undefined) this.pace = new ClientPace(nowMs, bytes)
    else this.pace.advance(nowMs, bytes, awaited)
  }

  #finish(): void {
    this.#relay.end()
    this.#release()
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
    this.#expectation?.drop()
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
    this.#relay.fail(failureAnswer(failure.reason))
  }

  #close(): void {
    this.#over = true
    this.#context.exchanges.delete(this)
    // Aborted by the client, unless it was us who broke off.
    if (!this.#response.writableFinished && !this.#relay.isBrokenOff && this.#record.upstreamFailure === undefined)
      this.#record.clientAborted = true
    this.#drop()
    endRequest(this.#context, this.#record)
  }
}
