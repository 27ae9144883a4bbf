import type { ResponseHead } from '../response/response-head.ts'
import type { BodyFraming } from '../response/response-parser.ts'
import type { UpstreamExchange } from '../upstream-exchange.ts'
import type { Doubts } from './doubts.ts'
import type { PoolConnection } from './pool-client.ts'

/** The exchange that has sent its request on two connections. */
export interface DoubtingExchange extends UpstreamExchange {
  /** The connection that it doubted answers what was sent then: it is the exchange's again, and the other is not needed. */
  onDoubtedAnswer(connection: PoolConnection, sentAtMs: number): void
  /** The connection that it doubted is dead. */
  onDoubtedFailure(): void
}

/** A connection that may be lost, while its request is sent again on another. The first that answers is taken. */
export class DoubtedConnection implements UpstreamExchange {
  readonly #connection: PoolConnection
  readonly #exchange: DoubtingExchange
  readonly #doubts: Doubts
  readonly #sentAtMs: number
  readonly #now: () => number

  /** `doubts`: has been told that it begins. `sentAtMs`: when the request was sent on it, by the clock `now`. */
  constructor(
    connection: PoolConnection,
    exchange: DoubtingExchange,
    doubts: Doubts,
    sentAtMs: number,
    now: () => number,
  ) {
    this.#connection = connection
    this.#exchange = exchange
    this.#doubts = doubts
    this.#sentAtMs = sentAtMs
    this.#now = now
    connection.handOver(this)
  }

  /** There is no other: what comes on this one counts again. */
  trust(): PoolConnection {
    this.#doubts.onDropped()
    this.#connection.handOver(this.#exchange)
    return this.#connection
  }

  /** The other has answered. */
  lose(): PoolConnection {
    this.#doubts.onLost()
    this.#connection.destroy()
    return this.#connection
  }

  /** Neither is needed any more. */
  drop(): void {
    this.#doubts.onDropped()
    this.#connection.destroy()
  }

  onInformation(head: ResponseHead): void {
    this.#answer().onInformation(head)
  }

  onHead(head: ResponseHead, framing: BodyFraming): void {
    this.#answer().onHead(head, framing)
  }

  onBody(bytes: Buffer): void {
    this.#answer().onBody(bytes)
  }

  onRead(ended: boolean): void {
    this.#answer().onRead(ended)
  }

  onFailure(): void {
    this.#doubts.onDropped()
    this.#exchange.onDoubtedFailure()
  }

  onDrain(): void {
    // The head of a request without content has long left.
  }

  onFault(error: unknown): void {
    this.#exchange.onFault(error)
  }

  #answer(): UpstreamExchange {
    this.#doubts.onAnswered(this.#now() - this.#sentAtMs)
    this.#connection.handOver(this.#exchange)
    this.#exchange.onDoubtedAnswer(this.#connection, this.#sentAtMs)
    return this.#exchange
  }
}
