import { type S3Error, s3Errors } from '../../s3/errors/error-catalogue.ts'
import { endRequest, type RequestRecord, warnOfFault } from '../request/request-record.ts'
import type { Holding } from '../shares/client-memory.ts'
import type { ClientPace } from '../upstream/pool/client-pace.ts'
import { DoubtedConnection, type DoubtingExchange } from '../upstream/pool/doubted-connection.ts'
import type { PoolClient, PoolConnection } from '../upstream/pool/pool-client.ts'
import type { UpstreamPool } from '../upstream/pool/upstream-pool.ts'
import { Expectation } from '../upstream/request/expectation.ts'
import { type BodyListener, RequestBody } from '../upstream/request/request-body.ts'
import { hasContent } from '../upstream/request/request-framing.ts'
import type { ResponseHead } from '../upstream/response/response-head.ts'
import type { BodyFraming } from '../upstream/response/response-parser.ts'
import { failureAnswer, type UpstreamFailure } from '../upstream/upstream-failure.ts'
import { ExchangeClock } from './exchange-clock.ts'
import type { ExchangeContext, ExchangeUnderWay } from './exchange-context.ts'
import { type ExchangePlan, isRepeatable, networkOf, upstreamHead } from './exchange-plan.ts'
import { type RelayListener, ResponseRelay } from './response-relay.ts'

/** One request on its way to the endpoint and its response on the way back. When either end dies, so does the other. */
export class Exchange implements DoubtingExchange, PoolClient, BodyListener, RelayListener, ExchangeUnderWay, Holding {
  listedAt = -1

  readonly #context: ExchangeContext
  readonly #plan: ExchangePlan
  readonly #record: RequestRecord
  readonly #clock: ExchangeClock
  readonly #relay: ResponseRelay
  #connection: PoolConnection | undefined
  /** The request was sent on it before, too. */
  #doubted: DoubtedConnection | undefined
  #body: RequestBody | undefined
  #over = false
  #retried = false
  #network: string | undefined

  constructor(context: ExchangeContext, plan: ExchangePlan) {
    this.#context = context
    this.#plan = plan
    this.#record = plan.record
    this.#clock = new ExchangeClock(plan)
    this.#relay = new ResponseRelay(context, plan, this)
  }

  start(): void {
    const { clientRequest, clientResponse, request, record, expectsContinue, pool } = this.#plan
    this.#context.exchanges.add(this)
    clientRequest.holder = this
    clientResponse.once('close', () => this.#close())
    if (!hasContent(request)) {
      this.acquireConnection()
      return
    }
    const expectation = expectsContinue ? new Expectation(clientResponse) : undefined
    this.#body = new RequestBody(clientRequest, request, record, this, expectation)
    // The endpoint's word about the head comes before the content; but where others wait for connections, none is held
    // for a client that may never send any.
    if (expectsContinue && !pool.exhausted) this.acquireConnection()
    else this.#body.await()
  }

  acquireConnection(): void {
    const { pool, servername } = this.#plan
    try {
      pool.acquire(this, servername, false)
    } catch (error) {
      this.onFault(error)
    }
  }

  onConnection(connection: PoolConnection): void {
    const nowMs = this.#context.now()
    this.#connection = connection
    connection.begin(this, this.#plan.request.method)
    this.#clock.moved(nowMs)
    this.#record.upstreamStartedAtMs = nowMs
    if (!connection.reused) this.#record.upstreamHandshakeMs = connection.handshakeMs
    const head = upstreamHead(this.#plan)
    if (this.#body !== undefined) this.#body.sendAfter(head, connection)
    else {
      connection.writeText(head)
      this.#clock.sent(nowMs)
    }
  }

  onContentInvited(): void {
    this.#clock.invited(this.#context.now())
    if (this.#connection?.mayBeLost !== true) return
    // Content cannot be sent again.
    this.#connection.destroy()
    this.#connection = undefined
    this.#sendAgain()
  }

  onContentSent(): void {
    this.#clock.sent(this.#context.now())
  }

  fail(failure: UpstreamFailure): void {
    if (this.#over) return
    if (this.#doubted !== undefined && this.#connection === undefined) {
      // There is no other connection: what comes on this one counts again.
      this.#plan.pool.cancel(this)
      this.#connection = this.#doubted.trust()
      this.#doubted = undefined
      return
    }
    this.#drop()
    this.#record.upstreamFailure = failure.reason
    this.#record.upstreamFailureDetail = failure.detail
    this.#relay.fail(failureAnswer(failure.reason))
  }

  onInformation(head: ResponseHead): void {
    if (head.statusCode === 100) this.#body?.onContinue()
    // Other interim responses are dropped: 103 would have to carry a CORS decision, and S3 sends none.
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    const now = this.#context.now()
    this.#record.upstreamFirstByteAtMs = now
    if (this.#doubted !== undefined) this.#plan.pool.onLost(this.#doubted.lose())
    this.#doubted = undefined
    if (this.#connection !== undefined) this.#connection.activeMs = now
    this.#relay.takeHead(head, framing, this.#body?.onAnswered() === true)
  }

  onBody(bytes: Buffer): void {
    this.#relay.write(bytes)
    if (this.#relay.isBlocked) this.#connection?.pause()
  }

  onRead(ended: boolean): void {
    this.#relay.flush(ended)
    // Else when the client has taken the rest: Node holds a connection whose response has ended for idle, and would cut a
    // slow reader off in a drain.
    if (ended && !this.#relay.isBlocked) this.#finish()
  }

  onTaken(): void {
    this.#clock.moved(this.#context.now())
    if (this.#relay.isWhole) this.#finish()
    else this.#connection?.resume()
  }

  onFailure(failure: UpstreamFailure): void {
    const connection = this.#connection
    this.#connection = undefined
    const again = connection?.reused === true && !connection.answered && !this.#retried && this.repeatable
    if (!again || failure.reason === 'malformed') this.fail(failure)
    else this.#sendAgain()
  }

  onDoubtedAnswer(connection: PoolConnection, sentAtMs: number): void {
    this.#doubted = undefined
    this.#record.upstreamStartedAtMs = sentAtMs
    this.#connection?.destroy()
    this.#plan.pool.cancel(this)
    this.#connection = connection
  }

  onDoubtedFailure(): void {
    this.#doubted = undefined
  }

  onDrain(): void {
    this.#clock.moved(this.#context.now())
    this.#body?.resume()
  }

  /** Looks at the clock for this exchange; called by the shared ticker. */
  tick(nowMs: number): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { isBlocked, isWhole, statusCode, movedBytes } = this.#relay
    this.#clock.lookAtClient(nowMs, movedBytes, this.#awaitsClient)
    if (isWhole) return
    if (connection.active || isBlocked) {
      connection.active = false
      this.#clock.moved(nowMs)
    }
    const detail = this.#clock.passedLimit(nowMs, statusCode > 0, this.#body?.blocked === true)
    if (detail !== undefined) {
      if (connection.mayBeLost) this.#plan.pool.onLost(connection)
      this.fail({ reason: 'timeout', detail })
    } else if (connection.mayBeLost && !this.#retried && this.repeatable) this.#doubt(connection, nowMs)
  }

  get repeatable(): boolean {
    return isRepeatable(this.#plan, this.#body?.isHeldBack === true)
  }

  get pool(): UpstreamPool {
    return this.#plan.pool
  }

  get client(): string {
    this.#network ??= networkOf(this.#plan)
    return this.#network
  }

  get pace(): ClientPace | undefined {
    return this.#clock.pace
  }

  get awaitsEndpoint(): boolean {
    return this.#relay.statusCode === 0 && this.#body?.awaitsClient !== true
  }

  /** Content of the request that waits for a connection, or for the endpoint to take it. */
  get heldBytes(): number {
    return (this.#body?.heldBytes ?? 0) + (this.#connection?.unsentBytes ?? 0)
  }

  /** The client is still owed an answer, or the rest of one. */
  get underWay(): boolean {
    return !this.#over && !this.#relay.isEnded
  }

  /** The client's socket was idle for its limit: if it is the client that is waited for, the exchange ends. */
  endForIdleClient(): void {
    if (!this.#awaitsClient) return
    this.#record.clientAborted = true
    this.abort(s3Errors.requestTimeout)
  }

  /** The client has ended its side: a client that ends while an answer is owed has left. */
  onClientLeft(): void {
    if (!this.underWay) return
    this.#drop()
    this.#record.clientAborted = true
    this.#relay.abandon()
  }

  /** A fault of our own, found while the endpoint's bytes were handled. */
  onFault(error: unknown): void {
    warnOfFault(this.#context.observer, error)
    this.abort(s3Errors.internalError)
  }

  /** Ends the exchange from our side: with `error` where no head was sent yet, else by breaking the connection off. */
  abort(error: S3Error): void {
    this.#drop()
    this.#relay.fail(error)
  }

  /** The client has to send, or to take. */
  get #awaitsClient(): boolean {
    return this.#relay.isBlocked || this.#body?.awaitsClient === true
  }

  #sendAgain(): void {
    this.#retried = true
    this.#body?.wait()
    this.#plan.pool.acquire(this, this.#plan.servername, true)
  }

  /** Has the request sent again after a while; its connection may still answer, if there is room for both. */
  #doubt(connection: PoolConnection, nowMs: number): void {
    const { pool } = this.#plan
    const { sentAtMs } = this.#clock
    if (sentAtMs === 0 || !pool.doubts.begin(nowMs - sentAtMs)) return
    this.#connection = undefined
    this.#doubted = new DoubtedConnection(connection, this, pool.doubts, sentAtMs, this.#context.now)
    if (pool.exhausted) {
      this.#doubted.drop()
      this.#doubted = undefined
    }
    this.#sendAgain()
  }

  #finish(): void {
    this.#relay.end()
    const connection = this.#connection
    this.#connection = undefined
    const sent = this.#body === undefined || this.#body.done
    if (connection === undefined) return
    if (!sent) connection.destroy()
    else if (connection.flushed) this.#plan.pool.release(connection)
    else setImmediate(releaseFlushed, connection, this.#plan.pool)
  }

  #drop(): void {
    this.#body?.stop()
    this.#connection?.destroy()
    this.#connection = undefined
    this.#doubted?.drop()
    this.#doubted = undefined
    this.#plan.pool.cancel(this)
  }

  #close(): void {
    this.#over = true
    this.#context.exchanges.delete(this)
    // Aborted by the client, unless the proxy broke off.
    if (this.#relay.isCutShort && this.#record.upstreamFailure === undefined) this.#record.clientAborted = true
    this.#drop()
    endRequest(this.#context, this.#record)
  }
}

/** Over TLS Node says only in the next turn that a write has left: the answer to it may have come before. */
function releaseFlushed(connection: PoolConnection, pool: ExchangePlan['pool']): void {
  if (connection.flushed) pool.release(connection)
  else connection.destroy()
}
